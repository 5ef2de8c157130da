/** The distribution of ranks against all arrangements, and the excess mass against all pairs of intervals. */
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { excessMass, modesOf } from '../../../src/perf/statistics/modes.ts';
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
    const k = rankWithin([[6, 6]], error);
    const { lower, upper } = shiftInterval([[a, b]], error);
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
      if (shiftInterval([[first, values.filter((_, k) => ((mask >>> k) & 1) === 1)]], error).lower > 0) wrong++;
    }
    expect(all).toBe(924);
    expect(wrong).toBeGreaterThan(0); // it can claim
    expect(wrong / all <= error).toBe(true);
  });

  it('shows nothing with too few', () => {
    expect(shiftInterval([[[1, 1.1, 1.2], [9, 9.1, 9.2]]], 0.001)).toMatchObject({ lower: -Infinity, upper: Infinity });
    expect(rankWithin([[6, 6]], 0.001)).toBe(0); // C(12, 6) = 924 arrangements are too few, C(14, 7) = 3432 enough
    expect(rankWithin([[7, 7]], 0.001)).toBe(2);
  });
});

describe('shiftInterval of blocks', () => {
  const rounds = [[[0.3, -1], [0.9, 0.4]], [[102.5, 104], [103, 105]], [[-50.2, -53], [-50, -49]]] as const;
  const blocks = rounds.map(([a, b]) => [[...a], [...b]] as [number[], number[]]);
  /** Of every block each of the six choices of the two that are A. */
  const chosen = (mask: number): [number[], number[]][] | undefined => {
    const all = rounds.map(([a, b], round) => {
      const four = [...a, ...b];
      const side = (of: number): number[] => four.filter((_, k) => ((mask >>> (4 * round + k)) & 1) === of);
      return [side(0), side(1)] as [number[], number[]];
    });
    return all.every(([a]) => a.length === 2) ? all : undefined;
  };
  const choices = Array.from({ length: 2 ** 12 }, (_, mask) => chosen(mask)).filter((one) => one !== undefined);

  it.each([0.05, 0.02, 0.005])('keeps an error of %f: of all choices no more claim a difference, and one more comparison would be too many', (error) => {
    expect(choices).toHaveLength(6 ** 3);
    const above = (of: readonly (readonly [number[], number[]])[]): number => of.reduce((sum, [a, b]) => sum + a.reduce((part, x) => part + b.filter((y) => y > x).length, 0), 0);
    const k = rankWithin(blocks.map(() => [2, 2]), error);
    const share = (opposite: number): number => choices.filter((one) => 12 - above(one) <= opposite).length / choices.length;
    expect(share(k - 1)).toBeLessThanOrEqual(error);
    expect(share(k)).toBeGreaterThan(error);
    expect(choices.filter((one) => shiftInterval(one, error).lower > 0).length / choices.length).toBe(share(k - 1));
    expect(choices.filter((one) => shiftInterval(one, error).upper < 0).length / choices.length).toBe(share(k - 1));
  });

  it('compares nothing between blocks', () => {
    const moved = blocks.map(([a, b], k) => [a.map((x) => x + 1000 * k), b.map((y) => y + 1000 * k)] as const);
    const close = (bound: number): unknown => expect.closeTo(bound, 9);
    const { lower, estimate, upper } = shiftInterval(blocks, 0.05);
    expect(shiftInterval(moved, 0.05)).toEqual({ lower: close(lower), estimate: close(estimate), upper: close(upper) });
  });

  it('sees past one odd launch of twelve, which signs of pairs do not', () => {
    const twelve = (start: number): [number[], number[]][] => Array.from({ length: 6 }, (_, k) => [[start + 0.001 * k, start], [start + 0.05, start + 0.055 - 0.001 * k]]);
    const odd = twelve(0);
    odd[3]![0][1] = 0.3;
    expect(shiftInterval(odd, 0.001).lower).toBeGreaterThan(0.04);
    odd[4]![0][1] = 0.3;
    expect(shiftInterval(odd, 0.001).lower).toBeLessThan(0);
  });

  it('shows nothing with too few', () => {
    expect(rankWithin(Array.from({ length: 3 }, () => [2, 2]), 0.001)).toBe(0); // 6³ = 216 choices are too few, 6⁴ = 1296 enough
    expect(rankWithin(Array.from({ length: 4 }, () => [2, 2]), 0.001)).toBe(1);
    expect(shiftInterval(blocks, 0.001)).toMatchObject({ lower: -Infinity, upper: Infinity });
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
