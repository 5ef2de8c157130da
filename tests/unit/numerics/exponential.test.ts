import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { expDown, expUp } from '../../../src/numerics/exponential.ts';
import { exactly } from '../../../src/operations/exact.ts';

const random = new Random(5);

describe('the exponential with directed rounding', () => {
  test('encloses the truth, tightly', () => {
    const special = [0, -0, 1, -1, 2 ** -3, 2 ** -3 + 2 ** -55, 8, 8 + 2 ** -49, 2 ** -1074, -(2 ** -1074), 2 ** -30, 87.5, -87.5, 700, -700, 709.7, -745];
    const drawn = Array.from({ length: 2000 }, (_, i) => random.normal() * [1e-9, 0.1, 1, 10, 100][i % 5]!);
    for (const x of [...special, ...drawn]) {
      const truth = exactly(x).exp();
      expect(exactly(expUp(x)).gte(truth), `expUp(${x})`).toBe(true);
      expect(exactly(expDown(x)).lte(truth), `expDown(${x})`).toBe(true);
      const halvings = Math.max(1, 8 * Math.abs(x) * 2);
      if (expDown(x) > 2 ** -1000) expect(expUp(x) / expDown(x) - 1).toBeLessThanOrEqual(halvings * 2 ** -47);
    }
  });

  test('is exact at 0, and says what it can where f64 ends', () => {
    expect([expDown(0), expUp(0)]).toEqual([1, 1]);
    expect([expDown(1000), expUp(1000)]).toEqual([Number.MAX_VALUE, Infinity]);
    expect([expDown(-1000), expUp(-1000)]).toEqual([0, Number.MIN_VALUE]);
    expect([expDown(Infinity), expUp(Infinity)]).toEqual([Infinity, Infinity]);
    expect([expDown(-Infinity), expUp(-Infinity)]).toEqual([0, Number.MIN_VALUE]);
    expect([expDown(NaN), expUp(NaN)]).toEqual([NaN, NaN]);
  });
});
