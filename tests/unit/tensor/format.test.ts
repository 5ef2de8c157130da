import fc from 'fast-check';
import { expect, it } from 'vitest';

import { roundTo } from '../../../src/tensor/codecs.ts';
import { dtypes, type Dtype } from '../../../src/tensor/dtype.ts';
import { formatLike, formatNumber } from '../../../src/tensor/format.ts';

it.each<[number, Dtype, string]>([
  [Math.fround(0.1), 'f32', '0.1'],
  [Math.fround(1 / 3), 'f32', '0.33333334'],
  [1 / 3, 'f64', '0.3333333333333333'],
  [0.3330078125, 'f16', '0.333'],
  [0.333984375, 'bf16', '0.334'],
  [65504, 'f16', '65500'],
  [-0, 'f32', '-0'],
  [Number.NaN, 'f32', 'NaN'],
  [-Infinity, 'bf16', '-Infinity'],
  [2 ** -149, 'f32', '1e-45'],
])('%d as %s is %s', (value, dtype, text) => {
  expect(formatNumber(value, dtype)).toBe(text);
});

it('reads back as the same number of the dtype', () => {
  fc.assert(
    fc.property(fc.double(), fc.constantFrom(...dtypes), (value, dtype) => {
      const stored = roundTo[dtype](value);
      expect(roundTo[dtype](Number(formatNumber(stored, dtype)))).toBe(stored);
    }),
  );
});

it('writes a value that is not of the dtype in full, and near it on request', () => {
  expect(formatNumber(0.1, 'f32')).toBe('0.1');
  expect(formatNumber(1 / 3, 'bf16')).toBe('0.3333333333333333');
  expect(formatLike(1 / 3, 'bf16')).toBe('0.3333');
  expect(formatLike(Number.NaN, 'f32')).toBe('NaN');
});
