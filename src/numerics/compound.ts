/**
 * How roundings compound. A result that passes k roundings of unit u carries a factor Π(1 + δ_i), |δ_i| ≤ u, so it is off by at most
 * (1 + u)^k − 1 ≤ γ_k = k·u/(1 − k·u) (Higham, Accuracy and Stability, §3.1). The power is used, not γ_k: it needs no k·u < 1, which
 * bf16 streams through 256 sublayers do not meet.
 */
import { addUp, mulUp } from './directed.ts';

/** A number of roundings in a row, and the unit roundoff of each. */
export type Roundings = readonly [count: number, unit: number];

/** Π (1 + unit)^count − 1, rounded up. Infinity when it overflows. */
export function compound(...factors: readonly Roundings[]): number {
  let excess = 0;
  for (const [count, unit] of factors) excess = join(excess, power(count, unit));
  return excess;
}

function power(count: number, unit: number): number {
  let excess = 0;
  let square = unit; // (1 + unit)^(2^bit) − 1
  for (let left = count; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) excess = join(excess, square);
    if (left > 1) square = join(square, square);
  }
  return excess;
}

/** (1 + a)(1 + b) − 1, rounded up. */
function join(a: number, b: number): number {
  return addUp(addUp(a, b), mulUp(a, b));
}
