/** The elementary functions of mHC: f64 and double-double against 100 digits, and their bound against kernels whose argument is off and whose arithmetic is as bad as it may be. */
import type { BigNumber } from 'mathjs';
import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { arithmeticPresets, computeUnit, type Arithmetic } from '../../../src/numerics/arithmetic.ts';
import * as dd from '../../../src/numerics/double-double.ts';
import type { Elementary } from '../../../src/operations/calculus/calculus.ts';
import { inverseRoot, inverseRootSlope, sigmoid, sigmoidComplement, tanh } from '../../../src/operations/calculus/elementary.ts';
import { exactly } from '../../../src/operations/exact.ts';
import { maxFinite, minNormal } from '../../../src/tensor/dtype.ts';

const one = exactly(1);

interface Case {
  readonly f: Elementary;
  readonly exact: (x: BigNumber) => BigNumber;
  readonly arguments: readonly number[];
  /** How a kernel computes it, every operation rounded by `r`, its functions by the arithmetic's `e` (exp), `s` (rsqrt) or `t` (tanh). */
  readonly kernels: readonly ((x: number, r: Rounding) => number)[];
}

/** Rounds to f32 and errs by as many units as an operation may, up or down. */
interface Rounding {
  (value: number): number;
  exp(x: number): number;
  inverseSqrt(x: number): number;
  tanh(x: number): number;
  divide(a: number, b: number): number;
}

const spread = [0, -0, 2 ** -149, -(2 ** -130), 2 ** -100, -1e-20, 1e-9, -1e-4, 0.01, -0.3, 0.5, 1, -1, 2.5, -7, 15, -20, 50, -80, 87, -87, 88.7, -88.7, 100, -100];
const positive = [2 ** -149, 2 ** -126, 1e-30, 1e-12, 1e-6, 0.01, 1, 3, 100, 1e6, 1e12, 1e30];
const logistic = (x: BigNumber): BigNumber => one.div(one.plus(x.neg().exp()));
const gate = (x: number, r: Rounding): number => r.divide(1, r(1 + r.exp(-x)));

const cases: Record<string, Case> = {
  sigmoid: { f: sigmoid, exact: logistic, arguments: spread, kernels: [gate] },
  'its complement': { f: sigmoidComplement, exact: (x) => logistic(x.neg()), arguments: spread, kernels: [(x, r) => r(1 - gate(x, r)), (x, r) => gate(-x, r)] },
  tanh: { f: tanh, exact: (x) => tanhExact(x), arguments: spread, kernels: [(x, r) => r.tanh(x)] },
};
for (const [place, epsilon] of [['inside', 0], ['inside', 1e-6], ['inside', 0.5], ['outside', 1e-6], ['outside', 0.02]] as const) {
  const count = 12;
  const root = (s: BigNumber): BigNumber => (place === 'inside' ? s.div(count).plus(exactly(epsilon)).sqrt() : s.div(count).sqrt().plus(exactly(epsilon)));
  const factor = (s: number, r: Rounding): number => {
    const mean = r.divide(s, count);
    if (place === 'inside') return r.inverseSqrt(r(mean + Math.fround(epsilon)));
    return r.divide(1, r(r(Math.sqrt(mean)) + Math.fround(epsilon)));
  };
  const divided = (s: number, r: Rounding): number => {
    const mean = r(s * r(1 / count));
    return r.divide(1, place === 'inside' ? r(Math.sqrt(r(mean + Math.fround(epsilon)))) : r(r(Math.sqrt(mean)) + Math.fround(epsilon)));
  };
  cases[`1/root, ε = ${epsilon} ${place}`] = { f: inverseRoot(count, epsilon, place), exact: (s) => one.div(root(s)), arguments: positive, kernels: [factor, divided] };
  const slope = (s: BigNumber): BigNumber => (place === 'inside' ? root(s).pow(3) : root(s).pow(2).times(s.div(count).sqrt())).times(-count).pow(-1);
  const slopeKernel = (s: number, r: Rounding): number => {
    const mean = r.divide(s, count);
    const value = factor(s, r);
    return place === 'inside' ? r.divide(-r(r(value * value) * value), count) : r.divide(-r(value * value), r(r(Math.sqrt(mean)) * count));
  };
  cases[`its slope, ε = ${epsilon} ${place}`] = { f: inverseRootSlope(count, epsilon, place), exact: slope, arguments: positive, kernels: [slopeKernel] };
}

function tanhExact(x: BigNumber): BigNumber {
  const e = x.times(-2).exp();
  return one.minus(e).div(one.plus(e));
}

