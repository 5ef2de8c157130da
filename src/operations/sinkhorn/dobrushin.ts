import type { Side } from './steps.ts';

/**
 * Largest of Σ max(W_l − W_m, 0) over ordered pairs of lines of one side, each read as a distribution (Dobrushin's ergodic coefficient), and at most (n + 2)·2⁻⁵⁰ above it.
 * Both orders of two lines, which need not have equal sums where an ε is in the divisor, are (Σ|d| ± Σd)/2 of their differences: sums without a branch. Each of
 * the two is off by at most γ_n·Σ|d|, the half of their sum by γ_{n+1}·Σ|d|, and it is at least Σ|d|/2: so 1 + (n + 2)·2⁻⁵¹ covers it.
 */
export function dobrushin(matrix: Float64Array, n: number, side: Side): number {
  const [lineStride, entryStride] = side === 'rows' ? [n, 1] : [1, n];
  const end = n * entryStride;
  let largest = 0;
  for (let a = 0; a < n; a++) {
    for (let b = a + 1; b < n; b++) {
      const [first, second] = [a * lineStride, b * lineStride];
      let size = 0;
      let difference = 0;
      for (let at = 0; at < end; at += entryStride) {
        const d = matrix[first + at]! - matrix[second + at]!;
        size += Math.abs(d);
        difference += d;
      }
      const both = size + Math.abs(difference);
      if (both > largest) largest = both;
    }
  }
  return largest * dobrushinHalf(n);
}

/** Half, and what covers the rounding. */
export function dobrushinHalf(n: number): number {
  return 0.5 * (1 + (n + 2) * 2 ** -51);
}
