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
import { smallArray } from '../../src/tensor/small.ts';
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
  const entered = enter(start, dialect, rounding);
  const { entering, span, carried, count } = entered;
  const { smallest, entryError } = smallestEntry(entered, start, rounding);
  const kappa = entryError === Infinity ? 1 : Math.tanh((span + 4 * count * entryError) / 4);
  const errors = errorsOf(entered, start, rounding, entryError === Infinity ? entered.division : entryError);
  const { last, free, lastMean } = walkSteps(entered, kappa, errors, undefined);
  return {
    last, free, lastMean, carried, entering, kappa, smallest, entryError,
    get divided() {
      const list: Divided[] = []; // long, and of no interest to most
      walkSteps(entered, kappa, errors, list);
      return list;
    },
  };
}

/** `smallest` and `entryError` of the marginals alone, at half of their cost. */
export function entryBounds(start: Start, dialect: SinkhornDialect, rounding: boolean): Pick<Marginals, 'smallest' | 'entryError'> {
  return smallestEntry(enter(start, dialect, rounding), start, rounding);
}

/** What the walk begins with. */
interface Entered {
  readonly n: number;
  readonly entering: Float64Array;
  readonly carried: readonly Divided[];
  readonly steps: readonly HalfStep[];
  /** Number of all half-steps, and of those carried out exactly. */
  readonly count: number;
  readonly exact: number;
  /** Logarithmic errors of the start's entries and of one division. */
  readonly own: number;
  readonly division: number;
  /** Cross ratios of a kernel's start. */
  readonly span: number;
}

function enter(start: Start, dialect: SinkhornDialect, rounding: boolean): Entered {
  const { n, local, steps } = start;
  const entering = smallArray(n * n);
  entering.set(start.matrix);
  const exact = steps[0]!.side === firstNormalised(dialect) ? 1 : 0;
  const carried = steps.slice(0, exact).map((step) => ({ step, sums: spreadOf(entering, n, step.side, 0) }));
  for (const { step } of carried) divideLines(entering, n, step);
  let own = 0;
  if (rounding) for (let i = 0; i < n * n; i++) own = Math.max(own, start.own[i]!);
  const division = rounding ? divisionEntryError(local) : 0;
  return { n, entering, carried, steps: steps.slice(exact), count: steps.length, exact, own, division, span: crossRatioSpan(start.logs, n) + 4 * own };
}

function errorsOf({ n, own, exact }: Entered, { local, line }: Start, rounding: boolean, entryError: number): StepErrors {
  if (!rounding) return { first: 0, step: 0, underflow: 0 };
  return { first: own + line + exact * (local.line + entryError), step: local.line + entryError, underflow: n * local.underflow };
}

/** The walk without the contraction gives the smallest entry, which decides whether underflow can spoil the cross ratios. */
function smallestEntry(entered: Entered, start: Start, rounding: boolean): Pick<Marginals, 'smallest' | 'entryError'> {
  const { n, span, division, count } = entered;
  const cautious = walkSteps(entered, 1, errorsOf(entered, start, rounding, division), undefined);
  const smallest = (Math.exp(-span) * cautious.smallest) / (n * n);
  const entryError = rounding ? division + (2 * start.local.underflow) / smallest : 0;
  // `smallest` may shrink by the drift of four entries; the factor 2 above allows for e^drift ≤ 2
  return 4 * count * entryError <= Math.LN2 ? { smallest: smallest / 2, entryError } : { smallest: 0, entryError: Infinity };
}

interface StepErrors {
  /** Logarithmic error of the entries at the beginning, and of each step's entries. */
  readonly first: number;
  readonly step: number;
  /** What underflow can take from or add to a line sum in one step. */
  readonly underflow: number;
}

