import { describe, expect, test } from 'vitest';

import { coefficientFamilies } from '../../../src/generate/families/coefficients.ts';
import { cotangentFamilies, finiteCotangentFamilies } from '../../../src/generate/families/cotangents.ts';
import type { MatrixFamily } from '../../../src/generate/families/family.ts';
import { finiteStreamFamilies, streamFamilies } from '../../../src/generate/families/streams.ts';
import { Random } from '../../../src/generate/random.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import { dtypes } from '../../../src/tensor/dtype.ts';

function rowsOf(fill: MatrixFamily, rows: number, columns: number, seed = 1): number[][] {
  const out = new Float64Array(rows * columns + 2).fill(NaN);
  fill(out, 1, rows, columns, new Random(seed));
  expect(out[0], 'writes before its token').toBeNaN();
  expect(out[rows * columns + 1], 'writes after its token').toBeNaN();
  return Array.from({ length: rows }, (_, i) => [...out.subarray(1 + i * columns, 1 + (i + 1) * columns)]);
}
const shapes = [[1, 1], [1, 8], [4, 1], [4, 31], [16, 3]] as const;
const everyStream = (name: string, check: (rows: number[][]) => void): void => {
  for (const [rows, columns] of shapes) for (const seed of [1, 2, 3]) check(rowsOf(streamFamilies[name]!.fill, rows, columns, seed));
};
const everyCotangent = (name: string, check: (rows: number[][]) => void): void => {
  for (const [rows, columns] of shapes) check(rowsOf(cotangentFamilies[name]!, rows, columns));
};
const sizeOf = (rows: number[][]): number => Math.max(...rows.flat().map(Math.abs));

describe('streams', () => {
  test.each(finiteStreamFamilies)('%s is finite in every dtype', (name) => {
    everyStream(name, (rows) => {
      for (const dtype of dtypes) expect(rows.flat().every((value) => Number.isFinite(roundTo[dtype](value)))).toBe(true);
    });
  });

  test('families are what they say', () => {
    everyStream('integers', (rows) => expect(rows.flat().every((value) => Number.isInteger(value) && Math.abs(value) <= 8)).toBe(true));
    everyStream('identical-streams', (rows) => rows.forEach((row) => expect(row).toEqual(rows[0])));
    everyStream('one-hot-stream', (rows) => expect(rows.filter((row) => row.some((value) => value !== 0))).toHaveLength(1));
    everyStream('zeros', (rows) => expect(rows.flat().every((value) => Object.is(value, 0))).toBe(true));
    everyStream('tiny', (rows) => expect(sizeOf(rows)).toBeLessThan(4e-12));
    const large = sizeOf(rowsOf(streamFamilies['large']!.fill, 4, 31));
    expect(large).toBeGreaterThan(4096);
    const ratio = rowsOf(streamFamilies['magnitude-ratio']!.fill, 4, 31).map((row) => sizeOf([row]));
    expect(Math.max(...ratio) / Math.min(...ratio)).toBeGreaterThan(5e3);
  });

  test('every family comes with coefficients that exist, integers with dyadic ones only', () => {
    for (const { coefficients } of Object.values(streamFamilies)) {
      expect(coefficients.length).toBeGreaterThan(0);
      for (const name of coefficients) expect(Object.keys(coefficientFamilies)).toContain(name);
    }
    for (const name of streamFamilies['integers']!.coefficients) {
      const out = new Float64Array(16);
      coefficientFamilies[name]!(out, 0, 16, 2, new Random(1));
      expect(out.every((value) => Number.isInteger(value * 16))).toBe(true);
    }
  });
});

test.each(Object.keys(coefficientFamilies))('%s coefficients lie between 0 and the limit', (name) => {
  for (const limit of [1, 2]) for (const n of [1, 4, 16]) for (const seed of [1, 2, 3]) {
    const out = new Float64Array(n + 2).fill(NaN);
    coefficientFamilies[name]!(out, 1, n, limit, new Random(seed));
    expect(out[0]).toBeNaN();
    expect(out[n + 1]).toBeNaN();
    const values = out.subarray(1, n + 1);
    expect(values.every((value) => value >= 0 && value <= limit)).toBe(true);
    if (name === 'one-hot') expect(values.toSorted().at(-1)).toBe(1);
    if (name === 'one-hot') expect(values.filter((value) => value !== 0)).toHaveLength(1);
    if (name === 'powers-of-two') expect(values.every((value) => Number.isInteger(Math.log2(value)))).toBe(true);
    if (name === 'zeros') expect(values.every((value) => value === 0)).toBe(true);
  }
});

describe('cotangents', () => {
  test('families are what they say', () => {
    for (const name of finiteCotangentFamilies) everyCotangent(name, (rows) => expect(rows.flat().every(Number.isFinite)).toBe(true));
    everyCotangent('one-hot', (rows) => expect(rows.flat().filter((value) => value !== 0)).toEqual([1]));
    everyCotangent('row-constant', (rows) => rows.forEach((row) => expect(row).toEqual(rows[0])));
    everyCotangent('column-constant', (rows) => rows.forEach((row) => expect(new Set(row).size).toBe(1)));
    everyCotangent('integers', (rows) => expect(rows.flat().every(Number.isInteger)).toBe(true));
    expect(sizeOf(rowsOf(cotangentFamilies['large']!, 4, 4))).toBeGreaterThan(1e10);
    const outer = rowsOf(cotangentFamilies['rank-one']!, 4, 4);
    for (const row of outer) {
      // 2×2 minors: two products, each of two numbers with two roundings, and a difference
      const scale = Math.abs(row[0]! * outer[0]![1]!);
      expect(Math.abs(row[0]! * outer[0]![1]! - row[1]! * outer[0]![0]!)).toBeLessThanOrEqual(4 * scale * 2 ** -53);
    }
  });

  test('none is constant, where there is room not to be', () => {
    for (const name of finiteCotangentFamilies) {
      expect(new Set(rowsOf(cotangentFamilies[name]!, 4, 4).flat()).size).toBeGreaterThan(1);
    }
  });

  test('the normal one is asymmetric', () => {
    const rows = rowsOf(cotangentFamilies['normal']!, 4, 4);
    expect(rows[1]![0]).not.toBe(rows[0]![1]);
  });
});
