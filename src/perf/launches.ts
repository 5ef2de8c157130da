/**
 * Baseline and candidate in processes of their own, launched in pairs. Both of a pair are open at once and are timed in turns of milliseconds, in an order drawn by lot, so that whatever else a machine
 * does hits both: one launch after the other would be told apart by the weather. A launch counts once, by its level, and a pair once, by its ratio (pair-ratio.ts): identical code differs by more between launches
 * than within one, so samples of one launch are no evidence about another. Between the two of a pair nothing but a lot decided which is opened first and which has the first turn, so that for codes that
 * are equally fast the two could as well be swapped, whatever launches differ by. Two tests share the error: signed ranks of the ratios (statistics/signed-rank.ts), which see through what the two of a pair
 * have in common, and a cut between fast and slow launches (statistics/paired-cut.ts), which sees past odd ones. Launches of one side that fall into two groups further apart than the floor say that
 * there is no one speed to compare: `inconclusive`. (Unless those of the other side fall into the same groups, pair by pair: then it is the machine that had two speeds, and the ratios do not know of it.)
 */
import { judge, leastFloor, percent, usualThreshold, type Judgement, type Limits } from './judgement.ts';
import type { Interval } from './statistics/interval.ts';
import { modesOf } from './statistics/modes.ts';
import { cutInterval } from './statistics/paired-cut.ts';
import { numbersNeeded, signedInterval } from './statistics/signed-rank.ts';

const fewestLaunches = 12;
/** Launches of one mode are taken for such of two with this probability, at most. */
const modesError = 0.01;

/** Launches of each side that an error needs. */
export function launchesNeeded(error: number): number {
  return numbersNeeded(error / 2);
}

/** Launches of each side where nobody says how many: one more than are needed, so that one may be odd. */
export function usualLaunches(error: number): number {
  return Math.max(fewestLaunches, launchesNeeded(error) + 1);
}

/** By either test with half of the error; where they contradict each other, all that one of them allows. */
function effectOf(a: readonly number[], b: readonly number[], ratios: readonly number[], error: number): Interval {
  const [one, other] = [signedInterval(ratios, error / 2), cutInterval(a, b, error / 2)];
  const [lower, upper] = [Math.max(one.lower, other.lower), Math.min(one.upper, other.upper)];
  return lower <= upper ? { lower, estimate: Math.max(lower, Math.min(upper, one.estimate)), upper } : { lower: upper, estimate: one.estimate, upper: lower };
}

/** Whether the numbers that belong to values above the cut are above all others. */
function areApart(numbers: readonly number[], values: readonly number[], cut: number): boolean {
  const [above, below] = [numbers.filter((_, k) => values[k]! > cut), numbers.filter((_, k) => !(values[k]! > cut))];
  return Math.min(...above) > Math.max(...below);
}

export interface LaunchJudging {
  /** Probability of a wrong `slower`, and of a wrong `faster`, at most. */
  readonly error: number;
  readonly limits?: Limits | undefined;
  /** The candidate's time over the baseline's of each pair, where more is known than one number of each; its reciprocal where the two are swapped. */
  readonly ratios?: readonly number[] | undefined;
}

/** Judges pairs of launches by milliseconds of one call of each: the k-th of the baseline and the k-th of the candidate were open together. Throws a `RangeError` for more than 50. */
export function judgeLaunches(baseline: readonly number[], candidate: readonly number[], { error, limits = { floor: leastFloor, threshold: usualThreshold }, ratios }: LaunchJudging): Judgement {
  const [a, b] = [baseline.map(Math.log), candidate.map(Math.log)];
  const r = ratios?.map(Math.log) ?? a.map((x, k) => b[k]! - x);
  const isComplete = a.length === b.length && r.length === a.length && [...a, ...b, ...r].every(Number.isFinite);
  const judgement = judge(isComplete ? effectOf(a, b, r, error) : { lower: -Infinity, estimate: Number.NaN, upper: Infinity }, undefined, limits);
  if (!isComplete) return { ...judgement, verdict: 'inconclusive', unreliable: true, reason: 'unreliable: a launch has no time' };
  for (const [name, values, others] of [['baseline', a, b], ['candidate', b, a]] as const) {
    const { p, distance, cut } = modesOf(values);
    if (p <= modesError && distance > limits.floor && !areApart(others, values, cut)) {
      return { ...judgement, verdict: 'inconclusive', reason: `launches of the ${name} fall into two groups, ${percent(distance)} apart: which one a launch falls into is luck` };
    }
  }
  if (judgement.verdict !== 'inconclusive' || Number.isFinite(judgement.effect.lower)) return judgement;
  return { ...judgement, reason: `${a.length} launches of each show nothing at this error level: it takes ${launchesNeeded(error)}` };
}
