/** Times of the launches of a round in two kinds of weather, each of which misleads one of the two ways to compare them. */
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { levelOf, timesInRound } from '../../../src/perf/round-times.ts';
import { median } from '../../../src/perf/statistics/interval.ts';

type Side = { turns: number[][] };
const [count, perTurn, effect] = [120, 6, 1.05];

/** Turns of two of each side, the baseline's first; `weather` says by what a sample is longer, of a turn and launch. */
function round(seed: number, weather: (random: Random, turn: number, launch: number) => number): Side[] {
  const random = new Random(seed);
  const launches: Side[] = Array.from({ length: 4 }, () => ({ turns: [] }));
  for (let turn = 0; turn < count; turn++) {
    for (const [k, launch] of launches.entries()) {
      const factor = weather(random, turn, k);
      launch.turns.push(Array.from({ length: perTurn }, () => (k >= 2 ? effect : 1) * factor * (1 + 0.02 * random.uniform())));
    }
  }
  return launches;
}

const seeds = Array.from({ length: 30 }, (_, k) => k + 1);
/** How far the ratio of any of the candidate to any of the baseline is off, at worst. */
const worst = (of: (launches: Side[]) => number[], weather: Parameters<typeof round>[1]): number =>
  Math.max(...seeds.flatMap((seed) => {
    const times = of(round(seed, weather));
    return [0, 1].flatMap((a) => [2, 3].map((b) => Math.abs(times[b]! / times[a]! / effect - 1)));
  }));
const byLevels = (launches: Side[]): number[] => launches.map(levelOf);
/** By turns beside the first. */
const byTurns = (launches: Side[]): number[] => launches.map(({ turns }) => Math.exp(median(turns.map((samples, turn) => Math.log(Math.min(...samples) / Math.min(...launches[0]!.turns[turn]!))))));

/** A processor whose speed wanders by a factor of two over the round, and is never the same twice: a lasting disturbance that all of a turn have. */
const wandering = (_: Random, turn: number): number => 1.5 + 0.5 * Math.sin(turn / 17);
/** Most turns of any launch are interrupted, by anything. */
const interrupted = (random: Random): number => (random.uniform() < 0.8 ? 1 + 2 * random.uniform() : 1);

describe('times of launches in a round', () => {
  it('are those of the better way, whichever it is', () => {
    expect(worst(byLevels, interrupted)).toBeLessThan(worst(byTurns, interrupted) / 5);
    expect(worst(timesInRound, interrupted)).toBeLessThan(worst(byTurns, interrupted) / 5);
    const onlyOnce = (_random: Random, turn: number, launch: number): number => (turn === 40 && launch === 0 ? 0.5 : wandering(_random, turn)); // one turn of one launch at full speed
    expect(worst(byTurns, onlyOnce)).toBeLessThan(worst(byLevels, onlyOnce) / 5);
    expect(worst(timesInRound, onlyOnce)).toBeLessThan(worst(byLevels, onlyOnce) / 5);
  });

  it('are swapped where launches are, and lie around 1, but for sums of as many logarithms', () => {
    for (const seed of seeds) {
      const [a, b, c, d] = round(seed, interrupted) as [Side, Side, Side, Side];
      const times = timesInRound([a, b, c, d]);
      const swapped = timesInRound([d, b, a, c]);
      const off = (one: number, other: number): number => Math.abs(one / other - 1);
      expect(Math.max(off(times[0]!, swapped[2]!), off(times[1]!, swapped[1]!), off(times[2]!, swapped[3]!), off(times[3]!, swapped[0]!), off(times.reduce((product, time) => product * time, 1), 1))).toBeLessThanOrEqual(64 * Number.EPSILON);
    }
  });

  it('are no numbers without turns', () => {
    expect(timesInRound([{ turns: [] }, { turns: [] }])).toEqual([Number.NaN, Number.NaN]);
  });
});
