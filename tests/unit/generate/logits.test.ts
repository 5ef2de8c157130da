import { describe, expect, test } from 'vitest';

import { finiteLogitsFamilies, logitsFamilies, logitScales } from '../../../src/generate/families/logits.ts';
import { Random } from '../../../src/generate/random.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import { dtypes } from '../../../src/tensor/dtype.ts';

const counts = [1, 2, 3, 4, 5, 6, 8, 16];
type At = (i: number, j: number) => number;

function matrix(family: string, n: number, scale: number, token = 0): { values: Float64Array; at: At } {
  const values = new Float64Array(n * n + 2).fill(NaN);
  logitsFamilies[family]!(values, 1, n, scale, new Random(17, n, scale, token), token);
  expect(values[0], 'writes before its token').toBeNaN();
  expect(values[n * n + 1], 'writes after its token').toBeNaN();
  const own = values.subarray(1, n * n + 1);
  return { values: own, at: (i, j) => own[i * n + j]! };
}

/** Calls `check` for every n, scale and some tokens. */
function everywhere(family: string, check: (at: At, n: number, scale: number, values: Float64Array) => void, sizes = counts): void {
  for (const n of sizes) for (const scale of logitScales) for (const token of [0, 1, 2]) {
    const { values, at } = matrix(family, n, scale, token);
    check(at, n, scale, values);
  }
}
const pairs = (n: number): [number, number][] => Array.from({ length: n * n }, (_, k) => [Math.floor(k / n), k % n]);

describe.each(finiteLogitsFamilies)('%s', (family) => {
  test('is finite in every dtype, at every n and scale', () => {
    everywhere(family, (_at, _n, _scale, values) => {
      for (const dtype of dtypes) expect(values.every((value) => Number.isFinite(roundTo[dtype](value)))).toBe(true);
    });
  });

  test('has the same values for the same seed', () => {
    expect(matrix(family, 4, 10, 5).values).toEqual(matrix(family, 4, 10, 5).values);
  });
});

test.each(finiteLogitsFamilies.filter((name) => name !== 'zeros' && name !== 'support-pattern'))('%s differs between tokens', (family) => {
  const tokens = Array.from({ length: 8 }, (_, token) => matrix(family, 4, 10, token).values.join());
  expect(new Set(tokens).size).toBeGreaterThan(4);
});

test('zeros and constant are constant', () => {
  everywhere('zeros', (_at, _n, _scale, values) => expect(values.every((value) => Object.is(value, 0))).toBe(true));
  everywhere('constant', (_at, _n, _scale, values) => expect(new Set(values).size).toBe(1));
});

test.each(['dyadic', 'rank-one', 'kronecker', 'integer', 'ties'])('%s has seven bits a number on one grid, so row shifts on it are exact in bf16', (family) => {
  everywhere(family, (_at, _n, scale, values) => {
    if (family === 'integer' && scale > 32) return; // integers keep the step 1 and grow
    const step = family === 'integer' ? 1 : 2 ** Math.max(-3, Math.ceil(Math.log2(scale / 32)));
    const shifts = [-128, -5, 0, 1, 127].map((steps) => steps * step);
    expect(values.every((value) => Number.isInteger(value / step) && Math.abs(value / step) < 128)).toBe(true);
    expect(values.every((value) => shifts.every((shift) => roundTo.bf16(value + shift) === value + shift))).toBe(true);
  });
});

test.each(['shifted', 'row-shifted'])('%s is exact in f32 on the grid of 1/8, also after a further shift', (family) => {
  everywhere(family, (_at, _n, _scale, values) => {
    expect(values.every((value) => Number.isInteger(value * 8) && Math.fround(value + 1234.125) === value + 1234.125)).toBe(true);
  });
  expect(Math.min(...matrix(family, 4, 1).values.map(Math.abs))).toBeGreaterThan(80);
});

test('shifted rows share one offset, row-shifted rows have their own', () => {
  const spread = (family: string): number => {
    const rows = Array.from({ length: 8 }, (_, token) => token).flatMap((token) => {
      const { at } = matrix(family, 4, 1, token);
      return [Math.abs(at(0, 0) - at(1, 0))];
    });
    return Math.max(...rows);
  };
  expect(spread('shifted')).toBeLessThan(8);
  expect(spread('row-shifted')).toBeGreaterThan(80);
});

test('rank-one has no interaction', () => {
  everywhere('rank-one', (at, n) => {
    for (const [i, j] of pairs(n)) expect(at(i, j) - at(0, j) - at(i, 0) + at(0, 0)).toBe(0);
  });
});

test('circulant and latin-square repeat the first row', () => {
  everywhere('circulant', (at, n) => {
    for (const [i, j] of pairs(n)) expect(at(i, j)).toBe(at(0, (j - i + n) % n));
  });
  everywhere('latin-square', (at, n) => {
    const lines = [...Array(n).keys()].flatMap((i) => [[...Array(n).keys()].map((j) => at(i, j)), [...Array(n).keys()].map((j) => at(j, i))]);
    const sorted = lines.map((line) => line.toSorted((a, b) => a - b).join());
    expect(new Set(sorted).size).toBe(1);
  });
  const { at } = matrix('latin-square', 4, 10);
  for (const [i, j] of pairs(4)) expect(at(i, j)).toBe(at(0, i ^ j));
});

