/**
 * Numbers that carry a bound: `value` is what f64 gives, and any kernel of an arithmetic that computes the same formula, with its sums in any order
 * and with or without fused multiply-adds, is within `error` of it (running error analysis: Higham, Accuracy and Stability, §3.3).
 *
 * Proof, one rule per operation. With x̂ = x + a and ŷ = y + b: x̂ŷ − xy = ab + xb + ya, x̂/ŷ − x/y = (a − (x/y)b)/ŷ, and rounding the result
 * r̂ multiplies it by 1 + δ. A sum of k terms, in any order, passes each term through at most k − 1 roundings (§4.2). e^x̂ = e^x·e^a. For σ with a
 * computed E = e^−x(1 + δ): σ̂/σ − 1 = −(1−σ)δ/(1 + (1−σ)δ), and σ(x + a) ≤ σ(x)·e^|a|; tanh moves no further than its argument. Where the arithmetic declares
 * the error of tanh or σ, that is taken.
 *
 * Our f64 evaluation is one such kernel. All rules are convex in the units and 0 at 0, so its error and the kernel's together are at most
 * that of one kernel with the units added: every unit below is the kernel's plus f64's.
 */
import { computeUnit, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { compound } from '../../numerics/compound.ts';
import { maxFinite, minNormal } from '../../tensor/dtype.ts';
import type { Calculus } from './calculus.ts';

export interface Tracked {
  readonly value: number;
  /** Infinite where the arithmetic cannot carry the number. */
  readonly error: number;
}

/** Unit roundoff, division and underflow of a kernel and of our own evaluation together. */
export interface Units {
  readonly unit: number;
  readonly division: number;
  readonly underflow: number;
  /** Relative error of an exponential of a number of this magnitude. */
  readonly exponential: (magnitude: number) => number;
  readonly tanh: Accuracy;
  /** Undefined where σ is 1/(1 + e^−x). */
  readonly sigmoid: Accuracy | undefined;
}

/** An error relative to the result plus an absolute one. */
interface Accuracy {
  readonly relative: number;
  readonly absolute: number;
}

export function unitsOf(arithmetic: Arithmetic): Units {
  const u = computeUnit(arithmetic);
  const { exp, division } = arithmetic;
  const own = 2 * 2 ** -53; // Math.exp and Math.tanh are within 1 ULP
  const accuracy = ({ relative, absolute }: Accuracy): Accuracy => ({ relative: relative * u + own, absolute });
  return {
    unit: u + 2 ** -53,
    division: (division.perLine + division.perEntry) * u + 2 ** -53,
    underflow: underflowUnit(arithmetic) + 2 ** -1074,
    exponential: (magnitude) => (exp.constant + exp.slope * magnitude) * u + own,
    tanh: accuracy(arithmetic.tanh),
    sigmoid: arithmetic.sigmoid === undefined ? undefined : accuracy({ ...arithmetic.sigmoid, relative: arithmetic.sigmoid.relative + 2 }),
  };
}

/** The calculus of numbers that an arithmetic computes. */
export function trackedCalculus(arithmetic: Arithmetic): Calculus<Tracked> {
  const { unit, division, underflow, exponential, tanh, sigmoid } = unitsOf(arithmetic);
  const limit = maxFinite[arithmetic.compute];
  const smallest = minNormal[arithmetic.compute];
  const flushed = arithmetic.flushToZero ? smallest : 0;
  const isZero = ({ value, error }: Tracked): boolean => value === 0 && error === 0;
  const tracked = (value: number, error: number): Tracked => ({ value, error: Math.abs(value) + error < limit ? error : Infinity });
  /** A result whose operands moved it by `carried`, rounded. */
  const rounded = (value: number, carried: number, by: number, absolute: number): Tracked => tracked(value, carried + by * (Math.abs(value) + carried) + absolute);

  const add = (a: Tracked, b: Tracked): Tracked => {
    if (isZero(a)) return b;
    return isZero(b) ? a : rounded(a.value + b.value, a.error + b.error, unit, flushed);
  };
  const negate = ({ value, error }: Tracked): Tracked => ({ value: -value, error });

  return {
    of: (x) => tracked(x, x !== 0 && Math.abs(x) < flushed ? Math.abs(x) : 0),
    toNumber: ({ value }) => value,
    add,
    sub: (a, b) => add(a, negate(b)),
    mul(a, b) {
      if (isZero(a) || isZero(b)) return tracked(a.value * b.value, 0);
      return rounded(a.value * b.value, Math.abs(a.value) * b.error + Math.abs(b.value) * a.error + a.error * b.error, unit, underflow);
    },
    div(a, b) {
      const quotient = a.value / b.value;
      const least = Math.abs(b.value) - b.error;
      if (!(least > flushed)) return { value: quotient, error: Infinity };
      return rounded(quotient, (a.error + Math.abs(quotient) * b.error) / least, division, underflow);
    },
    sum(terms) {
      let [value, carried, magnitude, count] = [0, 0, 0, 0];
      terms.forEach((term, i) => {
        value = i === 0 ? term.value : value + term.value;
        carried += term.error;
        magnitude += Math.abs(term.value) + term.error;
        if (!isZero(term)) count++;
      });
      const roundings = Math.max(count - 1, 0);
      return tracked(value, carried + compound([roundings, unit]) * magnitude + roundings * flushed);
    },
    scale: ({ value, error }, factor) => tracked(value * factor, error * Math.abs(factor) + (Math.abs(factor) < 1 && value !== 0 ? underflow : 0)),
    exp({ value, error }) {
      const result = Math.exp(value);
      return rounded(result, result * Math.expm1(error), exponential(Math.abs(value) + error), underflow);
    },
    tanh({ value, error }) {
      const result = Math.tanh(value);
      return tracked(result, error + tanh.relative * (Math.abs(result) + error) + tanh.absolute + underflow); // |tanh'| ≤ 1
    },
    sigmoid({ value, error }) {
      const result = 1 / (1 + Math.exp(-value));
      if (sigmoid !== undefined) return tracked(result, result * ((1 + Math.expm1(error)) * (1 + sigmoid.relative) - 1) + sigmoid.absolute + smallest + underflow);
      const delta = exponential(Math.abs(value) + error);
      if (!(delta < 1)) return { value: result, error: 1 };
      const complement = 1 / (1 + Math.exp(value - error)); // 1 − σ, at its largest
      const own = compound([1, (complement * delta) / (1 - delta)], [1, unit], [1, division]);
      // e^−x may overflow where σ is below the smallest normal number
      return tracked(result, result * ((1 + Math.expm1(error)) * (1 + own) - 1) + smallest + underflow);
    },
  };
}
