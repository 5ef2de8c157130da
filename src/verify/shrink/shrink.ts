/**
 * Makes a failing case small in few kernel calls. fast-check would shrink a tensor one element per call; here
 *   1. the batch is narrowed to the failing token, or to two, or to the shortest prefix that still fails (faults that only a batch shows);
 *   2. streams, channels and sublayers are left out around the failing element;
 *   3. numbers are simplified: first those that all tokens share, one candidate a call; then, because tokens are independent problems, hundreds of
 *      simpler candidates travel as the tokens of one call.
 * Every accepted step was seen to fail by itself. Of a kernel that fails now and then a candidate is tried several times before it counts as holding, which loses steps, never truth.
 */
import type { Recipe } from '../../generate/recipe.ts';
import { recipeSizes } from '../../generate/recipe.ts';
import { coordinatesOf, lengthOf } from '../../operations/dims.ts';
import type { Sizes } from '../../operations/operation.ts';
import { TargetUnusable } from '../../targets/outcome.ts';
import type { KernelCaller } from '../call.ts';
import { examine, type Examination } from '../examine.ts';
import type { Property, ResolvedKernel } from '../property.ts';
import { complexity, literalRecipe, problemsOf, select, sharedOf, type Problem } from './literal.ts';
import { simplifications, simplifyingSteps } from './simplify.ts';

export interface Shrunk {
  readonly recipe: Recipe;
  readonly examination: Examination;
  /** Kernel calls made. */
  readonly kernelCalls: number;
  /** Why it went no further, where it was stopped before its calls were spent. */
  readonly stopped: string | undefined;
}

/**
 * Shrinks a failing recipe within a budget of kernel calls. `tries` is how often a candidate must hold to be given up. `onStep` hears of every accepted step. `stopped` gives a reason once it is to end; a target that can
 * no longer be used ends it too: what was found is not lost.
 */
export async function shrink(
  property: Property,
  kernel: ResolvedKernel,
  recipe: Recipe,
  examination: Examination,
  caller: KernelCaller,
  budget: number,
  onStep: (kernelCalls: number, problems: number) => void = () => undefined,
  stopped: () => string | undefined = () => undefined,
  tries = 1,
): Promise<Shrunk> {
  const shrinker = new Shrinker(property, kernel, recipe, examination, caller, budget, onStep, stopped, tries);
  try {
    await shrinker.narrowTokens();
    if (recipeSizes(shrinker.recipe).tokens > 0) {
      await shrinker.narrowSizes();
      await shrinker.simplifyNumbers();
    }
  } catch (error) {
    if (!(error instanceof TargetUnusable)) throw error;
    shrinker.reason = error.message;
  }
  return { recipe: shrinker.recipe, examination: shrinker.examination, kernelCalls: caller.calls - shrinker.firstCall, stopped: shrinker.reason };
}

class Shrinker {
  readonly firstCall: number;
  private callsOfCheck: number;
  recipe: Recipe;
  examination: Examination;
  /** Why it was stopped. */
  reason: string | undefined;
  private readonly property: Property;
  private readonly kernel: ResolvedKernel;
  private readonly caller: KernelCaller;
  private readonly budget: number;
  private readonly onStep: (kernelCalls: number, problems: number) => void;
  private readonly stopped: () => string | undefined;
  private readonly tries: number;

  constructor(
    property: Property, kernel: ResolvedKernel, recipe: Recipe, examination: Examination, caller: KernelCaller, budget: number,
    onStep: (kernelCalls: number, problems: number) => void, stopped: () => string | undefined, tries: number,
  ) {
    this.property = property;
    this.kernel = kernel;
    this.recipe = recipe;
    this.examination = examination;
    this.caller = caller;
    this.budget = budget;
    this.onStep = onStep;
    this.stopped = stopped;
    this.tries = tries;
    this.firstCall = caller.calls;
    this.callsOfCheck = examination.calls;
  }

  /** Calls that may still be made, if another check takes as many as the most expensive one so far. */
  private get left(): number {
    this.reason ??= this.stopped();
    if (this.reason !== undefined) return 0;
    return this.budget - (this.caller.calls - this.firstCall) - (this.callsOfCheck - 1);
  }

