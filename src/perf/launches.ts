/**
 * Baseline and candidate in processes of their own, launched in rounds of two of each. All four of a round are open at once and are timed in turns of milliseconds, in orders drawn by lot, so that whatever else a machine
 * does hits all: one launch after the other would be told apart by the weather. A launch counts once, by its time beside the others of its round (round-times.ts): identical code differs by more between launches
 * than within one, so samples of one launch are no evidence about another. Within a round nothing but a lot decided which two launches are the baseline's, so that for codes that are equally fast each of the
 * six choices is equally likely, whatever launches and rounds differ by; rank sums of the rounds count them (statistics/rank-sum.ts, blocks).
 *
 * Why two of each: now and then a launch is slow by a quarter for as long as it lives. Of pairs, one such baseline reverses the largest difference of all, and twelve pairs then show nothing at 0.1 %. In a round it
 * costs two of four comparisons: six rounds whose other 22 all say the same have a probability of at most 34 in 6⁶.
 *
 * Launches of one side that fall into two groups further apart than the floor say that there is no one speed to compare: `inconclusive`. (Unless those of the other side fall into the same groups, each with
 * the one that was open beside it: then it is the machine that had two speeds, and what is compared within rounds does not know of it.)
 */
import { judge, leastFloor, percent, usualThreshold, type Judgement, type Limits } from './judgement.ts';
import { modesOf } from './statistics/modes.ts';
import { rankWithin, shiftInterval, type Block } from './statistics/rank-sum.ts';

/** Launches of each side in a round. */
export const perRound = 2;
const fewestLaunches = 12;
/** Launches of one mode are taken for such of two with this probability, at most. */
const modesError = 0.01;

/** Launches of each side that an error needs. */
export function launchesNeeded(error: number): number {
  return launchesFor(error, 0);
}

/** Launches of each side where nobody says how many: so many that one may be odd. */
export function usualLaunches(error: number): number {
  return Math.max(fewestLaunches, launchesFor(error, perRound));
}

/** Launches of each side of which so many comparisons within rounds may say the opposite. */
function launchesFor(error: number, opposite: number): number {
  let rounds = 1;
  while (rankWithin(Array.from({ length: rounds }, () => [perRound, perRound]), error) <= opposite) rounds++;
  return rounds * perRound;
}

/** Whether the numbers that belong to values above the cut are above all others. */
function areApart(numbers: readonly number[], values: readonly number[], cut: number): boolean {
  const [above, below] = [numbers.filter((_, k) => values[k]! > cut), numbers.filter((_, k) => !(values[k]! > cut))];
  return Math.min(...above) > Math.max(...below);
}

/** Of each launch a number that only those of its round are compared with, the larger the slower. */
export interface Beside {
  readonly baseline: readonly number[];
  readonly candidate: readonly number[];
}

export interface LaunchJudging {
  /** Probability of a wrong `slower`, and of a wrong `faster`, at most. */
  readonly error: number;
  readonly limits?: Limits | undefined;
  /** The time of each launch over what the launches of its round have in common, where more is known than one time of each. */
  readonly beside?: Beside | undefined;
}

/** Judges launches by milliseconds of one call of each, in the order of their rounds: the first two of the baseline were open together with the first two of the candidate, and so on. */
export function judgeLaunches(baseline: readonly number[], candidate: readonly number[], { error, limits = { floor: leastFloor, threshold: usualThreshold }, beside = { baseline, candidate } }: LaunchJudging): Judgement {
  const [a, b, ofBaseline, ofCandidate] = [baseline, candidate, beside.baseline, beside.candidate].map((times) => times.map(Math.log)) as [number[], number[], number[], number[]];
  const isComplete = [b, ofBaseline, ofCandidate].every(({ length }) => length === a.length) && [a, b, ofBaseline, ofCandidate].flat().every(Number.isFinite);
  const judgement = judge(isComplete ? shiftInterval(roundsOf(ofBaseline, ofCandidate), error) : { lower: -Infinity, estimate: Number.NaN, upper: Infinity }, undefined, limits);
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

function roundsOf(a: readonly number[], b: readonly number[]): Block[] {
  return Array.from({ length: Math.ceil(a.length / perRound) }, (_, round) => [a, b].map((side) => side.slice(round * perRound, (round + 1) * perRound)) as [number[], number[]]);
}
