/**
 * What the operations around Sinkhorn are written in: norms, projections, gates, mixing, and their derivatives. An operation is written once and
 * evaluated three ways: in f64 (`float64.ts`, the reference), with the distance of a kernel's numbers from ours (`running.ts`, the bound), and in double-double
 * (`precise.ts`, borderline verdicts). Numbers live in arrays of a storage S and are addressed by offset; nothing is allocated in inner loops.
 *
 * Sums stay open while terms are added, in one or several calls, and are closed by saying how many roundings a term may pass. A closed number is what a kernel
 * may hold in a register; `store` allows it to be rounded to the arithmetic's storage as well.
 */
import type { DoubleDouble } from '../../numerics/double-double.ts';
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import type { SinkhornDialect, SinkhornVjpDialect } from '../sinkhorn/dialect.ts';
import type { Algebra } from '../streams/algebra.ts';
import type { TensorFloat } from './tf32.ts';

/** A function of one number. */
export interface Elementary {
  float64(x: number): number;
  precise(x: DoubleDouble): DoubleDouble;
  /**
   * Bound of |f̂(x̂) − f(x)| where |x̂ − x| ≤ `radius`: f̂ is the function in the arithmetic, f in f64. Infinite where nothing can be said.
   */
  error(x: number, radius: number, arithmetic: Arithmetic): number;
}

export interface Calculus<S> extends Algebra<S> {
  /** out[i] += a[i]·b[i] for `count` numbers. */
  multiply(out: S, outAt: number, a: S, aAt: number, b: S, bAt: number, count: number): void;
  /** out[i] += s·x[i] for `count` numbers, s the number at `sAt` of `factor`. */
  scale(out: S, outAt: number, factor: S, sAt: number, x: S, xAt: number, count: number): void;
  /** out[i] += c·x[i] for `count` numbers; c is exact in every dtype (1, −1, 2, a dialect's multiplier). */
  add(out: S, outAt: number, x: S, xAt: number, count: number, c?: number): void;
  /** x[i] += c, a constant of the dialect, which the kernel holds in its own precision. */
  shift(x: S, at: number, count: number, c: number): void;
  /**
   * Ends `count` sums of which a term passes at most `roundings` roundings, the additions of a sum of `terms` terms besides, in any order, fused or not. The factors of a
   * term may have been rounded to the arithmetic's storage `stores` times before.
   */
  close(x: S, at: number, count: number, roundings: number, terms?: number, stores?: number): void;
  /** `count` numbers may be rounded to the arithmetic's storage here. */
  store(x: S, at: number, count: number): void;
  /** `count` numbers as operands of TF32 tensor cores: rounded in the way the dialect says, or in any way where it does not say. */
  tensorCore(x: S, at: number, count: number, rounding: TensorFloat): void;
  /** out[i] = f(x[i]). Closed. */
  apply(out: S, outAt: number, x: S, xAt: number, count: number, f: Elementary): void;
  /** The residual mapping of n×n logits. Closed. */
  sinkhorn(out: S, outAt: number, logits: S, logitsAt: number, n: number, dialect: SinkhornDialect): void;
  /** The gradient of n×n logits for a cotangent of their residual mapping. Closed. */
  sinkhornVjp(out: S, outAt: number, logits: S, logitsAt: number, cotangent: S, cotangentAt: number, n: number, dialect: SinkhornVjpDialect): void;
}
