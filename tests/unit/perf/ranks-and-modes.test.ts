/** The distribution of ranks against all arrangements, and the excess mass against all pairs of intervals. */
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { excessMass, modesOf } from '../../../src/perf/statistics/modes.ts';
import { cutInterval } from '../../../src/perf/statistics/paired-cut.ts';
import { choices, numbersNeeded, signedInterval, signedRankWithin } from '../../../src/perf/statistics/signed-rank.ts';
import { arrangements, rankWithin, shiftInterval } from '../../../src/perf/statistics/rank-sum.ts';

describe('arrangements', () => {
  it.each([[1, 1], [3, 4], [5, 5], [2, 7]])('of %i and %i are counted', (a, b) => {
    const counts = Array.from({ length: a * b + 1 }, () => 0);
    for (let mask = 0; mask < 2 ** (a + b); mask++) {
      const arms = Array.from({ length: a + b }, (_, k) => (mask >>> k) & 1);
      if (arms.filter((arm) => arm === 1).length !== b) continue;
      let u = 0;
      arms.forEach((arm, k) => (u += arm === 0 ? arms.slice(k).filter((later) => later === 1).length : 0));
      counts[u]!++;
    }
    expect(arrangements(a, b)).toEqual(counts);
  });

  it('of 12 and 12 are C(24, 12)', () => {
    expect(arrangements(12, 12).reduce((sum, count) => sum + count, 0)).toBe(2_704_156);
  });
});

describe('shiftInterval', () => {
  const a = [3, 1, 4, 1.5, 9, 2.6];
  const b = [5.3, 5, 8, 9.7, 9.3, 2.3];

  it('claims exactly what the test of the shifted numbers would', () => {
    const error = 0.05;
    const k = rankWithin(6, 6, error);
    const { lower, upper } = shiftInterval(a, b, error);
    for (let shift = -10.05; shift < 11; shift += 0.1) {
      const u = a.reduce((sum, x) => sum + b.filter((y) => y - shift > x).length, 0);
      expect(lower > shift).toBe(u >= 36 - k + 1);
      expect(upper < shift).toBe(36 - u >= 36 - k + 1);
    }
  });

  it('keeps its error: of all arrangements of the same launches no more claim a difference', () => {
    const values = [...a, ...b];
    const error = 0.01;
    let wrong = 0;
    let all = 0;
    for (let mask = 0; mask < 2 ** 12; mask++) {
      const first = values.filter((_, k) => ((mask >>> k) & 1) === 0);
      if (first.length !== 6) continue;
      all++;
      if (shiftInterval(first, values.filter((_, k) => ((mask >>> k) & 1) === 1), error).lower > 0) wrong++;
    }
    expect(all).toBe(924);
    expect(wrong).toBeGreaterThan(0); // it can claim
    expect(wrong / all <= error).toBe(true);
  });

  it('shows nothing with too few', () => {
    expect(shiftInterval([1, 1.1, 1.2], [9, 9.1, 9.2], 0.001)).toMatchObject({ lower: -Infinity, upper: Infinity });
    expect(rankWithin(6, 6, 0.001)).toBe(0); // C(12, 6) = 924 arrangements are too few, C(14, 7) = 3432 enough
    expect(rankWithin(7, 7, 0.001)).toBe(2);
  });
});

