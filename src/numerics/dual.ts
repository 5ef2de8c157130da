/**
 * Dual numbers over f64: a + b·d with d² = 0. Running an algorithm on them gives its derivative along one direction, to
 * rounding and without a step size (Griewank & Walther, Evaluating Derivatives, §3.1). A maximum differentiates to the
 * operand that `less` picks.
 */
import type { Field } from './field.ts';

export interface Dual {
  readonly value: number;
  readonly derivative: number;
}

/** A dual number; the derivative is the direction's component along this input. */
export function dual(value: number, derivative = 0): Dual {
  return { value, derivative };
}

export const dualField: Field<Dual> = {
  of: (x) => dual(x),
  toNumber: (f) => f.value,
  add: (a, b) => dual(a.value + b.value, a.derivative + b.derivative),
  sub: (a, b) => dual(a.value - b.value, a.derivative - b.derivative),
  mul: (a, b) => dual(a.value * b.value, a.derivative * b.value + a.value * b.derivative),
  div: (a, b) => {
    const quotient = a.value / b.value;
    return dual(quotient, (a.derivative - quotient * b.derivative) / b.value);
  },
  exp: (a) => {
    const value = Math.exp(a.value);
    return dual(value, value * a.derivative);
  },
  log: (a) => dual(Math.log(a.value), a.derivative / a.value),
  less: (a, b) => a.value < b.value,
};
