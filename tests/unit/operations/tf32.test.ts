import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { tf32, tf32Underflow, tf32Unit } from '../../../src/operations/calculus/tf32.ts';
import { exactTf32 } from '../../../src/operations/exact/tf32.ts';
import { exactly } from '../../../src/operations/exact.ts';

const words = new DataView(new ArrayBuffer(4));

function float(bits: number): number {
  words.setUint32(0, bits);
  return words.getFloat32(0);
}

/** Every pattern of the 13 bits that are cut around a tie, and of those that a carry runs through, for exponents from subnormal to the largest. */
const patterns = [0, 1, 2, 100, 127, 128, 200, 253, 254].flatMap((exponent) =>
  [0, 1, 2, 0x3fe, 0x3ff].flatMap((kept) => [0, 1, 0xffe, 0xfff, 0x1000, 0x1001, 0x17ff, 0x1fff].flatMap((cut) => [0, 1].map((sign) => sign * 2 ** 31 + exponent * 2 ** 23 + kept * 2 ** 13 + cut))),
);

describe.each([['half-up', 'away'], ['nearest-even', 'even']] as const)('TF32, %s', (rounding, ties) => {
  test('is the nearest number of eleven bits', () => {
    const random = new Random(3);
    for (const bits of [...patterns, ...Array.from({ length: 2000 }, () => random.bits())]) {
      const x = float(bits);
      if (!Number.isFinite(x)) continue;
      const rounded = tf32(x, rounding);
      const truth = exactTf32(exactly(x), ties);
      if (truth.abs().gte(exactly(2 ** 128))) expect(rounded).toBe(Math.sign(x) * Infinity);
      else expect(exactly(rounded).minus(truth).abs().toNumber()).toBeLessThanOrEqual(1e-95 * Math.abs(x)); // 100 digits do not hold a subnormal
      expect(Object.is(tf32(rounded, rounding), rounded)).toBe(true);
      if (Number.isFinite(rounded)) expect(Math.abs(rounded - x)).toBeLessThanOrEqual(tf32Unit * Math.abs(x) + tf32Underflow / 2);
    }
  });

  test('keeps zeros, infinities and what is no number', () => {
    for (const x of [0, -0, Infinity, -Infinity, NaN]) expect(Object.is(tf32(x, rounding), x)).toBe(true);
  });
});

test('the two differ in ties to an odd neighbour alone, and neither is truncation', () => {
  const tie = float(0x3f801000); // 1 + 2⁻¹¹
  expect(tf32(tie, 'half-up')).toBe(1 + 2 ** -10);
  expect(tf32(tie, 'nearest-even')).toBe(1);
  expect(tf32(float(0x3f803000), 'nearest-even')).toBe(1 + 2 ** -9);
  expect(tf32(float(0x3f801001), 'nearest-even')).toBe(1 + 2 ** -10);
  expect(tf32(tie, 'any')).toBe(tie);
});
