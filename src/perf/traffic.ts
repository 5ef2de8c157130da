/** What a call must move and compute, whatever the kernel does besides: counted from shapes, so that it is the same on every machine. */
import { elementsOf, type OperationId, type Port, type Sizes } from '../operations/operation.ts';
import { halfSteps, type SinkhornDialect } from '../operations/sinkhorn/dialect.ts';
import type { ResolvedKernel } from '../targets/resolve.ts';
import { bytesPerElement } from '../tensor/dtype.ts';

/** Bytes of all inputs, read once, and of all outputs, written once. */
export function bytesMoved({ operation, dtypes }: Pick<ResolvedKernel, 'operation' | 'dtypes'>, sizes: Sizes): number {
  const bytes = (port: Port): number => elementsOf(port, sizes) * bytesPerElement[dtypes[port.name]!];
  return [...operation.inputs, ...operation.outputs].reduce((sum, port) => sum + bytes(port), 0);
}

/** Bytes that plumbline itself holds for one kernel's call: inputs as f64 and as stored, and outputs twice. */
export function bytesHeld({ operation, dtypes }: Pick<ResolvedKernel, 'operation' | 'dtypes'>, sizes: Sizes): number {
  const inputs = operation.inputs.reduce((sum, port) => sum + elementsOf(port, sizes) * (8 + bytesPerElement[dtypes[port.name]!]), 0);
  return inputs + operation.outputs.reduce((sum, port) => sum + 2 * elementsOf(port, sizes) * bytesPerElement[dtypes[port.name]!], 0);
}

/**
 * Additions, multiplications, divisions, comparisons and exponentials of the plain form, each as one; undefined for operations whose number depends on how they are done
 * (gradients: recompute or keep; log domain; early stop).
 *   sinkhorn, a token: start n² exponentials, and with a softmax n(n − 1) comparisons and additions each, n² subtractions and divisions; + ε n²; a half-step n lines of n − 1 additions, one for ε, n divisions
 *   stream-read, a channel: n products, n − 1 additions
 *   stream-write, a channel of a stream: n + 1 products, n additions
 */
export function operationCount({ operation, dialect }: Pick<ResolvedKernel, 'operation' | 'dialect'>, { tokens, streams: n, channels }: Sizes): number | undefined {
  const count: Partial<Record<OperationId, () => number | undefined>> = {
    sinkhorn: () => sinkhornCount(dialect, n),
    'stream-read': () => channels * (2 * n - 1),
    'stream-write': () => channels * n * (2 * n + 1),
  };
  const perToken = count[operation.id]?.();
  return perToken === undefined ? undefined : tokens * perToken;
}

function sinkhornCount(dialect: SinkhornDialect, n: number): number | undefined {
  if (dialect.domain === 'log' || dialect.stopBelow > 0 || dialect.start === 'absolute') return undefined;
  const stabilised = dialect.stabilisation === 'none' ? 0 : n * (n - 1) + n * n;
  const start = n * n + stabilised + (dialect.start === 'softmax' ? n * (n - 1) + n * n : 0) + (dialect.epsilonInStart ? n * n : 0);
  const line = n - 1 + (dialect.divisor === 'plain' ? 0 : 1) + n;
  return start + halfSteps(dialect).length * n * line;
}
