/** The ratio of a pair of launches in three kinds of weather, each of which misleads one of its two halves. */
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { levelOf, ratioOf } from '../../../src/perf/pair-ratio.ts';
import { median } from '../../../src/perf/statistics/interval.ts';

type Side = { turns: number[][] };
const [count, perTurn, effect] = [120, 6, 1.05];

/** Turns of both sides; `weather` says by what a sample is longer, of a turn and side. */
function pair(seed: number, weather: (random: Random, turn: number, side: number) => number): [Side, Side] {
  const random = new Random(seed);
  const sides: [Side, Side] = [{ turns: [] }, { turns: [] }];
  for (let turn = 0; turn < count; turn++) {
    for (const side of [0, 1]) {
      const factor = weather(random, turn, side);
      sides[side]!.turns.push(Array.from({ length: perTurn }, () => (side === 1 ? effect : 1) * factor * (1 + 0.02 * random.uniform())));
    }
  }
  return sides;
}

const byTurns = ([a, b]: [Side, Side]): number => Math.exp(median(a.turns.map((samples, turn) => Math.log(Math.min(...b.turns[turn]!) / Math.min(...samples)))));
const seeds = Array.from({ length: 30 }, (_, k) => k + 1);
const worst = (of: (both: [Side, Side]) => number, weather: Parameters<typeof pair>[1]): number => Math.max(...seeds.map((seed) => Math.abs(of(pair(seed, weather)) / effect - 1)));

/** A processor whose speed wanders by a factor of two over the pair, and is never the same twice: a lasting disturbance that both of a turn have. */
const wandering = (_: Random, turn: number): number => 1.5 + 0.5 * Math.sin(turn / 17);
/** Most turns of either side are interrupted, by anything. */
const interrupted = (random: Random): number => (random.uniform() < 0.8 ? 1 + 2 * random.uniform() : 1);

describe('the ratio of a pair of launches', () => {
  it('is that of the better half, whichever it is', () => {
    const byLevels = ([a, b]: [Side, Side]): number => levelOf(b) / levelOf(a);
    expect(worst(byLevels, interrupted)).toBeLessThan(worst(byTurns, interrupted) / 5);
    expect(worst(ratioOf, interrupted)).toBeLessThan(worst(byTurns, interrupted) / 5);
    const onlyOnce = (_random: Random, turn: number, side: number): number => (turn === 40 && side === 0 ? 0.5 : wandering(_random, turn)); // one turn of one side at full speed
    expect(worst(byTurns, onlyOnce)).toBeLessThan(worst(byLevels, onlyOnce) / 5);
    expect(worst(ratioOf, onlyOnce)).toBeLessThan(worst(byLevels, onlyOnce) / 5);
  });

  it('is the reciprocal where the two are swapped, but for two quotients, logarithms, exponentials and means', () => {
    for (const seed of seeds) {
      const [a, b] = pair(seed, interrupted);
      expect(Math.abs(ratioOf([a, b]) * ratioOf([b, a]) - 1)).toBeLessThanOrEqual(8 * Number.EPSILON);
    }
  });

  it('is no number without turns', () => {
    expect(ratioOf([{ turns: [] }, { turns: [] }])).toBeNaN();
  });
});
