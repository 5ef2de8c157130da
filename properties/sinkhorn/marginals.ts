/**
 * What the line sums of a Sinkhorn iterate can be, from the logits alone (MATHS.md S2, S3, §6.6; Birkhoff–Hopf, Franklin–Lorenz 1989).
 *
 * A half-step divides the lines of one side, with sums s_l, by D(s_l) (s + ε, max(s, ε) or s; log D has a slope in [0, 1] in log s). With φ(s) = s/D(s):
 *   that side's sums become φ(s_l) ≤ 1;
 *   a sum o of the other side becomes o times a mean of 1/D(s), hence lies in [o_min/D(s_max), o_max/D(s_min)], and
 *   osc(log o′) ≤ κ·osc(log s) + osc(log o), κ = tanh(Δ/4) from the cross ratios of the matrix, which no half-step changes;
 *   both sides add up to the same total, so o′ is at most, and at least, a factor e^osc away from the mean of φ(s).
 * A kernel's iterate obeys the same with each division off by exp(±g): one line sum, one division (`rounding`).
 */
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { divisorOf } from '../../src/operations/sinkhorn/steps.ts';
import { crossRatioSpan, divisionEntryError, type HalfStep, type Start } from './start.ts';

/** Bounds of the line sums of one side, and of the oscillation of their logarithms. */
export interface Spread {
  readonly low: number;
  readonly high: number;
  readonly oscillation: number;
}

/** One half-step and the line sums that it finds. */
export interface Divided {
  readonly step: HalfStep;
  readonly sums: Spread;
}

export interface Marginals {
  readonly last: Spread;
  readonly free: Spread;
  /** Bound of the mean of the last side's sums, sharper than `last.high` where ε is in the divisor (φ is concave). */
  readonly lastMean: number;
  /** What each half-step divides by, in order. The first of a dialect that starts with exp is carried out exactly and stands in `carried`. */
  readonly carried: readonly Divided[];
  readonly divided: readonly Divided[];
  /** The matrix after the half-steps that were carried out exactly, before those of `divided`. */
  readonly entering: Float64Array;
  readonly kappa: number;
  /** No entry of any iterate is below this; 0 when that cannot be said. */
  readonly smallest: number;
  /** Bound of the logarithmic error that each half-step gives an entry, with underflow; 0 without rounding. */
  readonly entryError: number;
}

/** φ(s) = s/D(s), what a sum becomes; at most 1. */
export function shareOf(step: HalfStep, sum: number): number {
  return step.epsilon === 0 || sum === Infinity ? 1 : sum / divisorOf(step, sum);
}

/** Encloses the line sums of the exact iterates, or with `rounding` those of any kernel of the start's arithmetic (linear domain). */
export function marginals(start: Start, dialect: SinkhornDialect, rounding: boolean): Marginals {
  const { n, local } = start;
  const entering = start.matrix.slice();
  const exact = start.steps[0]!.side === firstNormalised(dialect) ? 1 : 0;
  const carried = start.steps.slice(0, exact).map((step) => ({ step, sums: spreadOf(entering, n, step.side, 0) }));
  for (const { step } of carried) divideLines(entering, n, step);
  const division = rounding ? divisionEntryError(local) : 0;
  const own = rounding ? Math.max(...start.own) : 0;
  const span = crossRatioSpan(start.logs, n) + 4 * own;
  const count = start.steps.length;
  const walk = (kappa: number, entryError: number): ReturnType<typeof walkSteps> =>
    walkSteps(entering, start.steps.slice(exact), n, kappa, {
      first: rounding ? own + start.line + exact * (local.line + entryError) : 0,
      step: rounding ? local.line + entryError : 0,
      underflow: rounding ? n * local.underflow : 0,
    });
  // without the contraction first: it gives the smallest entry, which decides whether underflow can spoil the cross ratios
  const cautious = walk(1, division);
  const smallest = (Math.exp(-span) * cautious.smallest) / (n * n);
  const entryError = rounding ? division + (2 * local.underflow) / smallest : 0;
  // `smallest` may shrink by the drift of four entries; the factor 2 above allows for e^drift ≤ 2
  if (!(4 * count * entryError <= Math.LN2)) return { ...cautious, carried, entering, kappa: 1, smallest: 0, entryError: Infinity };
  const kappa = Math.tanh((span + 4 * count * entryError) / 4);
  return { ...walk(kappa, entryError), carried, entering, kappa, smallest: smallest / 2, entryError };
}

