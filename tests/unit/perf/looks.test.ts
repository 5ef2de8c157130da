/** The walk over the looks against all sequences of throws, and the tails against exact binomials. */
import { describe, expect, it } from 'vitest';

import { atLeastHeads, headsOf } from '../../../src/perf/statistics/coin.ts';
import { medianInterval, quantile } from '../../../src/perf/statistics/interval.ts';
import { closingLook, crossing, errorAt, planLooks, type Look } from '../../../src/perf/statistics/looks.ts';

/** C(n, k), exact. */
function choose(n: number, k: number): bigint {
  let value = 1n;
  for (let i = 0; i < k; i++) value = (value * BigInt(n - i)) / BigInt(i + 1);
  return value;
}

/** Share of all 2^n sequences whose number of heads reaches a rank at its look. */
function counted(looks: readonly Look[]): number {
  const n = looks.at(-1)!.pairs;
  let crossed = 0;
  for (let sequence = 0; sequence < 2 ** n; sequence++) {
    let heads = 0;
    let taken = 0;
    let reached = false;
    for (const { pairs, rank } of looks) {
      while (taken < pairs) heads += (sequence >>> taken++) & 1;
      if (heads >= rank) reached = true;
    }
    if (reached) crossed++;
  }
  return crossed / 2 ** n;
}

describe('coin', () => {
  it.each([0, 1, 7, 60, 400])('has the chances of %i throws', (n) => {
    const chances = headsOf(n);
    for (let k = 0; k <= n; k++) {
      const exact = Number(choose(n, k)) * 2 ** -n;
      // at most 2n roundings of the product, and one of the exact value's own
      expect(Math.abs(chances[k]! - exact) <= (2 * n + 1) * 2 ** -53 * exact).toBe(true);
    }
    expect(chances.reduce((sum, chance) => sum + chance, 0)).toBeGreaterThan(1 - (4 * n + 1) * 2 ** -53);
  });

  it('refuses more throws than doubles can carry', () => {
    expect(() => headsOf(1001)).toThrow(RangeError);
  });
});

describe('looks', () => {
  const cases: Look[][] = [
    [{ pairs: 10, rank: 8 }],
    [{ pairs: 4, rank: 4 }, { pairs: 8, rank: 7 }, { pairs: 12, rank: 10 }, { pairs: 16, rank: 12 }],
    [{ pairs: 3, rank: 4 }, { pairs: 11, rank: 9 }, { pairs: 13, rank: 11 }],
  ];
  it.each(cases.map((looks) => [looks]))('follow the walk exactly: %j', (looks) => {
    const exact = counted(looks);
    const found = crossing(looks);
    expect(found >= exact && found <= exact * 1.001).toBe(true);
  });

  it('differ from looking once: the same level at seven looks errs more than twice as often', () => {
    const level = 0.001;
    const looks = [60, 120, 180, 240, 300, 360, 400].map((pairs) => ({ pairs, rank: atLeastHeads(pairs).findIndex((tail) => tail <= level) }));
    expect(crossing(looks)).toBeGreaterThan(2 * level);
  });

  it.each([[400, 60, 0.001], [100, 20, 0.001], [400, 60, 0.001 / 40], [60, 60, 0.01]])('of %i pairs, every %i, err at most with %f, and would err more with one less', (cap, every, error) => {
    const { looks } = planLooks(cap, every, error);
    expect(looks.at(-1)?.pairs).toBe(cap);
    expect(crossing(looks) <= error).toBe(true);
    // the next level that can occur, at any look, is too much
    const half = (k: number): number => 2 ** (k + 1 - looks.length);
    const next = Math.min(...looks.map(({ pairs, rank }, k) => atLeastHeads(pairs)[rank - 1]! / half(k)));
    const looser = looks.map(({ pairs }, k) => ({ pairs, rank: atLeastHeads(pairs).findIndex((tail) => tail <= next * half(k)) }));
    expect(crossing(looser) > error).toBe(true);
  });

  it('share an error that has no walk: all of it, wherever the plan ends', () => {
    const plan = planLooks(400, 60, 0.001);
    for (let pairs = 0; pairs <= 400; pairs++) {
      const spent = [...plan.looks.filter((look) => look.pairs < pairs).map((look) => look.pairs), pairs].reduce((sum, at) => sum + errorAt(plan, at), 0);
      expect(spent <= plan.error * (1 + 2 ** -50)).toBe(true);
      if (!plan.looks.slice(0, -1).some((look) => look.pairs === pairs)) expect(errorAt(plan, pairs) >= plan.error / 2).toBe(true);
    }
  });

  it('may end anywhere', () => {
    const plan = planLooks(400, 60, 0.001);
    for (let pairs = 0; pairs <= 400; pairs++) {
      const last = closingLook(plan, pairs);
      const taken = [...plan.looks.filter((look) => look.pairs < pairs), last];
      expect(last.rank).toBeGreaterThan(pairs / 2);
      expect(crossing(taken) <= plan.error).toBe(true);
    }
    expect(closingLook(plan, 5).rank).toBe(6); // five pairs show nothing at 0.1 %
  });
});

describe('medianInterval', () => {
  it('bounds below exactly what a count would claim', () => {
    const values = Array.from({ length: 25 }, (_, i) => ((i * 7) % 25) - 12);
    for (let rank = 1; rank <= 26; rank++) {
      const { lower, upper } = medianInterval(values, rank);
      for (let f = -14.5; f < 15; f++) {
        expect(lower > f).toBe(values.filter((value) => value > f).length >= rank);
        expect(upper < f).toBe(values.filter((value) => value < f).length >= rank);
      }
    }
  });

  it('has quantiles between neighbours, and none of nothing', () => {
    expect([quantile([1, 2, 4], 0.5), quantile([1, 2, 4], 0.75), quantile([1, 2], 0.5)]).toEqual([2, 3, 1.5]);
    expect(medianInterval([], 1)).toEqual({ lower: -Infinity, estimate: Number.NaN, upper: Infinity });
  });
});
