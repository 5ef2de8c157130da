/**
 * What an algorithm needs of its numbers. An operation that is written once over a field runs in f64, in double-double
 * (to decide borderline verdicts) and on dual numbers (`dual.ts`, exact derivatives).
 */
import * as doubleDouble from './double-double.ts';
import type { DoubleDouble } from './double-double.ts';

export interface Field<F> {
  of(x: number): F;
  /** The nearest f64. */
  toNumber(f: F): number;
  add(a: F, b: F): F;
  sub(a: F, b: F): F;
  mul(a: F, b: F): F;
  div(a: F, b: F): F;
  exp(a: F): F;
  log(a: F): F;
  /** Compares values; false when either is NaN. */
  less(a: F, b: F): boolean;
}

export const float64Field: Field<number> = {
  of: (x) => x,
  toNumber: (f) => f,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  exp: Math.exp,
  log: Math.log,
  less: (a, b) => a < b,
};

export const doubleDoubleField: Field<DoubleDouble> = {
  of: doubleDouble.of,
  toNumber: doubleDouble.toNumber,
  add: doubleDouble.add,
  sub: doubleDouble.sub,
  mul: doubleDouble.mul,
  div: doubleDouble.div,
  exp: doubleDouble.exp,
  log: doubleDouble.log,
  less: doubleDouble.less,
};
