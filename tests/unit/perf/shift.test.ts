import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { fewestRuns, findShift, permutationsFor } from '../../../src/perf/drift/shift.ts';

const options = { level: 0.01, resolution: 0.04, seed: 1 };

/** Series that move together within a run, some with heavy tails, some that are constant but for a few runs: the null hypothesis and nothing more. */
function quiet(random: Random, count: number, runs: number): Float64Array[] {
  const common = Array.from({ length: runs }, () => random.normal());
  return Array.from({ length: count }, (_, s) => Float64Array.from(common, (shared) => {
    const own = random.normal();
    if (s % 8 === 4) return random.uniform() < 0.1 ? 1 : 0;
    return (s % 3 === 0 ? own / (0.1 + random.uniform()) : own) * 0.15 + 0.1 * shared - s;
  }));
}

/** A group of its own for each series; the group of all of them is `series.length`. */
function alone(series: readonly Float64Array[]): Float64Array[][] {
  return series.map((values) => [values]);
}

/** Groups of four. */
function byFour(series: readonly Float64Array[]): Float64Array[][] {
  return Array.from({ length: series.length / 4 }, (_, g) => series.slice(4 * g, 4 * g + 4));
}

function risen(series: readonly Float64Array[], at: number, by: number, which: (s: number) => boolean): Float64Array[] {
  return series.map((values, s) => values.map((value, k) => (which(s) && k >= at ? value + by : value)));
}

describe('the fewest runs and permutations', () => {
  it('let a p-value reach the level, and one run fewer does not', () => {
    // C(13, 6) = 1716, C(12, 6) = 924; C(9, 4) = 126, C(8, 4) = 70
    expect([fewestRuns(1 / 1000), fewestRuns(1 / 100)]).toEqual([13, 9]);
    expect(permutationsFor(1 / 1000)).toBe(9999);
  });
});

describe('a rise', () => {
  it('of most series by an octave in the last five runs is found at its place', () => {
    const found = Array.from({ length: 20 }, (_, k) => findShift(byFour(risen(quiet(new Random(11, k), 24, 18), 13, 1, (s) => s % 3 === 1)), { ...options, seed: k }));
    expect(found.map((one) => one?.at)).toEqual(found.map(() => 13));
    for (const { pValue } of found.map((one) => one!)) expect(pValue).toBeLessThanOrEqual(options.level);
  });

  it('of one series alone names its group, and no other but perhaps that of all', () => {
    const { at, rose, evidence } = findShift(byFour(risen(quiet(new Random(5), 24, 24), 12, 1, (s) => s === 7)), options)!;
    expect([at, rose[0]]).toEqual([12, 1]);
    expect([[1], [1, 6]]).toContainEqual(rose);
    // it has most of the evidence of its group, and as much in that of all
    expect(evidence[1]!.indexOf(Math.max(...evidence[1]!))).toBe(3);
    expect(evidence[6]![7]).toBe(evidence[1]![3]);
    expect(evidence.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4, 4, 24]);
  });

  it('of one series in two is found though the others stay', () => {
    const found = Array.from({ length: 20 }, (_, k) => findShift([risen(quiet(new Random(13, k), 24, 18), 13, 1, (s) => s % 2 === 1)], { ...options, seed: k }));
    expect(found.map((one) => one?.at)).toEqual(found.map(() => 13));
  });

  it('is no fall, and no fall is a rise', () => {
    expect(findShift(byFour(risen(quiet(new Random(5), 24, 24), 12, -1, () => true)), options)).toBeUndefined();
  });

  it('is not found between runs where it cannot be', () => {
    const series = byFour(risen(quiet(new Random(6), 24, 24), 12, 1, () => true));
    expect(findShift(series, options)!.at).toBe(12);
    expect([10, 15]).toContain(findShift(series, { ...options, mayCut: (k) => k % 5 === 0 })!.at);
    expect(findShift(series, { ...options, mayCut: () => false })).toBeUndefined();
  });

  it('that has not lasted three runs, and one among too few runs, is none', () => {
    expect(findShift(byFour(risen(quiet(new Random(7), 24, 24), 23, 1, () => true)), options)).toBeUndefined();
    expect(findShift(byFour(risen(quiet(new Random(7), 24, 6), 3, 9, () => true)), options)).toBeUndefined();
    expect(findShift([], options)).toBeUndefined();
  });
});

describe('p-values', () => {
  it('are those of all orders, enumerated', () => {
    // one series, no noise, the last 4 of 9 high: only orders that keep them last reach it, 1 in C(9, 4) = 126
    const values = Float64Array.of(0, 0, 0, 0, 0, 1, 1, 1, 1);
    const { pValue } = findShift([[values]], { ...options, level: 0.02 })!;
    const permutations = permutationsFor(0.02);
    // the count is binomial(999, 1/126): mean 7.9, deviation 2.8; five deviations around
    expect(Math.abs(pValue * (permutations + 1) - 1 - permutations / 126)).toBeLessThanOrEqual(5 * Math.sqrt(permutations / 126));
  });

  it('without a rise are below the level no more often than the level says', () => {
    // binomial(400, 0.05) has mean 20 and deviation 4.4: more than 42, five deviations above, has a probability below 1e-5
    const found = Array.from({ length: 400 }, (_, k) => findShift(byFour(quiet(new Random(101, k), 12, 10)), { ...options, level: 0.05, seed: k })).filter((one) => one !== undefined);
    expect(found.length).toBeLessThanOrEqual(42);
    expect(found.length).toBeGreaterThan(0); // a test at 5 % that never finds anything is not one
  });

  it('of constant series say nothing', () => {
    expect(findShift(alone([new Float64Array(20), new Float64Array(20).fill(-3)]), options)).toBeUndefined();
  });
});
