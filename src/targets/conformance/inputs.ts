/** Inputs with which a worker is tried: random numbers for its kernels, and such as come back unchanged. */
import { Random } from '../../generate/random.ts';
import { elementsOf, shapeOf, type Sizes } from '../../operations/operation.ts';
import { bytesPerElement } from '../../tensor/dtype.ts';
import { tensor, type Tensor } from '../../tensor/tensor.ts';
import type { ResolvedKernel } from '../resolve.ts';

type Inputs = Readonly<Record<string, Tensor>>;

/** Sizes that a kernel supports. */
export function sizesFor({ operation, streams }: ResolvedKernel, tokens: number): Sizes {
  const has = (size: keyof Sizes): boolean => operation.dims.includes(size);
  return { tokens, streams: streams.includes(4) ? 4 : streams[0]!, channels: has('channels') ? 5 : 1, depth: has('depth') ? 2 : 1 };
}

/** Tokens with which the inputs have about this many bytes. */
export function tokensFor(kernel: ResolvedKernel, bytes: number): number {
  const sizes = sizesFor(kernel, 1);
  const perToken = kernel.operation.inputs.reduce((sum, port) => sum + elementsOf(port, sizes) * bytesPerElement[kernel.dtypes[port.name]!], 0);
  return Math.ceil(bytes / perToken);
}

/** Numbers of ordinary size for every input. */
export function randomInputs({ operation, dtypes }: ResolvedKernel, sizes: Sizes, seed: number): Inputs {
  const random = new Random(seed, 0);
  return Object.fromEntries(operation.inputs.map((port) => [port.name, tensor(Array.from({ length: elementsOf(port, sizes) }, () => random.normal()), shapeOf(port, sizes), dtypes[port.name])]));
}

/** A kernel, its inputs, and the output that has to have the very bits of one of them. */
export interface Echo {
  readonly sizes: Sizes;
  readonly inputs: Inputs;
  readonly output: string;
  readonly expected: Tensor;
}

/**
 * Every normal 16-bit pattern through a kernel that mixes streams, with mappings that hand the streams through (1·s₀ + 0·s₁ is s₀ for finite s ≠ 0 in any arithmetic;
 * subnormals may be flushed). Undefined for kernels that cannot hand anything through.
 */
export function echoOf({ operation, dtypes, streams }: ResolvedKernel): Echo | undefined {
  const output = { 'stream-read': 'layerInput', 'stream-write': 'nextStreams' }[operation.id as string];
  const dtype = dtypes['streams'];
  if (output === undefined || dtype !== dtypes[output] || (dtype !== 'bf16' && dtype !== 'f16')) return undefined;
  const exponent = dtype === 'bf16' ? 0x7f80 : 0x7c00;
  const patterns = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).filter((bits) => (bits & exponent) !== exponent && (bits & exponent) !== 0);
  const n = streams.includes(1) ? 1 : streams[0]!;
  const sizes: Sizes = { tokens: 1, streams: n, channels: patterns.length, depth: 1 };
  const all = new Uint16Array(n * patterns.length);
  for (let i = 0; i < n; i++) all.set(patterns, i * patterns.length);
  const identity = Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0));
  const first = Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0));
  const zeros = (length: number): number[] => Array.from({ length }, () => 0);
  const values: Record<string, number[]> = { preMapping: first, residualMapping: identity, postMapping: zeros(n), layerOutput: zeros(patterns.length) };
  const inputs = Object.fromEntries(
    operation.inputs.map((port) => {
      const shape = shapeOf(port, sizes);
      return [port.name, port.name === 'streams' ? { dtype, shape, data: all } : tensor(values[port.name]!, shape, dtypes[port.name])] as const;
    }),
  );
  return { sizes, inputs, output, expected: { dtype, shape: [], data: output === 'layerInput' ? patterns : all } };
}