  /** The first of so many tries that fails, else the last. */
  private async check(recipe: Recipe): Promise<Examination> {
    for (let left = this.tries; ; left--) {
      const examination = await examine(this.property, this.kernel, recipe, this.caller);
      this.callsOfCheck = Math.max(this.callsOfCheck, examination.calls);
      if (!examination.held || left <= 1 || this.left <= 0) return examination;
    }
  }

  /** Takes the recipe if it fails in the same way. */
  private async accepts(recipe: Recipe): Promise<boolean> {
    if (this.left <= 0) return false;
    const examination = await this.check(recipe);
    if (examination.held || examination.outcome !== this.examination.outcome) return false;
    this.recipe = recipe;
    this.examination = examination;
    this.onStep(this.caller.calls - this.firstCall, recipeSizes(recipe).tokens);
    return true;
  }

  /** Looks at a recipe without taking it. */
  private async look(recipe: Recipe): Promise<Examination | undefined> {
    return this.left > 0 ? this.check(recipe) : undefined;
  }

  async narrowTokens(): Promise<void> {
    const tokens = this.recipe.tokens ?? Array.from({ length: this.recipe.sizes.tokens }, (_, i) => i);
    if (tokens.length <= 1) return;
    const keep = (kept: readonly number[]): Promise<boolean> => this.accepts({ ...this.recipe, tokens: [...kept] });
    const place = this.examination.judgement?.worst?.token ?? 0;
    const worst = tokens[place] ?? tokens[0]!;
    if (await keep([worst])) return;
    if (place !== 0 && (await keep([tokens[0]!]))) return;
    const neighbours = [[tokens[place - 1], worst], [worst, tokens[place + 1]], [tokens[0], worst], [tokens[0], tokens[1]]];
    for (const pair of neighbours) {
      if (pair.every((token) => token !== undefined) && (await keep(pair))) return;
    }
    // the shortest failing prefix: by doubling, then by bisection between the last that held and the first that failed
    let holds = 2;
    let fails = tokens.length;
    for (let length = 3; length < tokens.length; length = length * 2 - 1) {
      if (await keep(tokens.slice(0, length))) {
        fails = length;
        break;
      }
      holds = length;
    }
    while (fails - holds > 1 && this.left > 0) {
      const middle = Math.floor((holds + fails) / 2);
      if (await keep(tokens.slice(0, middle))) fails = middle;
      else holds = middle;
    }
  }

  async narrowSizes(): Promise<void> {
    const { operation } = this.kernel;
    for (const dim of ['depth', 'channels', 'streams'] as const) {
      if (!operation.dims.includes(dim)) continue;
      for (const kept of this.choices(dim)) {
        const sizes = this.examination.case.sizes;
        if (kept.length >= sizes[dim] || (dim === 'streams' && !this.kernel.streams.includes(kept.length))) continue;
        const { inputs } = this.examination.case;
        const smaller: Sizes = { ...sizes, [dim]: kept.length };
        const selected = (problem: Problem): Problem => select(operation, problem, sizes, dim, kept);
        const recipe = literalRecipe(this.recipe, operation, problemsOf(operation, inputs, sizes).map(selected), selected(sharedOf(operation, inputs)), smaller);
        if (await this.accepts(recipe)) break;
      }
    }
  }

  /** Index sets to keep of a dimension, smallest first, with the failing element in them where it is known. */
  private choices(dim: 'streams' | 'channels' | 'depth'): number[][] {
    const sizes = this.examination.case.sizes;
    const size = sizes[dim];
    const at = this.coordinates(dim);
    const range = (length: number, from = 0): number[] => Array.from({ length }, (_, i) => from + i);
    if (dim === 'channels') return [[at[0] ?? 0], [0], range(2), range(3), range(4), range(5), range(8), range(9), range(Math.ceil(size / 2))].filter((kept) => kept.every((k) => k < size));
    if (dim === 'depth') return [range(1), range(1, size - 1), range(2), range(2, size - 2), range(3), range(Math.ceil(size / 2))].filter((kept) => kept.every((k) => k >= 0 && k < size));
    const near = [...new Set([...at, 0, 1, 2])].filter((k) => k < size);
    return [[near[0]!], ...near.slice(1).map((k) => [near[0]!, k].sort((a, b) => a - b)), near.slice(0, 3).sort((a, b) => a - b), range(Math.ceil(size / 2)), range(size - 1)];
  }

