/**
 * What an entry of a kernel's result may be off by on its own, as a logarithm: X̂ = diag(r)·(A∘E)·diag(c) with |log E_ij| ≤ η_ij (MATHS.md §6.2).
 * A rounded line sum scales a whole line and vanishes into r or c, whatever T is; left are the start's entry, one division a half-step, and storing.
 */
import { entryBounds } from './marginals.ts';
import { outputRounding } from './output-rounding.ts';
import { logError, type Start } from './start.ts';
import { smallArray } from '../../src/tensor/small.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import type { ResolvedKernel } from '../../src/verify/property.ts';

/**
 * η of every entry of one token's result `output`, whose bounds are `errors`. Log-domain kernels carry rounding in every entry of every step: there η is the entry's whole bound.
 * Infinite where underflow may have taken the entry.
 */
export function entryErrors(kernel: ResolvedKernel<SinkhornDialect>, start: Start, output: Float64Array, errors: () => Float64Array): Float64Array {
  if (kernel.dialect.domain === 'log') return errors().map((error, i) => (Number.isNaN(output[i]!) ? 0 : logError(error / Math.max(Math.abs(output[i]!) - error, 0))));
  const { entryError, smallest } = entryBounds(start, kernel.dialect, true);
  const stored = outputRounding(kernel, 'residualMapping');
  const storing = logError(stored.relative + stored.absolute / smallest);
  const own = smallArray(start.own.length);
  for (let i = 0; i < own.length; i++) own[i] = start.own[i]! + start.steps.length * entryError + storing;
  return own;
}

/** log X̂ − log A, which is a_i + b_j up to η; the f64 rounding of each entry goes to `evaluation`. */
export function logRatios(start: Start, output: Float64Array): { readonly ratios: Float64Array; readonly evaluation: number } {
  let size = 0;
  const ratios = smallArray(output.length);
  for (let i = 0; i < ratios.length; i++) {
    ratios[i] = Math.log(output[i]!) - start.logs[i]!;
    size = Math.max(size, Math.abs(start.logs[i]!), Math.abs(ratios[i]!));
  }
  return { ratios, evaluation: 8 * size * 2 ** -53 };
}
