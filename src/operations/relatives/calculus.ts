/**
 * What the relatives of mHC are written over: one text gives the f64 reference, the double-double version and, in `tracked.ts`,
 * value and error bound together. `sum` may be taken in any order, so a bound must not depend on it.
 */
import { add, div, exp, mul, negate, of, scale, sub, toNumber, type DoubleDouble } from '../../numerics/double-double.ts';

export interface Calculus<F> {
  readonly of: (x: number) => F;
  /** The nearest f64. */
  readonly toNumber: (f: F) => number;
  readonly add: (a: F, b: F) => F;
  readonly sub: (a: F, b: F) => F;
  readonly mul: (a: F, b: F) => F;
  readonly div: (a: F, b: F) => F;
  /** The sum of at least one term. */
  readonly sum: (terms: readonly F[]) => F;
  /** a·factor, where the factor is a power of two with either sign: exact. */
  readonly scale: (a: F, factor: number) => F;
  readonly exp: (a: F) => F;
  readonly tanh: (a: F) => F;
  /** σ(a) = 1/(1 + e^−a). */
  readonly sigmoid: (a: F) => F;
}

export const float64Calculus: Calculus<number> = {
  of: (x) => x,
  toNumber: (f) => f,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  sum: (terms) => terms.reduce((total, term) => total + term),
  scale: (a, factor) => a * factor,
  exp: Math.exp,
  tanh: Math.tanh,
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
};

const one = of(1);

export const preciseCalculus: Calculus<DoubleDouble> = {
  of,
  toNumber,
  add,
  sub,
  mul,
  div,
  sum: (terms) => terms.reduce(add),
  scale: (a, factor) => (factor < 0 ? negate(scale(a, Math.log2(-factor))) : scale(a, Math.log2(factor))),
  exp,
  tanh: (a) => {
    // 1 − e would cancel below: sinh is its series there, with a remainder below 2⁻¹¹⁰ of it
    if (Math.abs(a.hi) < 2 ** -4) return smallTanh(a);
    const decay = exp(scale(a.hi > 0 ? negate(a) : a, 1));
    const magnitude = div(sub(one, decay), add(one, decay));
    return a.hi > 0 ? magnitude : negate(magnitude);
  },
  // e^−a overflows where σ(a) is below the smallest f64
  sigmoid: (a) => (a.hi < -700 ? exp(a) : div(one, add(one, exp(negate(a))))),
};

/** sinh/cosh by their Taylor series, for |a| < 1/16. */
function smallTanh(a: DoubleDouble): DoubleDouble {
  const square = mul(a, a);
  let [sinh, cosh] = [one, one];
  for (let k = 20; k >= 2; k -= 2) {
    sinh = add(one, div(mul(square, sinh), of(k * (k + 1))));
    cosh = add(one, div(mul(square, cosh), of(k * (k - 1))));
  }
  return div(mul(a, sinh), cosh);
}