describe('signs by lot', () => {
  const values = [0.3, -1, 2.5, 4, -0.2, 3.25, 7, 1.75, -6, 0.9];
  const signed = (mask: number): number[] => values.map((value, k) => (((mask >>> k) & 1) === 1 ? value : -value));
  const rankSum = (of: readonly number[]): number => of.map(Math.abs).sort((a, b) => a - b).reduce((sum, size, k) => sum + (of.includes(size) ? k + 1 : 0), 0);

  it.each([1, 2, 5, 10])('of %i are counted', (n) => {
    const counts = Array.from({ length: (n * (n + 1)) / 2 + 1 }, () => 0);
    for (let mask = 0; mask < 2 ** n; mask++) counts[Array.from({ length: n }, (_, k) => ((mask >>> k) & 1) * (k + 1)).reduce((a, b) => a + b, 0)]!++;
    expect(choices(n)).toEqual(counts);
  });

  it('claim exactly what the test of the shifted numbers would', () => {
    const k = signedRankWithin(values.length, 0.05);
    const { lower, upper } = signedInterval(values, 0.05);
    for (let shift = -6.513; shift < 7.5; shift += 0.1) {
      const w = rankSum(values.map((value) => value - shift));
      expect(lower > shift).toBe(w >= 55 - k + 1);
      expect(upper < shift).toBe(55 - w >= 55 - k + 1);
    }
  });

  it.each([0.1, 0.01, 0.001])('keep an error of %f: of all choices no more claim a difference', (error) => {
    const wrong = Array.from({ length: 2 ** 10 }, (_, mask) => signedInterval(signed(mask), error).lower > 0).filter(Boolean).length;
    expect(wrong).toBeGreaterThan(0); // it can claim
    expect(wrong / 2 ** 10 <= error).toBe(true);
  });

  it('keep it where numbers are the same, or 0', () => {
    for (const tied of [[1, 1, 1, 1, 1, 1, 2, 2], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 2, 3, 3]]) {
      let wrong = 0;
      for (let mask = 0; mask < 2 ** 8; mask++) if (signedInterval(tied.map((value, k) => (((mask >>> k) & 1) === 1 ? value : -value)), 0.02).lower > 0) wrong++;
      expect(wrong / 2 ** 8 <= 0.02).toBe(true);
    }
  });

  it('show nothing with too few', () => {
    expect(numbersNeeded(0.001)).toBe(10);
    expect(signedRankWithin(9, 0.001)).toBe(0);
    expect(signedRankWithin(10, 0.001)).toBe(1);
    expect(signedInterval([1, 2, 3], 0.001)).toMatchObject({ lower: -Infinity, upper: Infinity });
    expect(() => choices(51)).toThrow(RangeError);
  });
});

describe('a cut through pairs', () => {
  const a = [0.3, -1, 2.5, 4, -0.2, 3.25, 7, 1.75, -6, 0.9];
  const b = [1.3, -0.5, 9, 4.5, 0.25, 3, 8.5, 1.5, -1, 2];
  const swapped = (x: readonly number[], y: readonly number[], mask: number): [number[], number[]] => [x, y].map((_, side) => x.map((first, k) => (((mask >>> k) & 1) === side ? first : y[k]!))) as [number[], number[]];
  /** Of all swaps, those that have as many second numbers above the widest of the middle gaps. */
  const shareOfSwaps = (x: readonly number[], y: readonly number[]): number => {
    const n = x.length;
    const sorted = [...x, ...y].sort((one, other) => one - other);
    const places = [n - 2, n - 1, n, n + 1, n + 2].map((k) => ({ width: sorted[k]! - sorted[k - 1]!, cut: (sorted[k]! + sorted[k - 1]!) / 2 }));
    const { cut } = places.reduce((widest, place) => (place.width > widest.width ? place : widest));
    const above = (of: readonly number[]): number => of.filter((value) => value > cut).length;
    let reached = 0;
    for (let mask = 0; mask < 2 ** n; mask++) if (above(swapped(x, y, mask)[1]) >= above(y)) reached++;
    return reached / 2 ** n;
  };

  it('claims exactly what the test of the shifted numbers would', () => {
    const [x, y] = [a.slice(0, 7).map((value) => value / 4), b.slice(0, 7)];
    const error = 0.06;
    const { lower, upper } = cutInterval(x, y, error);
    expect(lower).toBeGreaterThan(-Infinity);
    let [firstFromBelow, firstFromAbove] = [Infinity, -Infinity];
    for (let shift = -9.03; shift < 12; shift += 0.02) {
      if (shareOfSwaps(x, y.map((value) => value - shift)) > error) firstFromBelow = Math.min(firstFromBelow, shift);
      if (shareOfSwaps(y.map((value) => value - shift), x) > error) firstFromAbove = Math.max(firstFromAbove, shift);
    }
    expect(Math.abs(firstFromBelow - lower)).toBeLessThanOrEqual(0.02);
    expect(Math.abs(firstFromAbove - upper)).toBeLessThanOrEqual(0.02);
  });

  it.each([0.1, 0.02, 0.002])('keeps an error of %f: of all swaps no more claim a difference', (error) => {
    for (const [x, y] of [[a, b], [a.map(Math.round), b.map(Math.round)], [a.map((value) => value / 4), b.map((value) => value / 4 + 1)]] as const) {
      const intervals = Array.from({ length: 2 ** 10 }, (_, mask) => cutInterval(...swapped(x, y, mask), error));
      expect(intervals.filter(({ lower }) => lower > 0).length / 2 ** 10 <= error).toBe(true);
      expect(intervals.filter(({ upper }) => upper < 0).length / 2 ** 10 <= error).toBe(true);
    }
    const apart = Array.from({ length: 2 ** 10 }, (_, mask) => cutInterval(...swapped(a, a.map((value) => value + 20), mask), error));
    expect(apart.filter(({ lower }) => lower > 0).length).toBeGreaterThan(0); // it can claim
  });

  it('sees past odd numbers, which signed ranks do not', () => {
    const [x, y] = [Array.from({ length: 12 }, (_, k) => 0.001 * k), Array.from({ length: 12 }, (_, k) => 0.05 + 0.001 * ((5 * k) % 12))];
    x[3] = 0.7;
    x[8] = 0.4;
    expect(cutInterval(x, y, 0.001).lower).toBeGreaterThan(0.01);
    expect(cutInterval(y, x, 0.001).upper).toBeLessThan(-0.01);
    expect(signedInterval(x.map((value, k) => y[k]! - value), 0.001).lower).toBeLessThan(0);
  });

  it('shows nothing with too few', () => {
    expect(cutInterval([1, 2, 3], [4, 5, 6], 0.001)).toEqual({ lower: -Infinity, estimate: 3, upper: Infinity });
    expect(cutInterval(Array.from({ length: 10 }, () => 0), Array.from({ length: 10 }, () => 1), 0.001)).toEqual({ lower: 1, estimate: 1, upper: 1 });
  });
});

