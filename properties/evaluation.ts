/** The error of what a check itself computes in f64. It is added to every bound, so that an f64 kernel is judged fairly too. */
import { gamma } from '../src/numerics/arithmetic.ts';
import { minSubnormal, unitRoundoff } from '../src/tensor/dtype.ts';

/**
 * |computed − exact| of a sum of products in f64, in any order: γ_k·Σ|terms|, where `roundings` counts the operations that one term passes
 * through (Higham, Accuracy and Stability, §3.1), and what underflow may lose. Two more roundings cover `magnitude` itself.
 */
export function evaluationError(roundings: number, magnitude: number): number {
  return gamma(roundings + 2, unitRoundoff.f64) * magnitude + roundings * minSubnormal.f64;
}
