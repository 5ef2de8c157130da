/** Some tokens of a recorded call. A token's outputs do not depend on the others, so that a batch of any size is judged in parts, and a failing token alone. */
import { isShared, shapeOf, type Operation, type Port, type Sizes, type Values } from '../../operations/operation.ts';
import { valuesOf, type Tensor } from '../../tensor/tensor.ts';
import { largestTensor } from '../../generate/sizes.ts';
import type { RecordedCase } from '../../targets/dump/dump.ts';

/** Consecutive tokens of a recorded call, without those whose inputs are not finite. */
export interface Part {
  readonly sizes: Sizes;
  /** All ports, in the shapes of the operation. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly inputs: Values;
  /** For each token, which it was in the recorded call. */
  readonly tokens: readonly number[];
}

/** Ranges of tokens in which no tensor has more than `maxElements`, where that can be; all tokens where they share outputs. */
export function rangesOf(operation: Operation, sizes: Sizes, maxElements: number): (readonly [from: number, to: number])[] {
  if (operation.outputs.some(isShared)) return [[0, sizes.tokens]];
  const perToken = largestTensor(operation, { ...sizes, tokens: 1 });
  const step = Math.max(1, Math.floor(maxElements / Math.max(1, perToken)));
  return Array.from({ length: Math.ceil(sizes.tokens / step) }, (_, k) => [k * step, Math.min((k + 1) * step, sizes.tokens)] as const);
}

/** The tokens from `from` to `to` of a case. Throws `bad-file`. */
export function partOf(recorded: RecordedCase, operation: Operation, from: number, to: number): Part {
  const { sizes } = recorded;
  const range = Array.from({ length: to - from }, (_, k) => from + k);
  const whole = pick(operation, recorded.load(), sizes, range);
  const values = Object.fromEntries(operation.inputs.map(({ name }) => [name, valuesOf(whole[name]!)]));
  const inside = { ...sizes, tokens: to - from };
  const finite = range.map((_, token) => token).filter((token) => operation.inputs.every((port) => isFinitePart(port, values[port.name]!, inside, token)));
  if (finite.length === range.length) return { sizes: inside, tensors: whole, inputs: values, tokens: range };
  // outputs that all tokens share are sums over those that are not finite, too
  const kept = operation.outputs.some(isShared) ? [] : finite;
  const tensors = pick(operation, whole, inside, kept);
  return { sizes: { ...sizes, tokens: kept.length }, tensors, inputs: inputsOf(operation, tensors), tokens: kept.map((token) => from + token) };
}

/** One token of a part by itself; undefined where outputs are of all tokens together. */
export function tokenOf(part: Part, operation: Operation, token: number): Part | undefined {
  if (operation.outputs.some(isShared)) return undefined;
  const tensors = pick(operation, part.tensors, part.sizes, [token]);
  return { sizes: { ...part.sizes, tokens: 1 }, tensors, inputs: inputsOf(operation, tensors), tokens: [part.tokens[token]!] };
}

function inputsOf(operation: Operation, tensors: Readonly<Record<string, Tensor>>): Values {
  return Object.fromEntries(operation.inputs.map(({ name }) => [name, valuesOf(tensors[name]!)]));
}

/** The tensors of some tokens; consecutive ones share memory with the whole. */
function pick(operation: Operation, tensors: Readonly<Record<string, Tensor>>, sizes: Sizes, tokens: readonly number[]): Record<string, Tensor> {
  const picked = { ...sizes, tokens: tokens.length };
  return Object.fromEntries([...operation.inputs, ...operation.outputs].map((port) => {
    const { dtype, data } = tensors[port.name]!;
    if (isShared(port)) return [port.name, { dtype, shape: shapeOf(port, picked), data }];
    const per = sizes.tokens === 0 ? 0 : data.length / sizes.tokens;
    const consecutive = tokens.every((token, k) => token === tokens[0]! + k);
    if (consecutive) return [port.name, { dtype, shape: shapeOf(port, picked), data: data.subarray((tokens[0] ?? 0) * per, ((tokens[0] ?? 0) + tokens.length) * per) }];
    const own = data.slice(0, tokens.length * per);
    for (const [k, token] of tokens.entries()) own.set(data.subarray(token * per, (token + 1) * per), k * per);
    return [port.name, { dtype, shape: shapeOf(port, picked), data: own }];
  }));
}

function isFinitePart(port: Port, values: Float64Array, sizes: Sizes, token: number): boolean {
  if (isShared(port)) return values.every(Number.isFinite);
  const per = values.length / sizes.tokens;
  for (let i = token * per; i < (token + 1) * per; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
