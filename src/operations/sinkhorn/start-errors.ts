/**
 * What enters the loop, and how far a kernel's can be from it: the errors that matrices[0] of a trajectory starts with.
 *
 * exp(L/τ − m): the quotients' error, that of the subtraction (in expSlope) and of the exponential. |L/τ| + ε: the quotient's error weighs as |L/τ| does, that
 * of the constant as ε does, and one addition.
 */
import type { SinkhornDialect } from './dialect.ts';
import { firstNormalised } from './dialect.ts';
import { exponentials } from './reference.ts';
import type { LocalErrors } from './rounding.ts';
import { isScaleFree } from './steps.ts';

/** The first matrix of a trajectory [n·n], and what goes with it. */
export interface Start {
  readonly matrix: Float64Array;
  /** Logarithmic error of each entry. */
  readonly own: Float64Array;
  /** What underflow can leave in each entry. */
  readonly absolute: Float64Array;
  /** The matrix in the kernel's own scale, which is not shifted when the dialect does not shift. */
  readonly scale: Float64Array;
  /** What the reference subtracts from each line of the first side [n]. */
  readonly shifts: Float64Array;
}

export function emptyStart(n: number): Start {
  const matrix = (): Float64Array => new Float64Array(n * n);
  return { matrix: matrix(), own: matrix(), absolute: matrix(), scale: matrix(), shifts: new Float64Array(n) };
}

/** Fills the start for the matrix of logits at `offset`. False when an entry reaches `limit` in the kernel's scale. */
export function computeStart(
  start: Start, logits: Float64Array, offset: number, n: number, dialect: SinkhornDialect, local: LocalErrors, epsilonError: number, limit: number,
): boolean {
  const { temperature } = dialect;
  const { matrix, own, absolute, scale, shifts } = start;
  const size = n * n;
  for (let i = 0; i < size; i++) own[i] = logits[offset + i]!;
  exponentials(dialect, own, matrix, 0, n, shifts);
  let common = dialect.stabilisation === 'matrix-max' ? -Infinity : 0;
  if (dialect.stabilisation === 'matrix-max') for (let i = 0; i < size; i++) common = Math.max(common, own[i]! / temperature);
  const alongRows = firstNormalised(dialect) === 'rows';
  const quotient = temperature === 1 ? 0 : local.quotient;
  let holds = true;
  for (let i = 0; i < size; i++) {
    const scaled = own[i]! / temperature;
    if (dialect.start === 'absolute') {
      const entry = matrix[i]!;
      const inherited = entry === 0 ? 0 : (quotient * Math.abs(scaled) + epsilonError * (entry - Math.abs(scaled))) / entry;
      own[i] = inherited + (dialect.epsilonInStart ? local.addition : 0);
      scale[i] = Math.max(entry, 2 ** -1000);
      absolute[i] = local.underflow;
    } else {
      const shift = shifts[alongRows ? (i / n) | 0 : i % n]!;
      // the reference shifts each line where it may; a kernel that shifts by less underflows and overflows elsewhere
      const kernelShift = dialect.stabilisation === 'line-max' ? shift : common;
      const argument = quotient * (Math.abs(scaled) + Math.abs(kernelShift)) * (1 + 2 ** -10);
      // in the log domain the logits themselves start, and nothing is exponentiated yet
      own[i] = dialect.domain === 'log' ? quotient * Math.abs(scaled) : argument + local.expConstant + local.expSlope * Math.abs(scaled - kernelShift);
      scale[i] = kernelShift === shift ? matrix[i]! : Math.exp(scaled - kernelShift);
      absolute[i] = kernelShift === shift ? local.underflow : local.underflow * Math.exp(kernelShift - shift);
    }
    holds &&= scale[i]! < limit;
  }
  return holds;
}

/**
 * Logits that are off by d make the exponential off by e^(d/τ). The kernel subtracts a maximum that is off as well, by at most the largest d of its line or
 * matrix; that factor is common to a line that is normalised next, so it only counts where the dialect is not scale-free. The argument of the
 * exponential moves by 2d/τ at most. 1 + 2⁻⁹ covers what the disturbed logarithms of the log domain add to their own rounding: below 2(T + 1)·8u·d.
 * |L/τ| + ε is off by d/τ absolutely; nothing is claimed where that could be half of |L/τ|, so it also keeps its sign. False when nothing can be claimed.
 */
export function disturbStart(
  { matrix, own, absolute, scale }: Start,
  logits: Float64Array,
  logitErrors: Float64Array,
  n: number,
  dialect: SinkhornDialect,
  local: LocalErrors,
  limit: number,
): boolean {
  const { temperature } = dialect;
  const offs = logitErrors.map((error) => error / temperature);
  let holds = true;
  if (dialect.start === 'absolute') {
    offs.forEach((off, i) => {
      if (off === 0) return;
      if (off < Math.abs(logits[i]! / temperature) / 2) own[i] = own[i]! - Math.log1p(-off / matrix[i]!) * (1 + 2 ** -9);
      else holds = false;
    });
    return holds;
  }
  const largest = Math.max(...offs);
  const shift = dialect.stabilisation === 'none' || isScaleFree(dialect) ? 0 : largest;
  const growth = Math.exp(2 * largest);
  for (let i = 0; i < n * n; i++) {
    own[i] = own[i]! + (offs[i]! + shift) * (1 + 2 ** -9) + 2 * largest * local.expSlope;
    absolute[i] = absolute[i]! * growth;
    holds &&= scale[i]! * growth < limit;
  }
  return holds;
}