interface StepErrors {
  /** Logarithmic error of the entries at the beginning, and of each step's entries. */
  readonly first: number;
  readonly step: number;
  /** What underflow can take from or add to a line sum in one step. */
  readonly underflow: number;
}

function walkSteps(
  matrix: Float64Array, steps: readonly HalfStep[], n: number, kappa: number, errors: StepErrors,
): Pick<Marginals, 'last' | 'free' | 'lastMean' | 'divided' | 'smallest'> {
  const own = (2 * n + 12) * 2 ** -53; // this function's own roundings in one step
  const rows = spreadOf(matrix, n, 'rows', errors.first + own);
  const columns = spreadOf(matrix, n, 'columns', errors.first + own);
  let [divided, other] = steps[0]!.side === 'rows' ? [rows, columns] : [columns, rows];
  const list: Divided[] = [];
  let smallest = smallestOf(divided, other);
  let lastMean = Infinity;
  for (const step of steps) {
    list.push({ step, sums: divided });
    const error = Math.exp(errors.step + own);
    lastMean = shareOf(step, other.high) * error;
    const low = Math.max(0, shareOf(step, divided.low) / error - errors.underflow);
    const high = shareOf(step, divided.high) * error + errors.underflow;
    const after = { low, high, oscillation: logRatio(high, low) };
    let otherLow = Math.max(0, other.low / divisorOf(step, divided.high) / error - errors.underflow);
    let otherHigh = (other.high / divisorOf(step, divided.low)) * error + errors.underflow;
    const contracted = kappa * divided.oscillation * (1 + own) + other.oscillation + 2 * (errors.step + own);
    const oscillation = contracted < Infinity ? Math.min(contracted, logRatio(otherHigh, otherLow)) : Infinity;
    otherLow = Math.max(otherLow, after.low * Math.exp(-oscillation));
    otherHigh = Math.min(otherHigh, after.high * Math.exp(oscillation));
    [divided, other] = [{ low: otherLow, high: otherHigh, oscillation }, after];
    smallest = Math.min(smallest, smallestOf(divided, other));
  }
  return { last: other, free: divided, lastMean, divided: list, smallest };
}

/** X_ij ≥ e^−Δ·X_il·X_kj/X_kl with X_il and X_kj the largest of their lines: the factor of e^−Δ/n². */
function smallestOf(a: Spread, b: Spread): number {
  return (a.low * b.low) / Math.min(a.high, b.high);
}

function logRatio(high: number, low: number): number {
  return low > 0 ? Math.log(high / low) : Infinity;
}

/** The line sums of one side of a matrix [n·n]. */
export function lineSums(matrix: Float64Array, n: number, side: 'rows' | 'columns', offset = 0): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i < n * n; i++) {
    const line = side === 'rows' ? Math.floor(i / n) : i % n;
    sums[line] = sums[line]! + matrix[offset + i]!;
  }
  return sums;
}

function spreadOf(matrix: Float64Array, n: number, side: 'rows' | 'columns', error: number): Spread {
  const sums = lineSums(matrix, n, side);
  const least = Math.min(...sums);
  const low = least < 2 ** -900 ? 0 : least * Math.exp(-error); // f64 itself loses digits below
  const high = Math.max(...sums) * Math.exp(error);
  return { low, high, oscillation: logRatio(high, low) };
}

/** One half-step in f64, in place. */
export function divideLines(matrix: Float64Array, n: number, step: HalfStep): void {
  const sums = lineSums(matrix, n, step.side);
  for (let i = 0; i < n * n; i++) matrix[i] = matrix[i]! / divisorOf(step, sums[step.side === 'rows' ? Math.floor(i / n) : i % n]!);
}
