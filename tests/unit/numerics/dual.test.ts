import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import * as dd from '../../../src/numerics/double-double.ts';
import { dual, dualField } from '../../../src/numerics/dual.ts';
import { doubleDoubleField, float64Field, type Field } from '../../../src/numerics/field.ts';

/** A function that uses every operation of a field: log(exp(x)·x + 1/x − x). */
function sample<F>(field: Field<F>, x: F): F {
  const one = field.of(1);
  return field.log(field.sub(field.add(field.mul(field.exp(x), x), field.div(one, x)), x));
}

/** Its derivative by hand, in double-double. */
function sampleDerivative(x: number): number {
  const [X, one, e] = [dd.of(x), dd.of(1), dd.exp(dd.of(x))];
  const inside = dd.sub(dd.add(dd.mul(e, X), dd.div(one, X)), X);
  const numerator = dd.sub(dd.sub(dd.add(dd.mul(e, X), e), dd.div(one, dd.mul(X, X))), one);
  return dd.div(numerator, inside).hi;
}

describe('fields', () => {
  const points = Array.from({ length: 200 }, (_, i) => 0.1 + (new Random(7, i).uniform() * i) / 20);

  it('a function over dual numbers has the value of f64 and the derivative of the quotient rule', () => {
    for (const x of points) {
      const result = sample(dualField, dual(x, 1));
      expect(result.value).toBe(sample(float64Field, x));
      // about 20 roundings, each amplified by at most the ratio of magnitudes to result
      const magnitude = (Math.exp(x) * (x + 1) + 1 / x ** 2 + 1) / Math.exp(result.value);
      expect(Math.abs(result.derivative - sampleDerivative(x))).toBeLessThanOrEqual(20 * 2 ** -53 * magnitude * (1 + magnitude));
    }
  });

  it('double-double agrees with f64 to f64 rounding', () => {
    for (const x of points) {
      const precise = doubleDoubleField.toNumber(sample(doubleDoubleField, dd.of(x)));
      const inside = Math.exp(precise);
      const condition = (Math.exp(x) * x + 1 / x + x) / inside;
      expect(Math.abs(sample(float64Field, x) - precise)).toBeLessThanOrEqual(8 * 2 ** -53 * (condition + Math.abs(precise)));
    }
  });

  it('the derivative is linear in the direction', () => {
    expect(sample(dualField, dual(1.25, 4)).derivative).toBe(4 * sample(dualField, dual(1.25, 1)).derivative);
    expect(sample(dualField, dual(1.25)).derivative).toBe(0);
  });

  it('compares values only', () => {
    expect(dualField.less(dual(1, 5), dual(2, 0))).toBe(true);
    expect(dualField.less(dual(1, 0), dual(1, 5))).toBe(false);
    expect(float64Field.less(NaN, 1)).toBe(false);
  });
});
