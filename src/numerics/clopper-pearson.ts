/**
 * The exact upper confidence bound of a share (Clopper & Pearson 1934): the least p for which k or fewer failures in N independent draws have a
 * probability of at most α, P[Bin(N, p) ≤ k] ≤ α. Without failures that is 1 − α^(1/N); it is found by bisection for every k alike, on a tail that is rounded up:
 *
 *   P[Bin(N, p) ≤ k] = (1 − p)^N·Σ_{i ≤ k} r_i,   r_0 = 1,  r_i = r_{i−1}·(N − i + 1)/i·p/(1 − p).
 *
 * All terms are positive, so that rounding every operation up rounds the tail up; a tail that is computed as ≤ α is ≤ α, and p is a valid bound wherever
 * bisection stopped. (1 − p)^N and Σ r_i leave the range of f64 for large N·p, in opposite directions: both carry a power of two.
 */
import { addDown, addUp, divUp, mulUp, nextUp } from './directed.ts';

const shift = 2 ** 512;

/** A non-negative number value·2^(512·exponent), with value in [2⁻⁵¹², 2⁵¹²) or 0. */
interface Scaled {
  readonly value: number;
  readonly exponent: number;
}

function scaled(value: number, exponent: number): Scaled {
  if (value > 0 && value < 1 / shift) return scaled(value * shift, exponent - 1);
  return value >= shift ? scaled(value / shift, exponent + 1) : { value, exponent };
}

/** At least P[Bin(problems, p) ≤ failures], for 0 < p < 1. More than 1 where that is all that can be said. */
export function tailUp(problems: number, failures: number, p: number): number {
  const miss = addUp(1, -p);
  const odds = divUp(p, addDown(1, -p));
  let power = scaled(1, 0);
  let square = scaled(miss, 0);
  for (let left = problems; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = scaled(mulUp(power.value, square.value), power.exponent + square.exponent);
    square = scaled(mulUp(square.value, square.value), 2 * square.exponent);
  }
  let [sum, term, exponent] = [1, 1, 0];
  for (let i = 1; i <= failures; i++) {
    term = mulUp(mulUp(term, divUp(problems - i + 1, i)), odds);
    sum = addUp(sum, term);
    if (sum < shift) continue;
    sum = mulUp(sum, 1 / shift);
    term = mulUp(term, 1 / shift);
    exponent++;
  }
  const whole = scaled(mulUp(power.value, sum), power.exponent + exponent);
  if (whole.exponent > 0) return Infinity;
  return whole.exponent === 0 ? whole.value : whole.exponent === -1 ? mulUp(whole.value, 1 / shift) : 2 ** -512; // value < 2⁵¹²
}

/** The bound p: with confidence 1 − alpha, at most this share fails. 1 when every problem failed. */
export function clopperPearsonUpper(problems: number, failures: number, alpha: number): number {
  if (failures >= problems) return 1;
  let low = failures / problems;
  let high = 1 - 2 ** -53;
  if (!(tailUp(problems, failures, high) <= alpha)) return 1;
  while (nextUp(low) < high) {
    // by halves of the logarithm first: the bound of many problems is small
    const middle = low > 0 && high > 4 * low ? low * 2 : low === 0 && high > 2 ** -1000 ? high / 2 ** 10 : low + (high - low) / 2;
    if (!(middle > low && middle < high)) break;
    if (tailUp(problems, failures, middle) <= alpha) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * A two-sided interval: with confidence 1 − alpha, the share is in it. Each end has alpha/2, and the lower end is that of the complement: the share of what
 * did not fail is at most `clopperPearsonUpper(problems, problems − failures, alpha/2)`, so that of what failed is at least 1 minus that.
 */
export function clopperPearsonInterval(problems: number, failures: number, alpha: number): readonly [low: number, high: number] {
  return [Math.max(0, addDown(1, -clopperPearsonUpper(problems, problems - failures, alpha / 2))), clopperPearsonUpper(problems, failures, alpha / 2)];
}