test('permutation-spikes has one positive entry per line, near the scale, and zeros', () => {
  everywhere('permutation-spikes', (at, n, scale) => {
    if (scale === 0) return;
    const spikes = pairs(n).filter(([i, j]) => at(i, j) !== 0);
    expect(new Set(spikes.map(([i]) => i)).size).toBe(n);
    expect(new Set(spikes.map(([, j]) => j)).size).toBe(n);
    const [beta, ...others] = new Set(spikes.map(([i, j]) => at(i, j)));
    expect(others).toEqual([]);
    expect(beta! >= scale / 2 && beta! <= 1.5 * scale).toBe(true);
  });
});

test('kronecker is a Kronecker sum of the smallest factor and the rest', () => {
  everywhere('kronecker', (at, n) => {
    const q = n === 1 ? 1 : n / 2;
    for (const [row, column] of pairs(n)) {
      const [i, k, j, l] = [Math.floor(row / q) * q, row % q, Math.floor(column / q) * q, column % q];
      expect(at(row, column) - at(i, j)).toBe(at(k, l) - at(0, 0));
    }
  }, [1, 4, 6, 8, 10, 16]);
});

test('symmetric, duplicate-rows and duplicate-columns are what they say', () => {
  everywhere('symmetric', (at, n) => {
    for (const [i, j] of pairs(n)) expect(at(i, j)).toBe(at(j, i));
  });
  const lines = (n: number, entry: At): string[] => [...Array(n).keys()].map((i) => [...Array(n).keys()].map((j) => entry(i, j)).join());
  everywhere('duplicate-rows', (at, n) => expect(new Set(lines(n, at)).size).toBeLessThan(Math.max(n, 2)));
  everywhere('duplicate-columns', (at, n) => expect(new Set(lines(n, (i, j) => at(j, i))).size).toBeLessThan(Math.max(n, 2)));
});

test('ties has at most three values', () => {
  everywhere('ties', (_at, _n, _scale, values) => expect(new Set(values).size).toBeLessThanOrEqual(3));
});

test('support-pattern meets all 65,536 / 317 classes at n = 4, and permuted ones in later rounds', () => {
  const mask = (token: number): number => matrix('support-pattern', 4, 30, token).values.reduce((bits, value, i) => bits | (value === 0 ? 1 << i : 0), 0);
  const first = Array.from({ length: 317 }, (_, token) => mask(token));
  expect(new Set(first).size).toBe(317);
  expect(Array.from({ length: 317 }, (_, token) => mask(317 + token))).not.toEqual(first);
  everywhere('support-pattern', (_at, _n, scale, values) => expect(values.every((value) => value === 0 || value === -scale)).toBe(true));
});

test('triangular has −scale in one triangle, block off two diagonal blocks', () => {
  everywhere('triangular', (at, n, scale) => {
    const below = pairs(n).filter(([i, j]) => i > j).every(([i, j]) => at(i, j) === 0 - scale);
    const above = pairs(n).filter(([i, j]) => i < j).every(([i, j]) => at(i, j) === 0 - scale);
    expect(below || above).toBe(true);
    expect(pairs(n).filter(([i, j]) => i === j).every(([i, j]) => Math.abs(at(i, j)) < 4)).toBe(true);
  });
  everywhere('block', (at, n, scale) => {
    const split = [...Array(n + 1).keys()].slice(1).find((s) => pairs(n).every(([i, j]) => i < s === j < s || at(i, j) === 0 - scale));
    expect(split).toBeDefined();
    if (n > 1 && scale > 10) expect(split).toBeLessThan(n);
  });
});

test('dominated-column leaves one column a softmax sum near n·ε', () => {
  everywhere('dominated-column', (at, n) => {
    if (n === 1) return;
    const sums = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const row = [...Array(n).keys()].map((j) => Math.exp(at(i, j)));
      const total = row.reduce((a, b) => a + b);
      row.forEach((value, j) => (sums[j]! += value / total));
    }
    const least = Math.min(...sums) / n;
    expect(least).toBeGreaterThan(1e-12);
    expect(least).toBeLessThan(1e-2);
  });
});

test('mixed-magnitude spans decades, spike has one outlier, subnormal is tiny and has zeros of both signs', () => {
  const { values: mixed } = matrix('mixed-magnitude', 8, 1);
  const sizes = mixed.map(Math.abs);
  expect(Math.max(...sizes) / Math.min(...sizes)).toBeGreaterThan(1e4);
  everywhere('spike', (_at, n, scale, values) => {
    if (scale > 0) expect(values.filter((value) => Math.abs(value) === 4 * scale)).toHaveLength(1);
    expect(values).toHaveLength(n * n);
  });
  const tiny = Array.from({ length: 20 }, (_, token) => [...matrix('subnormal', 4, 1, token).values]).flat();
  expect(tiny.every((value) => Math.abs(value) < 2 ** -14)).toBe(true);
  expect(tiny.some((value) => Object.is(value, 0)) && tiny.some((value) => Object.is(value, -0))).toBe(true);
  expect(tiny.some((value) => value !== 0 && Math.abs(value) < 2 ** -126)).toBe(true);
});

test('normal and uniform grow with the scale', () => {
  for (const family of ['normal', 'uniform']) {
    const largest = Math.max(...matrix(family, 16, 60).values.map(Math.abs));
    expect(largest).toBeGreaterThan(50);
    expect(largest).toBeLessThanOrEqual(family === 'uniform' ? 60 : 60 * Math.sqrt(12));
  }
});
