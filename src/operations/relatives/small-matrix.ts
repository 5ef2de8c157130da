/** n×n matrices over a calculus, as rows; written for reading. */
import type { Calculus } from './calculus.ts';

export type Matrix<F> = readonly (readonly F[])[];

export function identity<F>(calculus: Calculus<F>, n: number): Matrix<F> {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => calculus.of(i === j ? 1 : 0)));
}

export function transpose<F>(a: Matrix<F>): Matrix<F> {
  return a.map((_, i) => a.map((row) => row[i]!));
}

/** Entry by entry. */
export function combine<F>(a: Matrix<F>, b: Matrix<F>, join: (a: F, b: F) => F): Matrix<F> {
  return a.map((row, i) => row.map((value, j) => join(value, b[i]![j]!)));
}

export function multiply<F>(calculus: Calculus<F>, a: Matrix<F>, b: Matrix<F>): Matrix<F> {
  return a.map((row) => b.map((_, j) => calculus.sum(row.map((value, k) => calculus.mul(value, b[k]![j]!)))));
}

/** factor·(W − Wᵀ) of a flat W; the factor is a power of two with either sign. */
export function skew<F>(calculus: Calculus<F>, w: readonly F[], n: number, factor: number): Matrix<F> {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => (i === j ? calculus.of(0) : calculus.scale(calculus.sub(w[i * n + j]!, w[j * n + i]!), factor))));
}

/** M⁻¹B by Gaussian elimination without pivoting, for M whose symmetric part is positive definite. */
export function solve<F>(calculus: Calculus<F>, m: Matrix<F>, b: Matrix<F>): Matrix<F> {
  const n = m.length;
  const rows: F[][] = m.map((row, i) => [...row, ...b[i]!]);
  for (let pivot = 0; pivot < n; pivot++) {
    for (let i = pivot + 1; i < n; i++) {
      const factor = calculus.div(rows[i]![pivot]!, rows[pivot]![pivot]!);
      for (let k = pivot + 1; k < 2 * n; k++) rows[i]![k] = calculus.sub(rows[i]![k]!, calculus.mul(factor, rows[pivot]![k]!));
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = n; k < 2 * n; k++) {
      let rest = rows[i]![k] as F;
      for (let j = i + 1; j < n; j++) rest = calculus.sub(rest, calculus.mul(rows[i]![j]!, rows[j]![k]!));
      rows[i]![k] = calculus.div(rest, rows[i]![i]!);
    }
  }
  return rows.map((row) => row.slice(n));
}
