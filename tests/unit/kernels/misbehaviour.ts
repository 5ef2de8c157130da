/** Says how a kernel leaves what it declares, on the recipes that every run starts with; undefined when it does not. */
import { expand } from '../../../src/generate/expand.ts';
import { streamFamilies } from '../../../src/generate/families/streams.ts';
import { firstRecipes } from '../../../src/generate/first-recipes.ts';
import { operations } from '../../../src/operations/index.ts';
import { elementsOf, elementsPerToken, isClaimed, isShared, type OperationId, type Port, type Sizes, type Values } from '../../../src/operations/operation.ts';
import { affordable } from '../../../properties/robustness/every-operation.ts';
import type { KernelDeclaration } from '../../../src/targets/kernel.ts';
import { resolveKernel, type ResolvedKernel } from '../../../src/targets/resolve.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import { cloneTensor, valuesOf, type Tensor } from '../../../src/tensor/tensor.ts';
import { KernelCaller } from '../../../src/verify/call.ts';
import { OutcomeError } from '../../../src/targets/outcome.ts';

type Outputs = Readonly<Record<string, Tensor>>;

/** The first way in which the kernel breaks its declaration: an outcome, an error above its bound, or a broken promise. */
export async function misbehaviour(id: OperationId, declaration: KernelDeclaration, limits: { readonly recipes: number }): Promise<string | undefined> {
  const operation = operations[id];
  const kernel = resolveKernel(operation, declaration, id);
  const plan = affordable(id, { maxElements: 2 ** 14, streams: Object.keys(streamFamilies) });
  try {
    for (const recipe of firstRecipes(operation, plan, 7).slice(0, limits.recipes)) {
      const generated = expand(recipe, operation, plan);
      const inputs = Object.fromEntries(Object.entries(generated).map(([name, values]) => [name, values.map(roundTo[kernel.dtypes[name]!])]));
      const zeros = mapPorts(kernel, (port) => new Float64Array(inputs[port.name]!.length));
      const mirrored = mapPorts(kernel, (port) => (isShared(port) ? inputs[port.name]!.map((value) => -value) : inputs[port.name]!));
      const broken =
        (await aboveBound(kernel, declaration, inputs, recipe.sizes)) ??
        (await promiseBroken(kernel, declaration, inputs, recipe.sizes)) ??
        (await aboveBound(kernel, declaration, mirrored, recipe.sizes)) ??
        (await aboveBound(kernel, declaration, zeros, recipe.sizes)) ??
        (await overwritten(kernel, declaration, inputs, zeros, recipe.sizes));
      if (broken !== undefined) return `${broken} (n = ${recipe.sizes.streams}, ${recipe.sizes.tokens} tokens)`;
    }
    const empty = { tokens: 0, streams: 4, channels: 3, depth: 2 };
    const nothing = await call(kernel, declaration, Object.fromEntries(operation.inputs.map((port) => [port.name, new Float64Array(elementsOf(port, empty))])), empty);
    return operation.outputs.some(({ name }) => valuesOf(nothing[name]!).some((value) => value !== 0)) ? 'a sum over no tokens that is not zero' : undefined;
  } catch (error) {
    if (error instanceof OutcomeError) return error.outcome;
    throw error;
  }
}

/** Copies of what a call returns: some kernels keep their buffers. */
async function call(kernel: ResolvedKernel, declaration: KernelDeclaration, inputs: Values, sizes: Sizes): Promise<Outputs> {
  const outputs = await new KernelCaller(kernel, declaration.run, 50).call(inputs, sizes);
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, cloneTensor(value)]));
}

/** The same bits, but any NaN for any NaN: which of them an operation gives is the engine's choice (ECMA-262, NumericToRawBytes), and changes when it compiles a function again. */
function sameNumbers(a: Tensor, b: Tensor): boolean {
  const [left, right] = [valuesOf(a), valuesOf(b)];
  return left.length === right.length && left.every((value, at) => Object.is(value, right[at]));
}

