/**
 * What matters for a failure, beyond the smallest case: which inputs could hold anything and it would still fail, from which size on it fails, and which output leaves its bound first.
 * "Free" is what was tried: every one of several replacements still failed. "Needed" is a proof: with one of them it held. Replacements travel as tokens of one call where a case is one problem;
 * an unchanged copy travels with them, and where that does not fail the answers say nothing.
 */
import { Random } from '../generate/random.ts';
import { firstRecipes } from '../generate/arbitrary.ts';
import { recipeSizes, type Recipe } from '../generate/recipe.ts';
import { isClaimed, isShared, elementsPerToken } from '../operations/operation.ts';
import { OutcomeError } from '../targets/outcome.ts';
import { decodeOutputs, type Caller } from './call.ts';
import { examine, type Examination } from './examine.ts';
import type { Property, ResolvedKernel } from './property.ts';
import { literalRecipe, problemsOf, sharedOf, type Problem } from './shrink/literal.ts';

/** Kernel calls that finding out may take. */
const mostCalls = 30;
/** Elements that are replaced one by one. */
const mostElements = 64;
const replacements = 4;

export interface Matters {
  /** Inputs that it still fails with whatever was put in their place. */
  readonly free: readonly string[];
  /** Inputs of which some replacement cures it. */
  readonly needed: readonly string[];
  /** Of needed inputs, the elements that are needed by themselves; absent where single elements were not tried. */
  readonly elements?: readonly { readonly input: string; readonly needed: readonly number[]; readonly of: number }[] | undefined;
  /** The smallest size that failed, and smaller ones that held. */
  readonly sizes: readonly { readonly size: 'streams' | 'depth'; readonly smallest: number; readonly held: readonly number[] }[];
  /** The first output that leaves its bound, of several, and those before it that do not. */
  readonly first?: { readonly output: string; readonly after: readonly string[] } | undefined;
  readonly kernelCalls: number;
}

/** Finds out within a budget of calls. Never throws for what the kernel does. */
export async function whatMatters(property: Property, kernel: ResolvedKernel, recipe: Recipe, examination: Examination, caller: Caller, stopped: () => boolean): Promise<Matters> {
  const before = caller.calls;
  const left = (): number => (stopped() ? 0 : mostCalls - (caller.calls - before) - (examination.calls - 1));
  const first = await firstOff(kernel, examination, caller);
  const inputs = anyInputs(property) ? await replaced(property, kernel, recipe, examination, caller, left) : { free: [], needed: [] };
  const sizes = await smallest(property, kernel, recipe, caller, left);
  return { ...inputs, sizes, ...(first === undefined ? {} : { first }), kernelCalls: caller.calls - before };
}

/** Whether the claim is made about any input, so that a replacement cannot leave what it is about. */
function anyInputs({ recorded, inputs }: Property): boolean {
  return recorded ?? [inputs.logits, inputs.mappings, inputs.streams, inputs.cotangents, inputs.parameters].every((families) => families === undefined);
}

interface Variant {
  readonly input: string;
  /** −1 for the whole input. */
  readonly element: number;
  readonly problem: Problem;
}

