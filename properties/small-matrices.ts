/** Small dense n×n matrices in f64, row-major. */
import type { Side } from '../src/numerics/spectral.ts';

/** The matrix with every line of a side divided by its sum, in f64 (relative error below n·2⁻⁵²). */
export function normalisedLines(matrix: Float64Array, offset: number, n: number, side: Side): Float64Array {
  const normalised = matrix.slice(offset, offset + n * n);
  const [line, entry] = side === 'rows' ? [n, 1] : [1, n];
  for (let l = 0; l < n; l++) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += normalised[l * line + k * entry]!;
    for (let k = 0; k < n; k++) normalised[l * line + k * entry]! /= sum;
  }
  return normalised;
}

/** a·b of n×n matrices in f64. */
export function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k]!;
      for (let j = 0; j < n; j++) product[i * n + j]! += factor * b[k * n + j]!;
    }
  }
  return product;
}