async function aboveBound(kernel: ResolvedKernel, declaration: KernelDeclaration, inputs: Values, sizes: Sizes): Promise<string | undefined> {
  const outputs = await call(kernel, declaration, inputs, sizes);
  const bounded = kernel.operation.bounded(inputs, sizes, kernel.dialect, kernel.arithmetic, kernel.dtypes);
  const { values, errors } = bounded;
  for (const port of kernel.operation.outputs) {
    const measured = valuesOf(outputs[port.name]!);
    const per = elementsPerToken(port, sizes);
    for (let at = 0; at < measured.length; at++) {
      if (!isClaimed(bounded, port, isShared(port) ? 0 : Math.floor(at / per), at)) continue;
      const error = Math.abs(measured[at]! - values[port.name]![at]!);
      if (!(error <= errors[port.name]![at]!)) return `${port.name}[${at}] is ${measured[at]}, not ${values[port.name]![at]}: error ${error}, bound ${errors[port.name]![at]}`;
    }
  }
  return undefined;
}

/** Whether what a call returned changes when the kernel is called again. */
async function overwritten(kernel: ResolvedKernel, declaration: KernelDeclaration, inputs: Values, others: Values, sizes: Sizes): Promise<string | undefined> {
  const caller = new KernelCaller(kernel, declaration.run, 50);
  const held = await caller.call(inputs, sizes);
  const before = Object.values(held).map(cloneTensor);
  await caller.call(others, sizes);
  return Object.values(held).every((value, k) => sameNumbers(value, before[k]!)) ? undefined : 'an output changes with the next call';
}

/** Same bits again, shared gradients included; and for what belongs to tokens without the last token, beside a poisoned token, for single tokens alone, and at other places of the batch. */
async function promiseBroken(kernel: ResolvedKernel, declaration: KernelDeclaration, inputs: Values, sizes: Sizes): Promise<string | undefined> {
  const { tokens } = sizes;
  const first = await call(kernel, declaration, inputs, sizes);
  const sameBits = async (given: Values, count: number, of: (token: number) => number, compared: number): Promise<boolean> => {
    const outputs = await call(kernel, declaration, given, { ...sizes, tokens: count });
    return kernel.operation.outputs.filter((port) => count === tokens && given === inputs ? true : !isShared(port)).every((port) => {
      if (isShared(port)) return sameNumbers(outputs[port.name]!, first[port.name]!);
      const per = elementsPerToken(port, sizes);
      const token = (t: Tensor, at: number): Tensor => ({ ...t, data: t.data.slice(at * per, (at + 1) * per) });
      for (let at = 0; at < compared; at++) if (!sameNumbers(token(outputs[port.name]!, at), token(first[port.name]!, of(at)))) return false;
      return true;
    });
  };
  const picked = (count: number, of: (token: number) => number): Values =>
    mapPorts(kernel, (port) => {
      if (isShared(port)) return inputs[port.name]!;
      const per = elementsPerToken(port, sizes);
      return Float64Array.from({ length: count * per }, (_, at) => inputs[port.name]![of(Math.floor(at / per)) * per + (at % per)]!);
    });
  const same = (token: number): number => token;
  const back = (token: number): number => tokens - 1 - token;
  if (!(await sameBits(inputs, tokens, same, tokens))) return 'other bits on a second call';
  if (!(await sameBits(picked(tokens, back), tokens, back, tokens))) return 'other bits at other places of the batch';
  if (tokens < 2) return undefined;
  if (!(await sameBits(picked(tokens - 1, same), tokens - 1, same, tokens - 1))) return 'other bits without the last token';
  const poisoned = mapPorts(kernel, (port) => (isShared(port) ? inputs[port.name]! : inputs[port.name]!.slice().fill(NaN, (tokens - 1) * elementsPerToken(port, sizes))));
  if (!(await sameBits(poisoned, tokens, same, tokens - 1))) return 'other bits beside a poisoned token';
  for (let token = 0; token < Math.min(tokens, 8); token++) {
    if (!(await sameBits(picked(1, () => token), 1, () => token, 1))) return 'other bits for a token alone';
  }
  return undefined;
}

function mapPorts(kernel: ResolvedKernel, values: (port: Port) => Float64Array): Values {
  return Object.fromEntries(kernel.operation.inputs.map((port) => [port.name, values(port)]));
}
