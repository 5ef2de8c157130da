import { describe, expect, test } from 'vitest';

import { doublyStochasticMappings, finiteMappingFamilies, mappingFamilies } from '../../../src/generate/families/mappings.ts';
import { Random } from '../../../src/generate/random.ts';

const counts = [1, 2, 3, 4, 5, 8, 16];
const depth = 3;

/** The sublayers of one token, each as rows. */
function layers(family: string, n: number, seed = 1, sublayers = depth): number[][][] {
  const out = new Float64Array(sublayers * n * n + 2).fill(NaN);
  mappingFamilies[family]!(out, 1, n, sublayers, new Random(seed, n));
  expect(out[0], 'writes before its token').toBeNaN();
  expect(out[out.length - 1], 'writes after its token').toBeNaN();
  const rowAt = (start: number): number[] => [...out.subarray(start, start + n)];
  return Array.from({ length: sublayers }, (_, layer) => Array.from({ length: n }, (_row, i) => rowAt(1 + (layer * n + i) * n)));
}
const transpose = (rows: number[][]): number[][] => rows.map((_, j) => rows.map((row) => row[j]!));
const sums = (rows: number[][]): number[] => rows.map((row) => row.reduce((a, b) => a + b, 0));
const deviation = (rows: number[][]): number => Math.max(...sums(rows).map((sum) => Math.abs(sum - 1)));
/** Rounding of n entries, a sum of n and a few scalings: (2n + 4) roundings of 2⁻⁵³. */
const rounding = (n: number): number => (2 * n + 4) * 2 ** -53;
const everywhere = (family: string, check: (layer: number[][], n: number) => void): void => {
  for (const n of counts) for (const seed of [1, 2, 3]) layers(family, n, seed).forEach((layer) => check(layer, n));
};

describe.each(finiteMappingFamilies)('%s', (family) => {
  test('is finite at every n, and the same for the same seed', () => {
    everywhere(family, (layer) => expect(layer.flat().every(Number.isFinite)).toBe(true));
    expect(layers(family, 4)).toEqual(layers(family, 4));
  });
});

test.each(doublyStochasticMappings)('%s is doubly stochastic to rounding, and not negative', (family) => {
  everywhere(family, (layer, n) => {
    expect(deviation(layer)).toBeLessThanOrEqual(2 * rounding(n));
    expect(deviation(transpose(layer))).toBeLessThanOrEqual(2 * rounding(n));
    expect(layer.flat().every((entry) => entry >= 0)).toBe(true);
  });
});

test('the list of doubly stochastic families leaves out exactly those that are not', () => {
  const others = finiteMappingFamilies.filter((name) => !doublyStochasticMappings.includes(name));
  for (const family of others) {
    const worst = layers(family, 4).map((layer) => Math.max(deviation(layer), deviation(transpose(layer))));
    expect(Math.max(...worst)).toBeGreaterThan(1e-6);
  }
});

test('permutation, identity and cyclic-shift are permutations of the kind they say', () => {
  for (const family of ['permutation', 'identity', 'cyclic-shift']) {
    everywhere(family, (layer) => {
      expect(layer.flat().every((entry) => entry === 0 || entry === 1)).toBe(true);
      expect(sums(layer)).toEqual(layer.map(() => 1));
      expect(sums(transpose(layer))).toEqual(layer.map(() => 1));
    });
  }
  everywhere('identity', (layer) => layer.forEach((row, i) => expect(row[i]).toBe(1)));
  everywhere('cyclic-shift', (layer, n) => {
    layer.forEach((row, i) => expect(row[(i + 1) % n]).toBe(1));
    if (n > 2) expect(layer).not.toEqual(transpose(layer));
  });
});

test('dyadic has multiples of 1/16 with sums of exactly 1, uniform has 1/n', () => {
  everywhere('dyadic', (layer) => {
    expect(layer.flat().every((entry) => Number.isInteger(entry * 16))).toBe(true);
    expect([...sums(layer), ...sums(transpose(layer))].every((sum) => sum === 1)).toBe(true);
  });
  everywhere('uniform', (layer, n) => expect(new Set(layer.flat())).toEqual(new Set([1 / n])));
});

test('near-permutation keeps nearly all weight on a permutation', () => {
  for (const family of ['near-permutation', 'correlated-near-permutation']) {
    everywhere(family, (layer) => {
      for (const line of [...layer, ...transpose(layer)]) expect(Math.max(...line)).toBeGreaterThanOrEqual(7 / 8);
    });
  }
});

test('shipped mappings have exact columns up to epsilon, and visibly inexact rows', () => {
  for (const family of ['shipped', 'correlated-shipped']) {
    everywhere(family, (layer, n) => expect(deviation(transpose(layer))).toBeLessThan(2e-6 + rounding(n)));
    const rows = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => Math.max(...layers(family, 4, seed).map(deviation)));
    expect(Math.max(...rows)).toBeGreaterThan(1e-3);
  }
});

test('one-sided families are exact on one side only', () => {
  everywhere('column-stochastic-only', (layer, n) => expect(deviation(transpose(layer))).toBeLessThan(rounding(n)));
  everywhere('row-stochastic-only', (layer, n) => expect(deviation(layer)).toBeLessThan(rounding(n)));
  expect(deviation(layers('column-stochastic-only', 4)[0]!)).toBeGreaterThan(0.01);
  expect(deviation(transpose(layers('row-stochastic-only', 4)[0]!))).toBeGreaterThan(0.01);
});

test('block-diagonal does not mix two groups', () => {
  everywhere('block-diagonal', (layer, n) => {
    const split = [...Array(n).keys()].some((s) => layer.every((row, i) => row.every((entry, j) => i <= s === j <= s || entry === 0)));
    expect(split).toBe(true);
    if (n > 1) expect(layer.flat()).toContain(0);
  });
});

test('correlated layers are nearly alike, independent ones are not, and neither repeats', () => {
  const distance = (family: string): number => {
    const values = layers(family, 4, 1, 16).map((layer) => layer.flat());
    const between = values.slice(1).map((layer, l) => Math.max(...layer.map((entry, i) => Math.abs(entry - values[l]![i]!))));
    expect(Math.min(...between)).toBeGreaterThan(0);
    return between.reduce((a, b) => a + b) / between.length;
  };
  expect(distance('correlated')).toBeLessThan(distance('independent') / 2);
  expect(distance('correlated-near-permutation')).toBeLessThan(distance('near-permutation') / 2);
});

test('the row deviations of correlated shipped layers add up, those of independent ones average out', () => {
  const n = 4;
  const multiply = (a: number[][], b: number[][]): number[][] => a.map((row) => row.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
  const gain = (family: string): number => Math.max(...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) => sums(layers(family, n, seed, 60).reduce(multiply))));
  expect(gain('independent') - 1).toBeLessThan(60 * 4 * rounding(n));
  expect(gain('shipped')).toBeGreaterThan(gain('independent'));
  expect(gain('correlated-shipped')).toBeGreaterThan(gain('shipped'));
});