describe.each(Object.entries(cases))('%s', (_, { f, exact, arguments: points, kernels }) => {
  test('f64 within four roundings, double-double within 2⁻⁹⁵', () => {
    for (const x of points) {
      const truth = exact(exactly(x));
      const size = truth.abs().toNumber();
      // one function of 1 ULP and + − × ÷ √ of one rounding each, as elementary.ts says; the slopes are eight
      expect(exactly(f.float64(x)).minus(truth).abs().toNumber()).toBeLessThanOrEqual(8 * 2 ** -53 * size + 2 ** -1074);
      if (size > 2 ** -900) {
        const { hi, lo } = f.precise(dd.of(x));
        expect(exactly(hi).plus(exactly(lo)).minus(truth).abs().toNumber()).toBeLessThanOrEqual(size * 2 ** -95);
      }
    }
  });

  test.each(Object.values(arithmeticPresets).filter(({ compute }) => compute === 'f32'))('$name: no kernel leaves the bound, however far off its argument may be', (arithmetic) => {
    const random = new Random(11);
    for (const center of points) {
      const x = Math.fround(center);
      for (const radius of [0, 2 ** -149, Math.abs(x) * 2 ** -20, Math.abs(x) * 2 ** -6, 1e-3, 0.5, 40]) {
        const error = f.error(x, radius, arithmetic);
        expect(error).toBeGreaterThanOrEqual(0);
        for (const shift of [-1, 1, 2 * random.uniform() - 1]) {
          const argument = x + shift * radius;
          if (argument < 0 && points === positive) continue;
          for (const kernel of kernels) {
            for (const direction of [-1, 1, 0]) {
              const value = kernel(Math.abs(Math.fround(argument) - x) <= radius ? Math.fround(argument) : x, worst(arithmetic, direction, random));
              if (!(Math.abs(f.float64(x)) < maxFinite.f32) || !Number.isFinite(value)) continue;
              expect(Math.abs(value - f.float64(x))).toBeLessThanOrEqual(error);
            }
          }
        }
      }
    }
  });
});

test('nothing is claimed of a slope whose r³ overflows, though the slope itself does not', () => {
  const f32 = arithmeticPresets['ieee-f32']!;
  const slope = inverseRootSlope(32, 0, 'inside');
  const [held, lost] = [1e-24, 1.5e-26].map((mean) => 32 * mean);
  const root = Math.fround(1 / Math.sqrt(lost! / 32));
  expect(Math.fround(Math.fround(root * root) * root)).toBe(Infinity);
  expect(Math.abs(slope.float64(lost!))).toBeLessThan(3e38);
  expect(slope.error(lost!, 0, f32)).toBe(Infinity);
  expect(slope.error(held!, 0, f32)).toBeLessThan(1e-5 * Math.abs(slope.float64(held!)));
});

test('the norm of nothing has no slope, and no bound of one', () => {
  const outside = inverseRootSlope(4, 1e-6, 'outside');
  expect(outside.float64(0)).toBe(0);
  expect(dd.toNumber(outside.precise(dd.of(0)))).toBe(0);
  expect(outside.error(0, 0, arithmeticPresets['ieee-f32']!)).toBe(Infinity);
  expect(inverseRoot(4, 0, 'inside').error(0, 0, arithmeticPresets['ieee-f32']!)).toBe(Infinity);
});

test('a declared sigmoid is taken at its word', () => {
  const crude = { ...arithmeticPresets['ieee-f32']!, sigmoid: { relative: 0, absolute: 1e-3 } };
  expect(sigmoid.error(0.3, 0, crude)).toBeGreaterThanOrEqual(1e-3);
  expect(sigmoid.error(0.3, 0, arithmeticPresets['ieee-f32']!)).toBeLessThan(1e-6);
});

/** An arithmetic at its worst: each function errs by all it may in one direction (0: at random), results are flushed where they may be. */
function worst(arithmetic: Arithmetic, direction: number, random: Random): Rounding {
  const u = computeUnit(arithmetic);
  const sign = (): number => (direction === 0 ? 2 * random.uniform() - 1 : direction);
  const flush = (value: number): number => (arithmetic.flushToZero && Math.abs(value) < minNormal.f32 ? 0 : value);
  const round = (value: number): number => flush(Math.fround(value));
  const off = (value: number, relative: number): number => flush(value + (sign() * relative * Math.abs(value)) / (1 + relative));
  return Object.assign(round, {
    exp: (x: number) => (x > 88.73 ? Infinity : off(Math.exp(x), (arithmetic.exp.constant + arithmetic.exp.slope * Math.abs(x)) * u)),
    inverseSqrt: (x: number) => off(1 / Math.sqrt(x), arithmetic.inverseSqrt * u),
    tanh: (x: number) => off(Math.tanh(x), arithmetic.tanh.relative * u) + sign() * arithmetic.tanh.absolute,
    divide: (a: number, b: number) => off(a / b, (arithmetic.division.perLine + arithmetic.division.perEntry) * u),
  });
}
