/**
 * Doubly stochastic matrices to test with. Not the reference: it iterates until both sides are exact up to rounding, however
 * long that takes, and shares no code with what is verified.
 */

/**
 * Scales the n×n matrix at `offset` in place until all rows and columns sum to 1 up to rounding. The matrix must be positive on
 * a pattern with total support, and should not be too wide: the limit of 10,000 iterations is there to end, not to be met.
 */
export function balance(out: Float64Array, offset: number, n: number): void {
  const rounding = n * 2 ** -51; // n − 1 additions and n divided entries, each off by at most 2⁻⁵³, twice that for slack
  for (let iteration = 0; iteration < 10_000; iteration++) {
    const deviation = normalise(out, offset, n, 1, n);
    normalise(out, offset, n, n, 1);
    if (deviation <= rounding) return;
  }
}

/** Divides each line by its sum; the largest distance of a sum from 1 beforehand. */
function normalise(out: Float64Array, offset: number, n: number, along: number, across: number): number {
  let deviation = 0;
  for (let line = 0; line < n; line++) {
    const start = offset + line * across;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += out[start + k * along]!;
    for (let k = 0; k < n; k++) out[start + k * along]! /= sum;
    deviation = Math.max(deviation, Math.abs(sum - 1));
  }
  return deviation;
}
