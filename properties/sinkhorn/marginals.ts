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
import { PowerBound } from './power-bound.ts';
import { divisionEntryError, type HalfStep, type Start } from './start.ts';

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
export function shareOf(step: HalfStep, sum: number, inverse = 1 / divisorOf(step, sum)): number {
  return step.epsilon === 0 || sum === Infinity ? 1 : sum * inverse;
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

/**
 * Whether no kernel of the start's arithmetic comes near its largest or its smallest numbers: its exponentials and their sums stay below the one, its entries above the other, so
 * every divisor is a positive number and what the walk says of the sums needs no further condition. `smallest` is from `marginals` with rounding.
 */
export function keepsFromLimits(start: Start, smallest: number): boolean {
  return start.inRange && smallest > 0;
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
  /** Line sums of the matrix that enters, as computed: of the side that is divided first, and of the other. */
  readonly divided: Range;
  readonly other: Range;
  /** Logarithmic errors of the start's entries and of one division. */
  readonly own: number;
  readonly division: number;
  /** Cross ratios of a kernel's start. */
  readonly span: number;
}

const nothingCarried: readonly Divided[] = [];

function enter(start: Start, dialect: SinkhornDialect, rounding: boolean): Entered {
  const { n, local, steps } = start;
  const first = steps[0]!;
  const carriedOut = first.side === firstNormalised(dialect);
  let entering = start.matrix;
  let carried = nothingCarried;
  if (carriedOut) {
    carried = [{ step: first, sums: spreadOf(rangeOf(entering, n, first.side)) }];
    entering = smallArray(n * n);
    entering.set(start.matrix);
    divideLines(entering, n, first);
  }
  let own = 0;
  if (rounding) for (let i = 0; i < n * n; i++) own = Math.max(own, start.own[i]!);
  const division = rounding ? divisionEntryError(local) : 0;
  const exact = carriedOut ? 1 : 0;
  const next = steps[exact]!.side; // what is normalised last is never first
  return {
    n, entering, carried, count: steps.length, exact, own, division,
    steps: exact === 0 ? steps : steps.slice(exact),
    divided: rangeOf(entering, n, next),
    other: rangeOf(entering, n, next === 'rows' ? 'columns' : 'rows'),
    span: start.span + 4 * own,
  };
}

function errorsOf({ n, own, exact }: Entered, { local, line }: Start, rounding: boolean, entryError: number): StepErrors {
  if (!rounding) return { first: 0, step: 0, underflow: 0 };
  return { first: own + line + exact * (local.line + entryError), step: local.line + entryError, underflow: n * local.underflow };
}

/** The walk without the contraction gives the smallest entry, which decides whether underflow can spoil the cross ratios. */
function smallestEntry(entered: Entered, start: Start, rounding: boolean): Pick<Marginals, 'smallest' | 'entryError'> {
  const { n, span, division, count } = entered;
  const smallest = (Math.exp(-span) * walkWithoutContraction(entered, errorsOf(entered, start, rounding, division))) / (n * n);
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

/** The roundings of these functions themselves in one step, as a logarithm. */
function roundingOf(n: number): number {
  return (2 * n + 12) * 2 ** -53;
}

/** The least `smallestOf` on the way where nothing is known of oscillations: what the walk below knows at κ = 1. */
function walkWithoutContraction({ divided, other, steps, n }: Entered, { first, step: stepError, underflow }: StepErrors): number {
  const own = roundingOf(n);
  const error = Math.exp(stepError + own);
  const less = 1 / error;
  const entered = Math.exp(first + own);
  let low = lowest(divided, entered); // one by one: pairs of numbers in an array cost an allocation each, and this runs forty times for every matrix
  let high = divided.high * entered;
  let otherLow = lowest(other, entered);
  let otherHigh = other.high * entered;
  let smallest = smallestOf(low, high, otherLow, otherHigh);
  for (const step of steps) {
    const most = 1 / divisorOf(step, low);
    const least = 1 / divisorOf(step, high);
    const lowAfter = Math.max(0, shareOf(step, low, most) * less - underflow);
    const highAfter = shareOf(step, high, least) * error + underflow;
    low = Math.max(0, otherLow * least * less - underflow);
    high = otherHigh * most * error + underflow;
    otherLow = lowAfter;
    otherHigh = highAfter;
    smallest = Math.min(smallest, smallestOf(low, high, otherLow, otherHigh));
  }
  return smallest;
}

/**
 * Walks over the half-steps; `list` receives what each divides by. Oscillations are e^osc here, the ratio of the largest sum and the least: a logarithm
 * of each would be dear, and a power κ of it is hardly ever needed exactly (`PowerBound`).
 */
function walkSteps({ divided, other, steps, n }: Entered, kappa: number, errors: StepErrors, list: Divided[] | undefined): Pick<Marginals, 'last' | 'free' | 'lastMean'> {
  const { underflow } = errors;
  const own = roundingOf(n);
  const error = Math.exp(errors.step + own);
  const less = 1 / error;
  const drift = error * error;
  const entered = Math.exp(errors.first + own);
  let low = lowest(divided, entered); // one by one: pairs of numbers in an array cost an allocation each, and this runs forty times for every matrix
  let high = divided.high * entered;
  let otherLow = lowest(other, entered);
  let otherHigh = other.high * entered;
  let ratio = ratioOf(high, low);
  let otherRatio = ratioOf(otherHigh, otherLow);
  let mean = Infinity;
  const power = new PowerBound(kappa);
  for (const step of steps) {
    list?.push({ step, sums: { low, high, oscillation: Math.log(ratio) } });
    const most = 1 / divisorOf(step, low);
    const least = 1 / divisorOf(step, high);
    mean = otherHigh; // both sides add up to the same
    const lowAfter = Math.max(0, shareOf(step, low, most) * less - underflow);
    const highAfter = shareOf(step, high, least) * error + underflow;
    const lowOfOther = Math.max(0, otherLow * least * less - underflow);
    const highOfOther = otherHigh * most * error + underflow;
    const contracted = power.of(ratio) * otherRatio * drift;
    // the other side is divided next
    ratio = ratioOf(highOfOther, lowOfOther);
    if (contracted < ratio) ratio = contracted;
    low = Math.max(lowOfOther, lowAfter / ratio);
    high = Math.min(highOfOther, highAfter * ratio);
    otherLow = lowAfter;
    otherHigh = highAfter;
    otherRatio = ratioOf(highAfter, lowAfter);
  }
  return {
    last: { low: otherLow, high: otherHigh, oscillation: Math.log(otherRatio) },
    free: { low, high, oscillation: Math.log(ratio) },
    lastMean: shareOf(steps.at(-1)!, mean) * error,
  };
}

/** X_ij ≥ e^−Δ·X_il·X_kj/X_kl with X_il and X_kj the largest of their lines: the factor of e^−Δ/n². */
function smallestOf(low: number, high: number, otherLow: number, otherHigh: number): number {
  return (low * otherLow) / Math.min(high, otherHigh);
}

function ratioOf(high: number, low: number): number {
  return low > 0 ? high / low : Infinity;
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

/** The least and the largest line sum of a matrix. */
interface Range {
  readonly low: number;
  readonly high: number;
}

function rangeOf(matrix: Float64Array, n: number, side: 'rows' | 'columns'): Range {
  const [lineStride, entryStride] = side === 'rows' ? [n, 1] : [1, n];
  let [low, high] = [Infinity, -Infinity];
  for (let line = 0; line < n; line++) {
    let sum = 0;
    for (let e = 0, i = line * lineStride; e < n; e++, i += entryStride) sum += matrix[i]!;
    low = Math.min(low, sum);
    high = Math.max(high, sum);
  }
  return { low, high };
}

/** The least sum when each may be off by a factor. */
function lowest({ low }: Range, factor: number): number {
  return low < 2 ** -900 ? 0 : low / factor; // f64 itself loses digits below
}

function spreadOf(range: Range): Spread {
  const [low, high] = [lowest(range, 1), range.high];
  return { low, high, oscillation: Math.log(ratioOf(high, low)) };
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
