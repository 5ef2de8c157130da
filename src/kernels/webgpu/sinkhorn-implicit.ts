/**
 * The derivative of the exact projection at the result X of the T iterations, for n = 1…16, one matrix a thread: G = X∘(g − a·1ᵀ − 1·bᵀ), where a and b make every row and column of G sum to zero.
 * Eliminating a leaves L·b = h with L = diag(W·1) − W, W = Xᵀ·diag(1/r)·X, a graph Laplacian. Each pivot is recomputed as the sum of its weights, so nothing is subtracted (Grassmann, Taksar, Heyman 1985)
 * and f32 suffices for nearly reducible X too: as kernels/reference/sinkhorn-implicit.ts.
 *
 * Moves 12n² bytes a matrix in f32. Beside the forward (sinkhorn-any.ts) n³/2 multiply-adds and divisions for W and n³/3 multiply-adds to eliminate, whatever T is; keeps no iterate.
 */
import type { SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import { anyPieces } from './sinkhorn-any.ts';
import { literal, type streamCount } from './wgsl.ts';

/** WGSL: `forward` takes logits in `start` and leaves the result in x; `backward` turns the cotangent in h into the gradient of the logits. */
export function implicitPieces(dialect: SinkhornVjpDialect, count: ReturnType<typeof streamCount>): string {
  const { n, most } = count;
  const scaled = dialect.temperature === 1 ? '' : ` / ${literal(dialect.temperature)}`;
  return /* wgsl */ `
${anyPieces(dialect, count)}
var<private> start: array<f32, ${most * most}>;
var<private> h: array<f32, ${most * most}>;
var<private> weights: array<f32, ${most * most}>; // W, without its diagonal
var<private> row_sums: array<f32, ${most}>;
var<private> b: array<f32, ${most}>;
var<private> pivots: array<f32, ${most}>;
fn forward() {
  let n = ${n};
  for (var i = 0u; i < n * n; i++) { x[i] = start[i]${scaled}; }
  begin();
  iterate();
}
fn backward() {
  let n = ${n};
  for (var j = 0u; j < n; j++) { b[j] = 0.0; }
  for (var i = 0u; i < n; i++) {
    var sum = 0.0;
    var weighted = 0.0;
    for (var j = 0u; j < n; j++) {
      sum += x[i * n + j];
      weighted += x[i * n + j] * h[i * n + j];
    }
    row_sums[i] = sum;
    let a = weighted / sum;
    for (var j = 0u; j < n; j++) { b[j] += x[i * n + j] * (h[i * n + j] - a); }
  }
  for (var j = 1u; j < n; j++) {
    for (var k = 0u; k < j; k++) {
      var weight = 0.0;
      for (var i = 0u; i < n; i++) { weight += (x[i * n + j] * x[i * n + k]) / row_sums[i]; }
      weights[j * n + k] = weight;
      weights[k * n + j] = weight;
    }
  }
  for (var p = n - 1u; p > 0u; p--) {
    var pivot = 0.0;
    for (var k = 0u; k < p; k++) { pivot += weights[p * n + k]; }
    pivots[p] = pivot;
    if (pivot == 0.0) { continue; } // column p shares no row with those left: its b is free
    for (var j = 0u; j < p; j++) {
      let factor = weights[j * n + p] / pivot;
      b[j] += factor * b[p];
      for (var k = 0u; k < p; k++) {
        if (k != j) { weights[j * n + k] += factor * weights[p * n + k]; }
      }
    }
  }
  b[0] = 0.0; // a + t, b − t give the same G
  for (var p = 1u; p < n; p++) {
    var sum = b[p];
    for (var k = 0u; k < p; k++) { sum += weights[p * n + k] * b[k]; }
    b[p] = select(sum / pivots[p], 0.0, pivots[p] == 0.0);
  }
  for (var i = 0u; i < n; i++) {
    // a once more, from b: rows of G then sum to zero up to rounding
    var weighted = 0.0;
    for (var j = 0u; j < n; j++) { weighted += x[i * n + j] * (h[i * n + j] - b[j]); }
    let a = weighted / row_sums[i];
    for (var j = 0u; j < n; j++) { h[i * n + j] = (x[i * n + j] * ((h[i * n + j] - b[j]) - a))${scaled}; }
  }
}`;
}
