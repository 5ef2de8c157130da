/**
 * The correctly rounded sum of any number of f64 (Shewchuk, "Adaptive precision floating-point arithmetic", 1997; the rounding
 * of the last step as in Python's math.fsum). Marginals that a certificate states are measured with it, so that measuring adds
 * half an ulp and nothing else. Overflow of a partial sum gives ±Infinity or NaN, as f64 addition would.
 */
import { sumError } from './double-double.ts';

/** The f64 nearest to the exact sum of `count` values that start at `offset`, `stride` apart. */
export function exactSum(values: ArrayLike<number>, offset = 0, count: number = values.length, stride = 1): number {
  const partials: number[] = []; // non-overlapping, increasing magnitude, their sum is exact
  for (let k = 0; k < count; k++) {
    let x = values[offset + k * stride]!;
    let kept = 0;
    for (const partial of partials) {
      const sum = x + partial;
      if (!Number.isFinite(sum)) return plainSum(values, offset, count, stride);
      const error = sumError(x, partial, sum);
      if (error !== 0) partials[kept++] = error;
      x = sum;
    }
    partials.length = kept;
    partials.push(x);
  }
  return roundPartials(partials);
}

function roundPartials(partials: readonly number[]): number {
  let at = partials.length - 1;
  let high = partials[at] ?? 0;
  let low = 0;
  while (at > 0 && low === 0) {
    const next = partials[--at]!;
    const sum = high + next;
    low = next - (sum - high);
    high = sum;
  }
  // a tie that the smaller partials break: fl(high + 2·low) is exact only then
  if (at > 0 && low !== 0 && low < 0 === partials[at - 1]! < 0) {
    const nudged = high + 2 * low;
    if (2 * low === nudged - high) return nudged;
  }
  return high;
}

function plainSum(values: ArrayLike<number>, offset: number, count: number, stride: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += values[offset + k * stride]!;
  return sum;
}
