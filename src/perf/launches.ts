/**
 * Baseline and candidate in processes of their own, started in a random order of all launches. A launch counts once, by its quickest twentieth (run-launches.ts): identical code differs by
 * more between launches than within one, so samples of one launch are no evidence about another (statistics/rank-sum.ts). Launches of one arm that fall into two groups
 * further apart than the floor say that there is no one speed to compare: `inconclusive`.
 */
import { Random } from '../generate/random.ts';
import { judge, leastFloor, percent, usualThreshold, type Judgement, type Limits } from './judgement.ts';
import { launchesNeeded, shiftInterval } from './statistics/rank-sum.ts';
import { modesOf } from './statistics/modes.ts';

export const usualLaunches = 12;
/** An arm of one mode is taken for one of two with this probability, at most. */
const modesError = 0.01;

/** Which arm each launch is of: 0 baseline, 1 candidate, all arrangements equally likely. */
export function launchOrder(launches: number, seed: number): number[] {
  return new Random(seed).permutation(2 * launches).map((k) => k % 2);
}

/** Judges the times of launches, one number for each, in milliseconds. `error` is the probability of a wrong `slower`, and of a wrong `faster`, at most. */
export function judgeLaunches(baseline: readonly number[], candidate: readonly number[], error: number, limits: Limits = { floor: leastFloor, threshold: usualThreshold }): Judgement {
  const a = baseline.map(Math.log);
  const b = candidate.map(Math.log);
  const judgement = judge(shiftInterval(a, b, error), undefined, limits);
  if (![...a, ...b].every(Number.isFinite)) return { ...judgement, verdict: 'inconclusive', unreliable: true, reason: 'unreliable: a launch has no time' };
  for (const [name, values] of [['baseline', a], ['candidate', b]] as const) {
    const { p, distance } = modesOf(values);
    if (p <= modesError && distance > limits.floor) {
      return { ...judgement, verdict: 'inconclusive', reason: `launches of the ${name} fall into two groups, ${percent(distance)} apart: which one a launch falls into is luck` };
    }
  }
  if (judgement.verdict !== 'inconclusive' || Number.isFinite(judgement.effect.lower)) return judgement;
  return { ...judgement, reason: `${baseline.length} and ${candidate.length} launches show nothing at this error level: it takes ${launchesNeeded(error)} an arm` };
}
