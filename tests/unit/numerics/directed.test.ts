import type { BigNumber } from 'mathjs';
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { compound } from '../../../src/numerics/compound.ts';
import * as directed from '../../../src/numerics/directed.ts';
import { exactSum } from '../../../src/numerics/exact-sum.ts';
import { exactly } from '../../../src/operations/exact.ts';

const random = new Random(11);
const number = (range: number): number => random.sign() * (1 + random.uniform() + random.uniform() * 2 ** -21) * 2 ** random.integer(-range, range);

describe('directed rounding', () => {
  it('steps to the neighbours', () => {
    expect(directed.nextUp(1)).toBe(1 + 2 ** -52);
    expect(directed.nextDown(1)).toBe(1 - 2 ** -53);
    expect(directed.nextUp(0)).toBe(2 ** -1074);
    expect(directed.nextDown(0)).toBe(-(2 ** -1074));
    expect(directed.nextUp(-(2 ** -1074))).toBe(-0);
    expect(directed.nextUp(Number.MAX_VALUE)).toBe(Infinity);
    expect(directed.nextDown(Infinity)).toBe(Number.MAX_VALUE);
    expect(directed.nextUp(Infinity)).toBe(Infinity);
    expect(directed.nextUp(NaN)).toBeNaN();
  });

  it('encloses sums, products, quotients and roots, within one step of each other', () => {
    for (let i = 0; i < 2000; i++) {
      const range = [1, 20, 100, 400][i % 4]!;
      const [a, b] = [number(range), number(range)];
      const cases: [number, number, BigNumber][] = [
        [directed.addDown(a, b), directed.addUp(a, b), exactly(a).plus(exactly(b))],
        [directed.mulDown(a, b), directed.mulUp(a, b), exactly(a).times(exactly(b))],
        [directed.divDown(a, b), directed.divUp(a, b), exactly(a).div(exactly(b))],
        [directed.sqrtDown(Math.abs(a)), directed.sqrtUp(Math.abs(a)), exactly(Math.abs(a)).sqrt()],
      ];
      for (const [low, high, truth] of cases) {
        expect(exactly(low).lte(truth)).toBe(true);
        expect(exactly(high).gte(truth)).toBe(true);
        expect(high).toBeLessThanOrEqual(directed.nextUp(directed.nextUp(low)));
      }
    }
  });

  it('keeps exact results and survives the ends of the range', () => {
    expect(directed.addUp(1, 1)).toBe(2);
    expect(directed.mulUp(3, 0.25)).toBe(0.75);
    expect(directed.divUp(3, 4)).toBe(0.75);
    expect(directed.divDown(-3, 4)).toBe(-0.75);
    expect(directed.divUp(1, 3)).toBe(directed.nextUp(directed.divDown(1, 3)));
    expect(directed.divUp(Number.MAX_VALUE, 0.5)).toBe(Infinity);
    expect(directed.sqrtUp(9)).toBe(3);
    expect(directed.sqrtDown(9)).toBe(3);
    expect(directed.mulUp(2 ** -1000, 2 ** -1000)).toBe(2 ** -1074);
    expect(directed.mulDown(2 ** -1000, -(2 ** -1000))).toBe(-(2 ** -1074));
    expect(directed.addDown(Number.MAX_VALUE, Number.MAX_VALUE)).toBe(Number.MAX_VALUE);
    expect(directed.addUp(Number.MAX_VALUE, Number.MAX_VALUE)).toBe(Infinity);
    const tiny = directed.sqrtUp(3 * 2 ** -1074);
    expect(exactly(tiny).times(exactly(tiny)).gte(exactly(3 * 2 ** -1074))).toBe(true);
    expect(directed.sqrtUp(NaN)).toBeNaN();
    expect(directed.rootUp(256, 3)).toBe(2);
  });
});

describe('exactSum', () => {
  it('is the f64 nearest to the sum of bignumbers', () => {
    for (let round = 0; round < 300; round++) {
      const values = Float64Array.from({ length: random.integer(0, 24) }, () => number([2, 40, 200][round % 3]!));
      if (round % 2 === 0 && values.length > 3) values[0] = -values[1]! - values[2]!;
      const truth = values.reduce((total, x) => total.plus(exactly(x)), exactly(0));
      const error = exactly(exactSum(values)).minus(truth).abs();
      for (const neighbour of [directed.nextUp(exactSum(values)), directed.nextDown(exactSum(values))]) {
        expect(error.lte(exactly(neighbour).minus(truth).abs())).toBe(true);
      }
    }
  });

  it('breaks ties by what is left, strides, and overflows like a sum', () => {
    expect(exactSum([1, 2 ** -53, 2 ** -120])).toBe(1 + 2 ** -52);
    expect(exactSum([1, 2 ** -53, -(2 ** -120)])).toBe(1);
    expect(exactSum([1e100, 1, -1e100])).toBe(1);
    expect(exactSum([1, 10, 2, 20], 1, 2, 2)).toBe(30);
    expect(exactSum([Number.MAX_VALUE, Number.MAX_VALUE])).toBe(Infinity);
    expect(exactSum([1, NaN])).toBeNaN();
    expect(exactSum([])).toBe(0);
  });
});

describe('compound', () => {
  it('is at least (1 + u)^k − 1, closely', () => {
    for (const [k, unit] of [[1, 2 ** -24], [7, 2 ** -24], [4096, 2 ** -24], [2 ** 24, 2 ** -24], [256, 2 ** -8], [3, 2 ** -53]] as const) {
      const truth = exactly(1).plus(exactly(unit)).pow(k).minus(1);
      const bound = compound([k, unit]);
      expect(exactly(bound).gte(truth)).toBe(true);
      expect(exactly(bound).div(truth).minus(1).toNumber()).toBeLessThanOrEqual(200 * 2 ** -52); // some roundings upwards
    }
    expect(compound([0, 2 ** -24])).toBe(0);
    expect(compound([5, 0])).toBe(0);
    expect(compound([1, 0.5], [1, 0.25])).toBe(0.875);
  });
});