  /** Coordinates of the failing element along a dimension. */
  private coordinates(dim: 'streams' | 'channels' | 'depth'): number[] {
    const worst = this.examination.judgement?.worst;
    const port = this.kernel.operation.outputs.find(({ name }) => name === worst?.output);
    if (worst === undefined || port === undefined || worst.index < 0) return [];
    const { sizes } = this.examination.case;
    let rest = worst.index;
    const found: number[] = [];
    for (const name of [...port.dims].reverse()) {
      const size = lengthOf(name, sizes);
      found.unshift(...coordinatesOf(name, sizes, dim, rest % size));
      rest = Math.floor(rest / size);
    }
    return found;
  }

  async simplifyNumbers(): Promise<void> {
    const { operation } = this.kernel;
    await this.simplifyShared(Math.floor(this.left / 2));
    const { sizes, inputs } = this.examination.case;
    const problems = problemsOf(operation, inputs, sizes);
    if (problems.length === 1) await this.simplifyOne(problems[0]!, sizes);
    else await this.simplifyBatch(problems, sizes);
    await this.simplifyShared(0);
  }

  /** Simpler parameters; every candidate costs a call, of which `kept` are left for others. */
  private async simplifyShared(kept: number): Promise<void> {
    const { operation } = this.kernel;
    for (const step of simplifyingSteps(sharedOf(operation, this.examination.case.inputs))) {
      const { sizes, inputs } = this.examination.case;
      const shared = sharedOf(operation, inputs);
      const candidate = step(shared);
      if (!(complexity(candidate) < complexity(shared))) continue;
      if (this.left <= kept) return;
      await this.accepts(literalRecipe(this.recipe, operation, problemsOf(operation, inputs, sizes), candidate, sizes));
    }
  }

  /** Rounds of packed candidates; the simplest that failed is tried alone and taken. */
  private async simplifyOne(start: Problem, sizes: Sizes): Promise<void> {
    let current = start;
    const refused = new Set<string>();
    while (this.left > 1) {
      const candidates = simplifications(current).filter((candidate) => complexity(candidate) < complexity(current) && !refused.has(JSON.stringify(candidate)));
      if (candidates.length === 0) return;
      const packed = await this.look(this.literal(candidates, sizes));
      const margins = packed?.judgement?.margins;
      // without margins (the kernel threw on the batch) the boldest candidates are tried one by one
      const failing = margins === undefined ? candidates.slice(0, 4) : candidates.filter((_, token) => !(margins[token]! <= 1));
      failing.sort((a, b) => complexity(a) - complexity(b));
      let taken = false;
      for (const candidate of failing.slice(0, 4)) {
        taken = await this.accepts(this.literal([candidate], sizes));
        if (taken) {
          current = candidate;
          break;
        }
        refused.add(JSON.stringify(candidate));
      }
      if (!taken) return;
    }
  }

  /** A fault that needs several tokens: whole-batch simplifications, one call each, then the numbers of each token in turn. */
  private async simplifyBatch(start: readonly Problem[], sizes: Sizes): Promise<void> {
    let current = start;
    const attempt = async (problems: readonly Problem[]): Promise<boolean> => {
      const simpler = problems.reduce((sum, problem) => sum + complexity(problem), 0) < current.reduce((sum, problem) => sum + complexity(problem), 0);
      if (!simpler || !(await this.accepts(this.literal(problems, sizes)))) return false;
      current = problems;
      return true;
    };
    for (let round = 0; round < 3; round++) {
      let changed = false;
      for (let token = 0; token < Math.min(current.length, 4); token++) {
        for (const candidate of simplifications(current[token]!).slice(0, 12)) {
          if (this.left <= 0) return;
          if (await attempt(current.with(token, candidate))) {
            changed = true;
            break;
          }
        }
      }
      if (!changed) return;
    }
  }

  private literal(problems: readonly Problem[], sizes: Sizes): Recipe {
    const { operation } = this.kernel;
    return literalRecipe(this.recipe, operation, problems, sharedOf(operation, this.examination.case.inputs), { ...sizes, tokens: problems.length });
  }
}
