/**
 * Baseline and candidate in processes of their own, launched in pairs. Both of a pair are open at once and are timed in turns of milliseconds, in an order drawn by lot, so that whatever else a machine
 * does hits both: one launch after the other would be told apart by the weather. A pair counts once, by the ratio of their quickest fiftieths (turns.ts): identical code differs by more between launches
 * than within one, so samples of one launch are no evidence about another. Between the two of a pair nothing but a lot decided which is opened first and which has the first turn, so that for codes that
 * are equally fast the logarithm of the ratio is as likely to be −x as x (statistics/signed-rank.ts), whatever launches differ by. Ratios that fall into two groups further apart than the floor say that
 * there is no one speed to compare: `inconclusive`.
 */
import { judge, leastFloor, percent, usualThreshold, type Judgement, type Limits } from './judgement.ts';
import { modesOf } from './statistics/modes.ts';
import { numbersNeeded, signedInterval } from './statistics/signed-rank.ts';

const fewestLaunches = 12;
/** More than an error needs, so that one pair may lie on the other side. */
const spare = 2;
/** Ratios of one mode are taken for such of two with this probability, at most. */
const modesError = 0.01;

/** Launches of each side where nobody says how many. */
export function usualLaunches(error: number): number {
  return Math.max(fewestLaunches, numbersNeeded(error) + spare);
}

/**
 * Judges pairs of launches by their ratios, candidate / baseline, one for each pair, in any order. `error` is the probability of a wrong `slower`, and of a wrong `faster`, at most. Throws a `RangeError`
 * for more than 50.
 */
export function judgeLaunches(ratios: readonly number[], error: number, limits: Limits = { floor: leastFloor, threshold: usualThreshold }): Judgement {
  const effects = ratios.map(Math.log);
  const judgement = judge(signedInterval(effects, error), undefined, limits);
  if (!effects.every(Number.isFinite)) return { ...judgement, verdict: 'inconclusive', unreliable: true, reason: 'unreliable: a launch has no time' };
  const { p, distance } = modesOf(effects);
  if (p <= modesError && distance > limits.floor) {
    return { ...judgement, verdict: 'inconclusive', reason: `launches fall into two groups, ${percent(distance)} apart: which one a launch falls into is luck` };
  }
  if (judgement.verdict !== 'inconclusive' || Number.isFinite(judgement.effect.lower)) return judgement;
  return { ...judgement, reason: `${ratios.length} launches of each show nothing at this error level: it takes ${numbersNeeded(error)}` };
}
