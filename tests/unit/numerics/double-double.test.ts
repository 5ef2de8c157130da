import type { BigNumber } from 'mathjs';
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { Accumulator } from '../../../src/numerics/accumulator.ts';
import * as dd from '../../../src/numerics/double-double.ts';
import type { DoubleDouble } from '../../../src/numerics/double-double.ts';
import { exactly } from '../../../src/operations/exact.ts';

const u = 2 ** -53;
/** Bignumbers have 100 digits; up to 50 bits may cancel before they are compared. */
const roundingOfTruth = 10 ** -98 * 2 ** 50;
const random = new Random(20260901);

const big = (a: DoubleDouble): BigNumber => exactly(a.hi).plus(exactly(a.lo));

/** A double-double with a full low part and an exponent in [−range, range]. */
function draw(range: number, sign = random.sign()): DoubleDouble {
  const hi = sign * (1 + random.uniform() + random.uniform() * 2 ** -32) * 2 ** random.integer(-range, range);
  return dd.twoSum(hi, hi * (random.uniform() - 0.5) * 2 ** -53);
}

function relativeError(measured: DoubleDouble, expected: BigNumber): number {
  if (expected.isZero()) return big(measured).isZero() ? 0 : Infinity;
  return big(measured).minus(expected).div(expected).abs().toNumber();
}

describe('double-double', () => {
  const pairs = Array.from({ length: 1500 }, (_, i) => {
    const a = draw(i % 3 === 0 ? 2 : 200);
    // one in three nearly cancels
    const b = i % 3 === 1 ? dd.twoSum(-a.hi * (1 + random.integer(0, 3) * 2 ** -50), a.lo * random.uniform()) : draw(i % 3 === 0 ? 2 : 200);
    return [a, b] as const;
  });

  it.each([
    ['add', dd.add, (a: BigNumber, b: BigNumber): BigNumber => a.plus(b), 3 * u ** 2 + 13 * u ** 3],
    ['sub', dd.sub, (a: BigNumber, b: BigNumber): BigNumber => a.minus(b), 3 * u ** 2 + 13 * u ** 3],
    ['mul', dd.mul, (a: BigNumber, b: BigNumber): BigNumber => a.times(b), 7 * u ** 2],
    ['div', dd.div, (a: BigNumber, b: BigNumber): BigNumber => a.div(b), 15 * u ** 2 + 56 * u ** 3],
  ] as const)('%s stays within its bound', (_, operate, truth, bound) => {
    for (const [a, b] of pairs) expect(relativeError(operate(a, b), truth(big(a), big(b)))).toBeLessThanOrEqual(bound);
  });

  it('sqrt stays within its bound', () => {
    for (const [a] of pairs) {
      const positive = a.hi < 0 ? dd.negate(a) : a;
      expect(relativeError(dd.sqrt(positive), big(positive).sqrt())).toBeLessThanOrEqual(2 ** -102);
    }
  });

  it('exp stays within its bound over the range of f64', () => {
    for (let i = 0; i < 400; i++) {
      const hi = (random.uniform() - 0.5) * [1e-12, 0.1, 2, 20, 1300][i % 5]!;
      const a = dd.twoSum(hi, hi * 2 ** -54 * random.uniform());
      expect(relativeError(dd.exp(a), big(a).exp())).toBeLessThanOrEqual(2 ** -100);
    }
  });

  it('log stays within its bound, next to 1 and at the ends', () => {
    for (let i = 0; i < 400; i++) {
      const a = i % 2 === 0 ? draw(950, 1) : dd.twoSum(1, (random.uniform() - 0.5) * 2 ** -random.integer(0, 90));
      expect(relativeError(dd.log(a), big(a).ln())).toBeLessThanOrEqual(2 ** -100);
    }
    const smallest = dd.of(2 ** -1074);
    expect(relativeError(dd.log(smallest), big(smallest).ln())).toBeLessThanOrEqual(2 ** -100);
    const largest = dd.of(Number.MAX_VALUE);
    expect(relativeError(dd.log(largest), big(largest).ln())).toBeLessThanOrEqual(2 ** -100);
  });

  it('errors of f64 operations are exact, also next to overflow', () => {
    for (const [a, b] of [...pairs.map(([p, q]) => [p.hi, q.hi] as const), [2 ** 1020, 1.1], [1.3, Number.MAX_VALUE / 2], [2 ** 1000 * 1.7, 1.9 * 2 ** -900]] as const) {
      expect(relativeError(dd.twoSum(a, b), exactly(a).plus(exactly(b)))).toBeLessThanOrEqual(roundingOfTruth);
      expect(relativeError(dd.twoProduct(a, b), exactly(a).times(exactly(b)))).toBeLessThanOrEqual(roundingOfTruth);
    }
  });

  it('treats infinities and NaN as f64 does', () => {
    const [infinity, zero, one, nan] = [Infinity, 0, 1, NaN].map(dd.of) as [DoubleDouble, DoubleDouble, DoubleDouble, DoubleDouble];
    expect(dd.add(infinity, one)).toEqual({ hi: Infinity, lo: 0 });
    expect(dd.mul(infinity, zero).hi).toBeNaN();
    expect(dd.div(one, zero)).toEqual({ hi: Infinity, lo: 0 });
    expect(dd.div(one, infinity)).toEqual({ hi: 0, lo: 0 });
    expect(dd.exp(dd.of(-1e4))).toEqual({ hi: 0, lo: 0 });
    expect(dd.exp(dd.of(1e4))).toEqual({ hi: Infinity, lo: 0 });
    expect(dd.log(zero)).toEqual({ hi: -Infinity, lo: 0 });
    expect(dd.log(dd.of(-1)).hi).toBeNaN();
    expect(dd.less(nan, one)).toBe(false);
    expect(dd.less(dd.twoSum(1, -(2 ** -80)), one)).toBe(true);
  });
});

describe('Accumulator', () => {
  it('keeps its bound under cancellation', () => {
    for (let round = 0; round < 40; round++) {
      const terms = Array.from({ length: 60 }, () => [draw(20), draw(20)] as const);
      terms.push([dd.negate(terms[0]![0]), terms[0]![1]], [dd.negate(terms[1]![0]), terms[1]![1]]);
      const accumulator = new Accumulator();
      let sum = exactly(0);
      let magnitude = 0;
      for (const [a, b] of terms) {
        accumulator.addDoubleProduct(a.hi, a.lo, b.hi, b.lo);
        sum = sum.plus(big(a).times(big(b)));
        magnitude += Math.abs(a.hi * b.hi);
      }
      const gamma = (terms.length * u) / (1 - terms.length * u);
      const bound = u ** 2 * Math.abs(sum.toNumber()) + (gamma ** 2 + 8 * u ** 2) * magnitude;
      expect(big(accumulator.value()).minus(sum).abs().toNumber()).toBeLessThanOrEqual(bound);
    }
  });
});
