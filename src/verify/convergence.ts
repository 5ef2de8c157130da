/** How the sums of a mapping approach 1 with the iterations, on the inputs of a counterexample: a kernel that stops early or late lies on another point of the curve. */
import type { Tensor } from '../tensor/tensor.ts';
import { valuesOf } from '../tensor/tensor.ts';
import type { Examination } from './examine.ts';
import type { ResolvedKernel } from './property.ts';

/** Largest |sum of a line − 1| over the tokens of a case. */
export interface SumsOff {
  readonly rows: number;
  readonly columns: number;
}

export interface Convergence {
  /** Of the f64 reference of the declared dialect, after 1, 2, … iterations. */
  readonly reference: readonly SumsOff[];
  /** Of what the kernel returned; absent where that was no tensor of the right size. */
  readonly kernel?: SumsOff | undefined;
}

/** Iterations that are followed; more of them are an unusual dialect, and the curve has ended long before. */
const mostIterations = 100;

/** Undefined for other operations than `sinkhorn`, and for dialects without iterations. */
export function convergenceOf({ operation, dialect }: ResolvedKernel, { case: { inputs, sizes }, outputs }: Examination): Convergence | undefined {
  const { iterations } = dialect as { iterations?: unknown };
  if (operation.id !== 'sinkhorn' || typeof iterations !== 'number' || !(iterations >= 1)) return undefined;
  const counts = Array.from({ length: Math.min(iterations, mostIterations) }, (_, k) => k + 1);
  const off = (values: Float64Array): SumsOff => sumsOff(values, sizes.streams);
  const returned = outputs['residualMapping'];
  return {
    reference: counts.map((count) => off(operation.reference(inputs, sizes, { ...(dialect as object), iterations: count } as never)['residualMapping']!)),
    kernel: returned === undefined || !fits(returned, sizes.tokens * sizes.streams ** 2) ? undefined : off(valuesOf(returned)),
  };
}

function fits({ data }: Tensor, length: number): boolean {
  return data.length === length;
}

/** NaN where an entry is. */
function sumsOff(values: Float64Array, n: number): SumsOff {
  let [rows, columns] = [0, 0];
  for (let start = 0; start < values.length; start += n * n) {
    for (let i = 0; i < n; i++) {
      let [row, column] = [-1, -1];
      for (let k = 0; k < n; k++) {
        row += values[start + i * n + k]!;
        column += values[start + k * n + i]!;
      }
      rows = Math.max(rows, Math.abs(row));
      columns = Math.max(columns, Math.abs(column));
    }
  }
  return { rows, columns };
}
