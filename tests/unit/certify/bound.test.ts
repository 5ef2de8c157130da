import { describe, expect, it } from 'vitest';

import { boundOf, boundSchema, fromHexFloat, numberOf, toHexFloat } from '../../../src/certify/bound.ts';
import { Random } from '../../../src/generate/random.ts';

describe('a bound in two forms', () => {
  it.each([
    [1, '0x1p+0'], [1.5, '0x1.8p+0'], [-0.1, '-0x1.999999999999ap-4'], [0, '0x0p+0'], [2 ** -1074, '0x0.0000000000001p-1022'],
    [2 ** -1022, '0x1p-1022'], [Number.MAX_VALUE, '0x1.fffffffffffffp+1023'],
  ])('%d is %s, as Python writes it', (value, hex) => {
    expect(toHexFloat(value)).toBe(hex);
    expect(fromHexFloat(hex)).toBe(value);
  });

  it('round-trips numbers of all sizes, and both forms are one number', () => {
    const random = new Random(3);
    for (let i = 0; i < 5000; i++) {
      const value = random.sign() * (1 + random.uniform() + random.uniform() * 2 ** -21) * 2 ** random.integer(-1074, 1022);
      const bound = boundOf(value, 'up');
      expect(boundSchema.safeParse(bound).success).toBe(true);
      expect(Object.is(numberOf(bound), value) && Number(bound.decimal) === value).toBe(true);
    }
  });

  it.each(['0x1.8', '1.5', '0x1.G p+0', '0x1.80p+0', '0x0.1p+0', '0x1p+1024', '0x1.8p+00', ''])('%s is none', (text) => {
    expect(fromHexFloat(text)).toBeNaN();
  });

  it('refuses what bounds nothing', () => {
    for (const value of [NaN, Infinity, -Infinity]) expect(() => boundOf(value, 'up')).toThrow(/no bound/);
    expect(boundSchema.safeParse({ decimal: '1.5', hex: '0x1.9p+0', rounded: 'up' }).success).toBe(false);
  });
});