/** Walks over the half-steps; `list` receives what each divides by. */
function walkSteps({ entering, steps, n }: Entered, kappa: number, errors: StepErrors, list: Divided[] | undefined): Pick<Marginals, 'last' | 'free' | 'lastMean' | 'smallest'> {
  const own = (2 * n + 12) * 2 ** -53; // this function's own roundings in one step
  const error = Math.exp(errors.step + own);
  const drift = 2 * (errors.step + own);
  const rows = spreadOf(entering, n, 'rows', errors.first + own);
  const columns = spreadOf(entering, n, 'columns', errors.first + own);
  const [divided, other] = steps[0]!.side === 'rows' ? [rows, columns] : [columns, rows];
  let { low, high, oscillation } = divided;
  let { low: otherLow, high: otherHigh, oscillation: otherOscillation } = other;
  let smallest = smallestOf(low, high, otherLow, otherHigh);
  let lastMean = Infinity;
  for (const step of steps) {
    list?.push({ step, sums: { low, high, oscillation } });
    lastMean = shareOf(step, otherHigh) * error;
    const lowAfter = Math.max(0, shareOf(step, low) / error - errors.underflow);
    const highAfter = shareOf(step, high) * error + errors.underflow;
    const lowOfOther = Math.max(0, otherLow / divisorOf(step, high) / error - errors.underflow);
    const highOfOther = (otherHigh / divisorOf(step, low)) * error + errors.underflow;
    const contracted = kappa * oscillation * (1 + own) + otherOscillation + drift;
    // the other side is divided next
    oscillation = contracted < Infinity ? Math.min(contracted, logRatio(highOfOther, lowOfOther)) : Infinity;
    low = Math.max(lowOfOther, lowAfter * Math.exp(-oscillation));
    high = Math.min(highOfOther, highAfter * Math.exp(oscillation));
    otherLow = lowAfter;
    otherHigh = highAfter;
    otherOscillation = logRatio(highAfter, lowAfter);
    smallest = Math.min(smallest, smallestOf(low, high, otherLow, otherHigh));
  }
  return { last: { low: otherLow, high: otherHigh, oscillation: otherOscillation }, free: { low, high, oscillation }, lastMean, smallest };
}

/** X_ij ≥ e^−Δ·X_il·X_kj/X_kl with X_il and X_kj the largest of their lines: the factor of e^−Δ/n². */
function smallestOf(low: number, high: number, otherLow: number, otherHigh: number): number {
  return (low * otherLow) / Math.min(high, otherHigh);
}

function logRatio(high: number, low: number): number {
  return low > 0 ? Math.log(high / low) : Infinity;
}

/** The line sums of one side of a matrix [n·n]. */
export function lineSums(matrix: Float64Array, n: number, side: 'rows' | 'columns', offset = 0): Float64Array {
  const sums = new Float64Array(n);
  const [lineStride, entryStride] = side === 'rows' ? [n, 1] : [1, n];
  for (let line = 0; line < n; line++) {
    let sum = 0;
    for (let e = 0, i = offset + line * lineStride; e < n; e++, i += entryStride) sum += matrix[i]!;
    sums[line] = sum;
  }
  return sums;
}

function spreadOf(matrix: Float64Array, n: number, side: 'rows' | 'columns', error: number): Spread {
  const sums = lineSums(matrix, n, side);
  let [least, most] = [Infinity, -Infinity];
  for (let line = 0; line < n; line++) {
    least = Math.min(least, sums[line]!);
    most = Math.max(most, sums[line]!);
  }
  const low = least < 2 ** -900 ? 0 : least * Math.exp(-error); // f64 itself loses digits below
  const high = most * Math.exp(error);
  return { low, high, oscillation: logRatio(high, low) };
}

/** One half-step in f64, in place. */
export function divideLines(matrix: Float64Array, n: number, step: HalfStep): void {
  const sums = lineSums(matrix, n, step.side);
  const [lineStride, entryStride] = step.side === 'rows' ? [n, 1] : [1, n];
  for (let line = 0; line < n; line++) {
    const divisor = divisorOf(step, sums[line]!);
    for (let e = 0, i = line * lineStride; e < n; e++, i += entryStride) matrix[i] = matrix[i]! / divisor;
  }
}
