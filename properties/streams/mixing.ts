/** The residual mapping as the matrix that it acts as. */
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';

/** E with y = E·x, row-major: the mapping that starts at `start`, transposed where the dialect multiplies by Hᵀ. Exact. */
export function effectiveMapping(mappings: Float64Array, start: number, n: number, { orientation }: MixingDialect): Float64Array {
  const effective = mappings.slice(start, start + n * n);
  if (orientation === 'plain') return effective;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) effective[i * n + j] = mappings[start + j * n + i]!;
  }
  return effective;
}

/** σ with E_{i σ(i)} = 1 and zeros elsewhere, or undefined when E is not a permutation matrix. */
export function permutationOf(effective: Float64Array, n: number): number[] | undefined {
  const source: number[] = [];
  for (let i = 0; i < n; i++) {
    const row = effective.subarray(i * n, (i + 1) * n);
    const j = row.indexOf(1);
    if (j < 0 || row.some((value, k) => value !== (k === j ? 1 : 0))) return undefined;
    source.push(j);
  }
  return new Set(source).size === n ? source : undefined;
}

/** True when no entry is negative. */
export function isNonNegative(matrix: Float64Array): boolean {
  return matrix.every((value) => value >= 0);
}

/** Σ_j E_ij for every i. */
export function rowSums(effective: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => effective.subarray(i * n, (i + 1) * n).reduce((sum, value) => sum + value, 0));
}

/** Σ_i E_ij for every j. */
export function columnSums(effective: Float64Array, n: number): Float64Array {
  const sums = new Float64Array(n);
  for (let k = 0; k < n * n; k++) sums[k % n]! += effective[k]!;
  return sums;
}
