import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { changePoints, fewestValues, largestDivergence } from '../../../src/perf/history/change-points.ts';

const everywhere = (): boolean => true;

/** Q and its search as the paper writes them, with three nested sums. */
function divergenceByDefinition(values: readonly number[]): number {
  const mean = (pairs: readonly number[]): number => pairs.reduce((sum, d) => sum + d, 0) / pairs.length;
  const pairsOf = (part: readonly number[]): number[] => part.flatMap((x, i) => part.slice(i + 1).map((y) => Math.abs(x - y)));
  let most = 0;
  for (let cut = 3; cut <= values.length - 3; cut++) {
    for (let end = cut + 3; end <= values.length; end++) {
      const [x, y] = [values.slice(0, cut), values.slice(cut, end)];
      const between = mean(x.flatMap((a) => y.map((b) => Math.abs(a - b))));
      most = Math.max(most, ((x.length * y.length) / end) * (2 * between - mean(pairsOf(x)) - mean(pairsOf(y))));
    }
  }
  return most;
}

function* orders(values: readonly number[]): Generator<number[]> {
  if (values.length === 0) return yield [];
  for (const [k, value] of values.entries()) for (const rest of orders(values.filter((_, i) => i !== k))) yield [value, ...rest];
}

/** Times as logarithms: spread 2 %, one in ten 10 % slower. */
function noise(random: Random, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => 0.02 * random.normal() + (random.uniform() < 0.1 ? 0.1 : 0));
}

function stepped(values: Float64Array, at: number, by: number): Float64Array {
  return values.map((value, k) => (k >= at ? value + by : value));
}

describe('divergence', () => {
  it('is that of its definition, in any part of a series', () => {
    const random = new Random(3);
    for (let run = 0; run < 50; run++) {
      const values = Float64Array.from({ length: 6 + random.integer(0, 14) }, () => random.normal());
      const [from, to] = [random.integer(0, 2), values.length];
      const expected = divergenceByDefinition(Array.from(values.subarray(from, to)));
      // fewer than 20² / 2 = 200 terms of at most 10 each on either side: sums are off by at most 2·200·200·10·2⁻⁵³ < 1e-10
      expect(Math.abs(largestDivergence(values, { from, to }, everywhere).divergence - expected)).toBeLessThanOrEqual(1e-10);
    }
  });
});

describe('p-values', () => {
  it('are those of all 40,320 orders of eight values', () => {
    for (const values of [[0.1, 0.2, 0.3, 0.25, 5, 5.2, 5.1, 5.3], [1, 1.5, 0.9, 1.1, 1.6, 1.55, 1.45, 1.2]]) {
      const observed = divergenceByDefinition(values);
      let [reached, all] = [0, 0];
      for (const order of orders(values)) {
        all++;
        if (divergenceByDefinition(order) >= observed * (1 - 2 ** -30)) reached++;
      }
      const exact = reached / all;
      const level = Math.min(0.99, 3 * exact);
      const found = changePoints(Float64Array.from(values), { level, seed: 5 });
      const drawn = Math.ceil(10 / level);
      // a binomial share of `drawn` orders: five deviations, and the one that is counted besides
      expect(found).toHaveLength(1);
      expect(Math.abs(found[0]!.pValue - exact)).toBeLessThanOrEqual(5 * Math.sqrt(exact / drawn) + 1 / drawn);
    }
  });

  it('without a change are below the level no more often than it says', () => {
    // binomial(400, 0.05) has mean 20 and deviation 4.4: more than 42, five deviations above, has a probability below 1e-5
    const found = Array.from({ length: 400 }, (_, k) => changePoints(noise(new Random(17, k), 14), { level: 0.05, seed: k })).filter(({ length }) => length > 0).length;
    expect(found).toBeLessThanOrEqual(42);
    expect(found).toBeGreaterThan(0); // a test at 5 % that never finds anything is not one
  });

  it('can reach the level with the fewest values, and with one fewer they cannot', () => {
    for (const level of [0.1, 0.01, 0.001]) {
      const count = fewestValues(level);
      const step = (length: number): Float64Array => stepped(new Float64Array(length), Math.floor(length / 2), 1);
      // C(n, n/2) orders put the low values in any set of places; two of these, all first or all last, are as divergent
      const ways = (n: number): number => Array.from({ length: Math.floor(n / 2) }, (_, i) => (n - i) / (i + 1)).reduce((a, b) => a * b, 1);
      expect([Math.round(ways(count)) >= 2 / level, count === 6 || Math.round(ways(count - 1)) < 2 / level]).toEqual([true, true]);
      expect(changePoints(step(count - 2), { level: level / 4, seed: 1 })).toEqual([]);
    }
  });
});

describe('steps', () => {
  it('of 10 % are found where they are, among outliers as large', () => {
    const found = Array.from({ length: 20 }, (_, k) => changePoints(stepped(noise(new Random(23, k), 40), 25, 0.1), { level: 0.01, seed: k }).map(({ at }) => at));
    expect(found.filter((places) => places.length > 0)).toHaveLength(20);
    for (const places of found) expect(Math.min(...places.map((at) => Math.abs(at - 25)))).toBeLessThanOrEqual(4); // outliers beside the step look like it
  });

  it('are all found: up, further up, and back', () => {
    const values = stepped(stepped(stepped(noise(new Random(29), 60), 15, 0.5), 30, 0.5), 45, -1);
    expect(changePoints(values, { level: 0.01, seed: 1 }).map(({ at }) => at)).toEqual([15, 30, 45]);
  });

  it('of the spread alone are found too', () => {
    const random = new Random(31);
    const values = Float64Array.from({ length: 120 }, (_, k) => random.normal() * (k < 60 ? 1 : 8));
    const found = changePoints(values, { level: 0.01, seed: 1 });
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]!.at).toBeGreaterThan(48); // the wide half may begin with values that look narrow, the narrow one holds none that are wide
  });

  it('lie only where they may', () => {
    const values = stepped(noise(new Random(37), 30), 14, 1);
    expect(changePoints(values, { level: 0.01, seed: 1, mayCut: (k) => k % 5 === 0 })[0]!.at).toBe(15);
    expect(changePoints(values, { level: 0.01, seed: 1, mayCut: () => false })).toEqual([]);
  });

  it('are none in values that are all the same, too few, or none', () => {
    for (const values of [new Float64Array(30).fill(2), Float64Array.of(1, 2, 9, 10, 11), new Float64Array(0)]) expect(changePoints(values, { level: 0.01, seed: 1 })).toEqual([]);
  });
});