/** max over λ and pairs of disjoint intervals between points, by trying them all. */
function exhausted(sorted: readonly number[]): number {
  const n = sorted.length;
  const spans = sorted.flatMap((_, i) => sorted.slice(i).map((__, k) => ({ from: i, to: i + k, count: k + 1, length: sorted[i + k]! - sorted[i]! })));
  const lambdas = spans.flatMap((one) => spans.map((other) => (other.count - one.count) / n / (other.length - one.length))).filter((lambda) => Number.isFinite(lambda) && lambda >= 0);
  let most = 0;
  for (const lambda of lambdas) {
    const value = ({ count, length }: { count: number; length: number }): number => count / n - lambda * length;
    const single = Math.max(...spans.map(value));
    const double = Math.max(single, ...spans.flatMap((left) => spans.filter((right) => right.from > left.to).map((right) => value(left) + value(right))));
    most = Math.max(most, double - single);
  }
  return most;
}

describe('modes', () => {
  it.each([1, 2, 3, 4, 5, 6])('have the excess mass of the best two intervals (sample %i)', (seed) => {
    const random = new Random(seed);
    const sorted = Array.from({ length: 7 }, () => random.normal() + (seed % 2) * 3 * random.below(2)).sort((x, y) => x - y);
    // sums of at most 7 terms below 8 in both
    expect(Math.abs(excessMass(Float64Array.from(sorted)) - exhausted(sorted)) <= 100 * 2 ** -53 * 8).toBe(true);
  });

  it('goes from 1/n to ½', () => {
    // sums of ten terms below 1
    expect(Math.abs(excessMass(Float64Array.from({ length: 10 }, (_, i) => i)) - 0.1) <= 20 * 2 ** -53).toBe(true);
    // one interval over both groups holds all where λ pays for the gap of 5 with half of the points: ½ less what the groups' own lengths cost there
    const found = excessMass(Float64Array.of(0, 1e-9, 2e-9, 5, 5 + 1e-9, 5 + 2e-9));
    expect(found <= 0.5 && found >= 0.5 - 4e-9).toBe(true);
  });

  it('sees the two groups of a compiler that goes one of two ways, and how far apart they are', () => {
    const slow = [317, 315, 318, 316, 319, 317.5].map(Math.log);
    const fast = [168, 169, 167, 168.5, 170, 168.2].map(Math.log);
    const { p, distance } = modesOf([...fast, ...slow]);
    expect(p <= 0.01).toBe(true);
    expect(Math.exp(distance)).toBeGreaterThan(1.8);
  });

  it('takes one mode for two no more often than it says', () => {
    const runs = 400;
    const alarms = Array.from({ length: runs }, (_, run) => new Random(9, run)).filter((random) => modesOf(Array.from({ length: 12 }, () => random.normal())).p <= 0.01).length;
    // a number of alarms that a rate of 1 % exceeds less often than once in a million
    const tail = (k: number): number => Array.from({ length: k }).reduce((sum: number, _, i) => sum + Math.exp(logChoose(runs, i) + i * Math.log(0.01) + (runs - i) * Math.log(0.99)), 0);
    expect(tail(alarms)).toBeLessThan(1 - 1e-6);
  });
});

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 0; i < k; i++) sum += Math.log((n - i) / (i + 1));
  return sum;
}
