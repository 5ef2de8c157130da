/**
 * Derivative of the exact projection at a matrix X: G = X∘(g − a·1ᵀ − 1·bᵀ), where a and b make every row and column of G sum to zero.
 * Eliminating a leaves L·b = h with L = diag(W·1) − W, W = Xᵀ·diag(1/r)·X, a graph Laplacian. Elimination that recomputes each
 * pivot as the sum of its weights never subtracts (Grassmann, Taksar, Heyman 1985), so f32 suffices for nearly reducible X too.
 */
import type { Round } from './kernel.ts';

/** A function that replaces the cotangent g [n,n] by the gradient with respect to the logits. Buffers are made once. */
export function projectionGradient(n: number, round: Round): (x: Float64Array, g: Float64Array) => void {
  const weights = new Float64Array(n * n);
  const rowSums = new Float64Array(n);
  const a = new Float64Array(n);
  const b = new Float64Array(n);
  const pivots = new Float64Array(n);

  return (x, g) => {
    for (let i = 0; i < n; i++) {
      let sum = 0;
      let weighted = 0;
      for (let j = 0; j < n; j++) {
        sum = round(sum + x[i * n + j]!);
        weighted = round(weighted + round(x[i * n + j]! * g[i * n + j]!));
      }
      rowSums[i] = sum;
      a[i] = round(weighted / sum);
    }
    for (let j = 0; j < n; j++) {
      let h = 0;
      for (let i = 0; i < n; i++) h = round(h + round(x[i * n + j]! * round(g[i * n + j]! - a[i]!)));
      b[j] = h;
      for (let k = 0; k < j; k++) {
        let weight = 0;
        for (let i = 0; i < n; i++) weight = round(weight + round(round(x[i * n + j]! * x[i * n + k]!) / rowSums[i]!));
        weights[j * n + k] = weight;
        weights[k * n + j] = weight;
      }
    }
    for (let p = n - 1; p > 0; p--) {
      let pivot = 0;
      for (let k = 0; k < p; k++) pivot = round(pivot + weights[p * n + k]!);
      pivots[p] = pivot;
      if (pivot === 0) continue; // column p shares no row with those left: its b is free
      for (let j = 0; j < p; j++) {
        const factor = round(weights[j * n + p]! / pivot);
        b[j] = round(b[j]! + round(factor * b[p]!));
        for (let k = 0; k < p; k++) if (k !== j) weights[j * n + k] = round(weights[j * n + k]! + round(factor * weights[p * n + k]!));
      }
    }
    b[0] = 0; // a + t, b − t give the same G
    for (let p = 1; p < n; p++) {
      let sum = b[p]!;
      for (let k = 0; k < p; k++) sum = round(sum + round(weights[p * n + k]! * b[k]!));
      b[p] = pivots[p] === 0 ? 0 : round(sum / pivots[p]!);
    }
    for (let i = 0; i < n; i++) {
      // a solved again from b: rows of G then sum to zero up to rounding
      let weighted = 0;
      for (let j = 0; j < n; j++) weighted = round(weighted + round(x[i * n + j]! * round(g[i * n + j]! - b[j]!)));
      const shift = round(weighted / rowSums[i]!);
      for (let j = 0; j < n; j++) g[i * n + j] = round(x[i * n + j]! * round(round(g[i * n + j]! - b[j]!) - shift));
    }
  };
}
