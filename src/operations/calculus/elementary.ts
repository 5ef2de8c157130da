/**
 * The elementary functions of mHC with what a kernel may be off. Each is monotone, so the error that an argument brings is the larger of the two
 * differences to the ends of its interval; the function's own error is relative to the largest value in it. Our f64 evaluation is within 4·2⁻⁵³ of its formula's
 * exact value (one elementary function of at most 1 ULP, the rest + − × ÷ √), which is added.
 */
import { computeUnit, gamma, underflowUnit } from '../../numerics/arithmetic.ts';
import * as dd from '../../numerics/double-double.ts';
import { maxFinite, minNormal } from '../../tensor/dtype.ts';
import type { Elementary } from './calculus.ts';

const ownError = 4 * 2 ** -53;

/** Bound for a monotone f: difference to the ends, and `relative`·max|f| + `absolute` of its own. */
function monotone(f: (x: number) => number, from: number, x: number, to: number, relative: number, absolute: number): number {
  const [low, value, high] = [f(from), f(x), f(to)];
  const size = Math.max(Math.abs(low), Math.abs(high));
  const error = Math.max(Math.abs(low - value), Math.abs(high - value)) + (relative + 2 * ownError) * size + absolute;
  return Number.isNaN(error) ? Infinity : error;
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** σ(x) = 1/(1 + e^−x). */
export const sigmoid: Elementary = {
  float64: logistic,
  precise: (x) => dd.div(dd.of(1), dd.add(dd.of(1), dd.exp(dd.negate(x)))),
  error(x, radius, arithmetic) {
    const u = computeUnit(arithmetic);
    const own = arithmetic.sigmoid;
    if (own !== undefined) return monotone(logistic, x - radius, x, x + radius, own.relative * u, own.absolute + underflowUnit(arithmetic));
    // e^−x enters with weight 1 − σ; where it may overflow the kernel has 0 and σ is smaller than e/largest. A fused 1 + e^−x is as good as a rounded one
    const low = x - radius;
    const vanishing = Math.exp(-low) >= maxFinite[arithmetic.compute] / Math.E ? Math.E / maxFinite[arithmetic.compute] : 0;
    const exponential = (1 - logistic(low)) * (arithmetic.exp.constant + arithmetic.exp.slope * (Math.abs(x) + radius)) * u;
    const { perLine, perEntry } = arithmetic.division;
    const relative = exponential < 0.25 ? exponential / (1 - 2 * exponential) + gamma(1 + perLine + perEntry, u) * (1 + 2 * exponential) : Infinity;
    return monotone(logistic, low, x, x + radius, relative, 2 * underflowUnit(arithmetic) + vanishing);
  },
};

/** 1 − σ(x) = σ(−x), which the difference gives no digits of for large x: a kernel may take either. */
export const sigmoidComplement: Elementary = {
  float64: (x) => logistic(-x),
  precise: (x) => sigmoid.precise(dd.negate(x)),
  error(x, radius, arithmetic) {
    const gate = Math.max(sigmoid.error(x, radius, arithmetic), sigmoid.error(-x, radius, arithmetic));
    return gate + computeUnit(arithmetic) * (logistic(-x) + gate);
  },
};

/**
 * 1/√(s/count + ε) with ε inside the root, or 1/(√(s/count) + ε): the factor of an RMS norm whose sum of squares is s. The mean may be taken as a product with
 * 1/count or as a division.
 */
export function inverseRoot(count: number, epsilon: number, place: 'inside' | 'outside'): Elementary {
  const of = (v: number): number => (place === 'inside' ? 1 / Math.sqrt(v + epsilon) : 1 / (Math.sqrt(v) + epsilon));
  return {
    float64: (s) => of(s / count),
    precise(s) {
      const mean = dd.div(s, dd.of(count));
      const root = place === 'inside' ? dd.sqrt(dd.add(mean, dd.of(epsilon))) : dd.add(dd.sqrt(mean), dd.of(epsilon));
      return dd.div(dd.of(1), root);
    },
    error(s, radius, arithmetic) {
      const u = computeUnit(arithmetic);
      const { perLine, perEntry } = arithmetic.division;
      const divided = perLine + perEntry;
      // inside: the mean and the addition of ε (itself rounded) move the root's argument; outside: the mean alone, and the root and ε add to its own
      const doubt = gamma(divided + 3, u) + 3 * 2 ** -53;
      const from = Math.max(0, s - radius) / count * (1 - doubt);
      const to = ((s + radius) / count) * (1 + doubt) + underflowUnit(arithmetic);
      const [low, high] = place === 'inside' ? [from, to + epsilon * doubt] : [from, to];
      const inside = place === 'inside' ? Math.max(0, low - epsilon * doubt) : low;
      // the factor may be a product with 1/√ or a division by a root
      return monotone(of, high, s / count, inside, gamma(arithmetic.inverseSqrt + 2 * divided + 2, u), underflowUnit(arithmetic));
    },
  };
}

/**
 * The derivative of `inverseRoot` with respect to the sum of squares, times 2: −r³/count inside, −r²/(√(s/count)·count) outside. Increasing towards 0.
 * Outside it has a pole at 0, where a norm has a kink: 0 there, as a gradient of nothing, and no claim near it. Nor is anything claimed where a kernel's r³ may overflow,
 * or the product of roots that it divides by fall below the normal numbers: both are count times this.
 */
export function inverseRootSlope(count: number, epsilon: number, place: 'inside' | 'outside'): Elementary {
  const of = (mean: number): number => {
    if (place === 'inside') return -1 / ((mean + epsilon) * Math.sqrt(mean + epsilon) * count);
    const root = Math.sqrt(mean);
    return -1 / ((root + epsilon) * (root + epsilon) * root * count);
  };
  return {
    float64: (s) => (s === 0 && place === 'outside' ? 0 : of(s / count)),
    precise(s) {
      if (s.hi === 0 && place === 'outside') return dd.of(0);
      const mean = dd.div(s, dd.of(count));
      const shifted = dd.add(mean, dd.of(epsilon));
      const root = dd.sqrt(mean);
      const outer = dd.add(root, dd.of(epsilon));
      const cube = place === 'inside' ? dd.mul(shifted, dd.sqrt(shifted)) : dd.mul(dd.mul(outer, outer), root);
      return dd.div(dd.of(-1), dd.mul(cube, dd.of(count)));
    },
    error(s, radius, arithmetic) {
      const u = computeUnit(arithmetic);
      const divided = arithmetic.division.perLine + arithmetic.division.perEntry;
      const doubt = gamma(divided + 3, u) + 3 * 2 ** -53;
      const from = (Math.max(0, s - radius) / count) * (1 - doubt) - (place === 'inside' ? epsilon * doubt : 0);
      const to = ((s + radius) / count) * (1 + doubt) + underflowUnit(arithmetic) + (place === 'inside' ? epsilon * doubt : 0);
      // three factors r, or a root in the place of one of them, a division by count, and up to five products
      const relative = gamma(3 * (arithmetic.inverseSqrt + 2 * divided + 2) + divided + 5, u);
      const largest = count * Math.abs(of(Math.max(from, 0))) * (1 + relative) * (1 + 2 ** -40);
      if (!(largest < 1 / minNormal[arithmetic.compute])) return Infinity;
      return monotone(of, Math.max(from, 0), s / count, to, relative + 8 * 2 ** -53, underflowUnit(arithmetic));
    },
  };
}

/** tanh(x). */
export const tanh: Elementary = {
  float64: Math.tanh,
  precise(x) {
    // (1 − e^−2|x|)/(1 + e^−2|x|); near 0 the difference is taken as a series
    const sign = dd.less(x, dd.of(0)) ? -1 : 1;
    const size = sign < 0 ? dd.negate(x) : x;
    const result = size.hi < 2 ** -5 ? tanhSeries(size) : (() => {
      const e = dd.exp(dd.mul(dd.of(-2), size));
      return dd.div(dd.sub(dd.of(1), e), dd.add(dd.of(1), e));
    })();
    return sign < 0 ? dd.negate(result) : result;
  },
  error(x, radius, arithmetic) {
    const u = computeUnit(arithmetic);
    return monotone(Math.tanh, x - radius, x, x + radius, arithmetic.tanh.relative * u, arithmetic.tanh.absolute + underflowUnit(arithmetic));
  },
};

/** tanh from its continued fraction x/(1 + x²/(3 + x²/(5 + …))), twelve levels: below 2⁻¹⁴⁰ relative for |x| ≤ 2⁻⁵. */
function tanhSeries(x: dd.DoubleDouble): dd.DoubleDouble {
  const square = dd.mul(x, x);
  let tail = dd.of(25);
  for (let k = 23; k >= 1; k -= 2) tail = dd.add(dd.of(k), dd.div(square, tail));
  return dd.div(x, tail);
}
