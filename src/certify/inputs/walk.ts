/**
 * The line sums of a Sinkhorn iterate for every input of a box (Birkhoff 1957, Hopf 1963; Franklin and Lorenz 1989; MATHS.md §6.6), in + − × ÷ and roots, rounded outwards.
 *
 * A half-step divides the lines of one side, with sums s_l, by D(s_l) (s + ε, max(s, ε) or s; the slope of log D in log s lies in [0, 1]). With φ(s) = s/D(s):
 *   that side's sums become φ(s_l) ≤ 1;
 *   a sum o of the other side lies in [o_min/D(s_max), o_max/D(s_min)] afterwards, and the ratio ρ = max/min of those sums obeys ρ′ ≤ ρ_s^κ·ρ_o, where κ = (√θ − 1)/(√θ + 1) and θ bounds
 *   the cross ratios, which no half-step changes;
 *   both sides add up to the same total, so o′ lies within a factor ρ′ of the other side's sums, and what one line has, the others do not.
 * A kernel that rounds multiplies each entry by a factor within e^±step, and underflow takes or adds at most `underflow` to a line: the ratio grows by e^(2·step) in each half-step, θ by e^(4·entry).
 */
import { addDown, addUp, divDown, divUp, mulDown, mulUp, sqrtUp } from '../../numerics/directed.ts';
import { expUp } from '../../numerics/exponential.ts';
import type { Entering } from './box.ts';

export interface WalkStep {
  readonly side: 'rows' | 'columns';
  readonly divisor: 'add' | 'clamp' | 'plain';
  readonly epsilon: number;
}

/** Logarithmic errors of a kernel; all 0 for exact arithmetic. */
export interface Rounding {
  /** Of an entry that enters the loop, of its own; and what the entries of its line share. */
  readonly start: number;
  readonly startLine: number;
  /** Of an entry in one half-step, of its own; and what the entries of its line share. */
  readonly entry: number;
  readonly line: number;
  /** Absolute, of one stored entry. */
  readonly underflow: number;
}

export const exactArithmetic: Rounding = { start: 0, startLine: 0, entry: 0, line: 0, underflow: 0 };

export interface Sums {
  readonly low: number;
  readonly high: number;
}

/** Line sums after the last half-step, for every input. `kappa` is Birkhoff's coefficient of every iterate. */
export interface WalkEnd {
  readonly last: Sums;
  readonly free: Sums;
  readonly kappa: number;
}

/**
 * Walks over the half-steps after the start. Undefined where entries may be so small that underflow spoils their cross ratios. A walk without contraction, in which underflow
 * counts in every sum, gives a lower bound of all entries; relative to it underflow is one more error of an entry, if all of them together change no cross ratio by more than a factor 2.
 */
export function walk(entering: Entering, steps: readonly WalkStep[], rounding: Rounding): WalkEnd | undefined {
  if (rounding.underflow === 0) return contracting(entering, steps, rounding);
  const { smallest } = trace(entering, steps, rounding, undefined);
  // X_ij ≥ X_il·X_kj/(X_kl·θ) with X_il and X_kj the largest of their lines; 2·θ for the rounded iterates
  const least = divDown(smallest, mulUp(2 * entering.n * entering.n, entering.theta));
  const lost = least > 0 ? divUp(mulUp(2, rounding.underflow), least) : Infinity; // −log(1 − x) ≤ 2·x for x ≤ 1/2
  const drift = addUp(mulUp(4, rounding.start), mulUp(4 * (steps.length + 1), addUp(lost, rounding.entry)));
  return drift <= 0.69 ? contracting(entering, steps, { ...rounding, entry: addUp(rounding.entry, lost) }) : undefined;
}

function contracting(entering: Entering, steps: readonly WalkStep[], rounding: Rounding): WalkEnd {
  const drift = addUp(mulUp(4, rounding.start), mulUp(4 * (steps.length + 1), rounding.entry));
  const kappa = birkhoff(mulUp(entering.theta, expUp(drift)));
  const { low, high, otherLow, otherHigh } = trace(entering, steps, rounding, kappa);
  return { last: { low: otherLow, high: otherHigh }, free: { low, high }, kappa };
}

/** (√θ − 1)/(√θ + 1), rounded up. */
export function birkhoff(theta: number): number {
  const root = sqrtUp(theta);
  return root < Infinity ? Math.min(1, divUp(addUp(root, -1), addDown(root, 1))) : 1;
}

interface Trace {
  /** Of the side that would be divided next, which is the free one at the end, and of the other. */
  readonly low: number;
  readonly high: number;
  readonly otherLow: number;
  readonly otherHigh: number;
  /** Lower bound of (a line's sum)·(a crossing line's sum)/(the smaller of their upper bounds), over all half-steps. */
  readonly smallest: number;
}