async function replaced(property: Property, kernel: ResolvedKernel, recipe: Recipe, { case: { inputs, sizes } }: Examination, caller: Caller, left: () => number): Promise<Pick<Matters, 'free' | 'needed' | 'elements'>> {
  const { operation } = kernel;
  const [problem, ...others] = problemsOf(operation, inputs, sizes);
  if (problem === undefined || others.length > 0 || left() <= 0) return { free: [], needed: [] };
  const random = new Random(recipe.seed, 0x6d617474);
  const shared = sharedOf(operation, inputs);
  const names = operation.inputs.filter((port) => !isShared(port)).map(({ name }) => name);
  const small = names.reduce((sum, name) => sum + problem[name]!.length, 0) <= mostElements;
  const variants: Variant[] = names.flatMap((input) => {
    const values = problem[input]!;
    const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    const other = (element: number): Variant => ({ input, element, problem: { ...problem, [input]: values.map((value, k) => (element < 0 || k === element ? size * random.normal() : value)) } });
    const places = [-1, ...(small ? values.map((_, k) => k) : [])];
    return places.flatMap((element) => Array.from({ length: replacements }, () => other(element)));
  });
  const packed = await examine(property, kernel, literalRecipe(recipe, operation, [problem, ...variants.map((variant) => variant.problem)], shared, { ...sizes, tokens: variants.length + 1 }), caller);
  const margins = packed.judgement?.margins;
  if (margins === undefined || margins[0]! <= 1 || margins.length !== variants.length + 1) return { free: [], needed: [] };
  const fails = (input: string, element: number): boolean => variants.every((variant, k) => variant.input !== input || variant.element !== element || !(margins[k + 1]! <= 1));
  const free = names.filter((input) => fails(input, -1));
  const needed = names.filter((input) => !free.includes(input));
  for (const port of operation.inputs.filter(isShared)) {
    if (left() < replacements) break;
    (await failsWithout(port.name) ? free : needed).push(port.name);
  }
  const elements = small ? needed.filter((input) => names.includes(input)).map((input) => ({ input, needed: problem[input]!.flatMap((_, k) => (fails(input, k) ? [] : [k])), of: problem[input]!.length })) : undefined;
  return { free, needed, ...(elements === undefined ? {} : { elements }) };

  /** What all tokens share costs a call for each replacement. */
  async function failsWithout(input: string): Promise<boolean> {
    const size = shared[input]!.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    for (let k = 0; k < replacements; k++) {
      const other = { ...shared, [input]: shared[input]!.map(() => size * random.normal()) };
      if ((await examine(property, kernel, literalRecipe(recipe, operation, [problem!], other, sizes), caller)).held) return false;
    }
    return true;
  }
}

/** The property's own first cases at every smaller size, from the smallest on. */
async function smallest(property: Property, kernel: ResolvedKernel, recipe: Recipe, caller: Caller, left: () => number): Promise<Matters['sizes']> {
  const { operation } = kernel;
  const found = recipeSizes(recipe);
  const sizes: Matters['sizes'][number][] = [];
  for (const size of ['streams', 'depth'] as const) {
    if (!operation.dims.includes(size)) continue;
    const listed = size === 'streams' ? property.inputs.streamCounts : property.inputs.depths;
    const candidates = (size === 'streams' ? kernel.streams : [1, 2, 3, 4]).filter((n) => n < found[size] && (listed?.includes(n) ?? true)).toSorted((a, b) => a - b);
    const held: number[] = [];
    let failing = found[size];
    for (const n of candidates) {
      if (left() < 2) break;
      const plan = { ...property.inputs, ...(size === 'streams' ? { streamCounts: [n] } : { depths: [n] }) };
      const recipes = firstRecipes(operation, plan, recipe.seed, { streams: size === 'streams' ? [n] : kernel.streams }).filter(({ sizes: own }) => own[size] === n).slice(0, 2);
      const failed = await someFails(property, kernel, recipes, caller);
      if (failed === undefined) continue;
      if (failed) {
        failing = n;
        break;
      }
      held.push(n);
    }
    sizes.push({ size, smallest: failing, held });
  }
  return sizes;
}

/** Undefined where the property has nothing to say there. */
async function someFails(property: Property, kernel: ResolvedKernel, recipes: readonly Recipe[], caller: Caller): Promise<boolean | undefined> {
  let judged = 0;
  for (const recipe of recipes) {
    const examination = await examine(property, kernel, recipe, caller);
    if (!examination.held) return true;
    judged += examination.judged;
  }
  return judged > 0 ? false : undefined;
}

/** Outputs are in the order in which an operation computes them. */
async function firstOff(kernel: ResolvedKernel, { case: { inputs, sizes } }: Examination, caller: Caller): Promise<Matters['first']> {
  const { operation, dialect, arithmetic, dtypes } = kernel;
  if (operation.outputs.length < 2) return undefined;
  try {
    caller.begin();
    const outputs = decodeOutputs(await caller.call(inputs, sizes));
    const bounds = operation.bounded(inputs, sizes, dialect, arithmetic, dtypes);
    const off = operation.outputs.findIndex((port) => {
      const per = isShared(port) ? Infinity : elementsPerToken(port, sizes);
      const [expected, errors] = [bounds.values[port.name]!, bounds.errors[port.name]!];
      return outputs[port.name]!.some((value, k) => isClaimed(bounds, port, Math.floor(k / per), k) && !(Math.abs(value - expected[k]!) <= errors[k]!));
    });
    return off < 0 ? undefined : { output: operation.outputs[off]!.name, after: operation.outputs.slice(0, off).map(({ name }) => name) };
  } catch (error) {
    if (error instanceof OutcomeError) return undefined;
    throw error;
  }
}