/** Without `kappa` no ratio is used. */
function trace({ n, low: least, high: most, sums }: Entering, steps: readonly WalkStep[], rounding: Rounding, kappa: number | undefined): Trace {
  const factor = expUp(addUp(rounding.entry, rounding.line));
  const drift = mulUp(factor, factor);
  const lost = mulUp(n, rounding.underflow);
  const begin = expUp(addUp(rounding.start, rounding.startLine));
  const divided = steps[0]!.side;
  let { low, high } = sumsOf(least, most, n, divided, begin);
  let [otherLow, otherHigh] = [divDown(sums.low, begin), mulUp(sums.high, begin)];
  let [ratio, otherRatio] = [ratioOf(low, high), ratioOf(otherLow, otherHigh)];
  let smallest = divDown(mulDown(low, otherLow), Math.min(high, otherHigh));
  for (const step of steps) {
    const lowAfter = Math.max(0, addDown(divDown(shareDown(step, low), factor), -lost));
    const highAfter = addUp(mulUp(shareUp(step, high), factor), lost);
    const lowOfOther = Math.max(0, addDown(divDown(divDown(otherLow, divisorUp(step, high)), factor), -lost));
    const highOfOther = addUp(mulUp(divUp(otherHigh, divisorDown(step, low)), factor), lost);
    const contracted = kappa === undefined ? Infinity : mulUp(mulUp(powerUp(ratio, kappa), otherRatio), drift);
    ratio = Math.min(contracted, ratioOf(lowOfOther, highOfOther));
    low = ratio < Infinity ? Math.max(lowOfOther, divDown(lowAfter, ratio)) : lowOfOther;
    high = Math.min(highOfOther, ratio < Infinity ? mulUp(highAfter, ratio) : Infinity, addUp(mulUp(n, highAfter), -mulDown(n - 1, low)));
    low = Math.max(low, addDown(mulDown(n, lowAfter), -mulUp(n - 1, high)));
    ratio = Math.min(ratio, ratioOf(low, high));
    [otherLow, otherHigh, otherRatio] = [lowAfter, highAfter, ratioOf(lowAfter, highAfter)];
    smallest = Math.min(smallest, divDown(mulDown(low, otherLow), Math.min(high, otherHigh)));
  }
  return { low, high, otherLow, otherHigh, smallest };
}

/** ρ^κ for ρ ≥ 1 and 0 ≤ κ ≤ 1: with σ = ρ^(1/64), σ^⌊64κ⌋ times σ^f ≤ 1 + f·(σ − 1) (Bernoulli). */
export function powerUp(ratio: number, kappa: number): number {
  if (!(ratio < Infinity)) return Infinity;
  let root = ratio;
  for (let i = 0; i < 6; i++) root = sqrtUp(root);
  const whole = Math.floor(64 * kappa);
  let power = addUp(1, mulUp(64 * kappa - whole, addUp(root, -1)));
  for (let i = 0; i < whole; i++) power = mulUp(power, root);
  return Math.min(power, ratio);
}

function sumsOf(least: Float64Array, most: Float64Array, n: number, side: 'rows' | 'columns', error: number): Sums {
  const [line, entry] = side === 'rows' ? [n, 1] : [1, n];
  let [low, high] = [Infinity, 0];
  for (let i = 0; i < n; i++) {
    let [few, many] = [0, 0];
    for (let j = 0; j < n; j++) {
      few = addDown(few, least[i * line + j * entry]!);
      many = addUp(many, most[i * line + j * entry]!);
    }
    low = Math.min(low, few);
    high = Math.max(high, many);
  }
  return { low: divDown(low, error), high: mulUp(high, error) };
}

function ratioOf(low: number, high: number): number {
  return low > 0 ? divUp(high, low) : Infinity;
}

function divisorUp({ divisor, epsilon }: WalkStep, sum: number): number {
  if (divisor === 'plain') return sum;
  return divisor === 'add' ? addUp(sum, epsilon) : Math.max(sum, epsilon);
}

function divisorDown({ divisor, epsilon }: WalkStep, sum: number): number {
  if (divisor === 'plain') return sum;
  return divisor === 'add' ? addDown(sum, epsilon) : Math.max(sum, epsilon);
}

/** φ(s) = s/D(s), not decreasing. */
function shareUp(step: WalkStep, sum: number): number {
  return step.divisor === 'plain' || step.epsilon === 0 || sum === Infinity ? 1 : Math.min(1, divUp(sum, divisorDown(step, sum)));
}

function shareDown(step: WalkStep, sum: number): number {
  return step.divisor === 'plain' || step.epsilon === 0 ? 1 : divDown(sum, divisorUp(step, sum));
}
