/**
 * Derivatives of Sinkhorn on h = g∘X, the gradient with respect to log X, which neither overflows nor divides:
 * a normalisation X' = X/s pulls back to h = h' − X'·(line sums of h'), an added ε to h = h'·X/(X + ε), the exponential of L/τ to
 * ∂ℓ/∂L = h/τ, and |L/τ| + ε to h/X⁰ times the slope of |L| and 1/τ. A line that is not divided by its sum passes h on unchanged. The shift before the exponential is held constant. Unrolled: exact for any T. Implicit: the derivative of the exact projection,
 * G = X∘(g − a1ᵀ − 1bᵀ) with diag(r)·a + X·b = row sums of X∘g and Xᵀ·a + diag(c)·b = column sums, at X the result of T iterations.
 */
import type { SinkhornVjpDialect } from './dialect.ts';
import type { Trajectory } from './trajectory.ts';

/** Walks the first `count` steps of a trajectory backwards. `stages[k]` receives h before step k, `stages[count]` is g∘X. */
export function unrolled(trajectory: Trajectory, n: number, count: number, cotangent: Float64Array, offset: number, stages: readonly Float64Array[]): void {
  const last = trajectory.matrices[count]!;
  const seed = stages[count]!;
  for (let i = 0; i < n * n; i++) seed[i] = cotangent[offset + i]! * last[i]!;
  for (let k = count - 1; k >= 0; k--) {
    const step = trajectory.steps[k]!;
    const from = stages[k + 1]!;
    const to = stages[k]!;
    const after = trajectory.matrices[k + 1]!;
    if (step.kind === 'add') {
      const before = trajectory.matrices[k]!;
      for (let i = 0; i < n * n; i++) to[i] = (from[i]! * before[i]!) / after[i]!;
      continue;
    }
    const [lineStride, entryStride] = step.side === 'rows' ? [n, 1] : [1, n];
    for (let line = 0; line < n; line++) {
      const first = line * lineStride;
      let sum = 0;
      // a divisor that is clamped, or below a threshold, is a constant
      if (trajectory.follows[k]![line] === 1) for (let e = 0; e < n; e++) sum += from[first + e * entryStride]!;
      for (let e = 0; e < n; e++) {
        const i = first + e * entryStride;
        to[i] = from[i]! - after[i]! * sum;
      }
    }
  }
}

/** ∂ℓ/∂L from h of the start, in place. */
export function toLogits(h: Float64Array, trajectory: Trajectory, logits: Float64Array, dialect: SinkhornVjpDialect): void {
  const { start, temperature } = dialect;
  for (let i = 0; i < h.length; i++) {
    if (start === 'absolute') {
      const slope = startSlope(logits[i]!, dialect);
      h[i] = slope === 0 ? 0 : (h[i]! / trajectory.matrices[0]![i]!) * slope;
    }
    h[i] = h[i]! / temperature;
  }
}

/** The derivative of |L|. */
export function startSlope(logit: number, { slopeAtZero = 0 }: SinkhornVjpDialect): number {
  return logit === 0 ? slopeAtZero : Math.sign(logit);
}

/** The implicit gradient of one matrix, and the multipliers (a, b). Returns ‖K⁺‖∞ of the marginal system, its condition for the bound. */
export function implicit(x: Float64Array, n: number, cotangent: Float64Array, offset: number, out: Float64Array, multipliers: Float64Array): number {
  const size = 2 * n;
  const system = new Float64Array(size * size);
  const right = new Float64Array(size);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const value = x[i * n + j]!;
      const weighted = value * cotangent[offset + i * n + j]!;
      system[i * size + i] = system[i * size + i]! + value;
      system[(n + j) * size + n + j] = system[(n + j) * size + n + j]! + value;
      system[i * size + n + j] = value;
      system[(n + j) * size + i] = value;
      right[i] = right[i]! + weighted;
      right[n + j] = right[n + j]! + weighted;
    }
  }
  // the system is singular along (1, −1), which does not change the gradient; a rank-one term fixes the gauge
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) system[i * size + j] = system[i * size + j]! + (i < n === j < n ? 1 : -1) / n;
  const inverse = invert(system, size);
  let norm = 0;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    let value = 0;
    for (let j = 0; j < size; j++) {
      sum += Math.abs(inverse[i * size + j]!);
      value += inverse[i * size + j]! * right[j]!;
    }
    multipliers[i] = value;
    if (!(sum <= norm)) norm = sum;
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) out[i * n + j] = x[i * n + j]! * (cotangent[offset + i * n + j]! - multipliers[i]! - multipliers[n + j]!);
  }
  return norm;
}

/** Gauss–Jordan with partial pivoting; the system is at most 32×32. */
function invert(matrix: Float64Array, size: number): Float64Array {
  const a = matrix.slice();
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) if (Math.abs(a[row * size + column]!) > Math.abs(a[pivot * size + column]!)) pivot = row;
    for (let k = 0; k < size; k++) {
      [a[column * size + k], a[pivot * size + k]] = [a[pivot * size + k]!, a[column * size + k]!];
      [inverse[column * size + k], inverse[pivot * size + k]] = [inverse[pivot * size + k]!, inverse[column * size + k]!];
    }
    const scale = 1 / a[column * size + column]!;
    for (let k = 0; k < size; k++) {
      a[column * size + k] = a[column * size + k]! * scale;
      inverse[column * size + k] = inverse[column * size + k]! * scale;
    }
    for (let row = 0; row < size; row++) {
      const factor = a[row * size + column]!;
      if (row === column || factor === 0) continue;
      for (let k = 0; k < size; k++) {
        a[row * size + k] = a[row * size + k]! - factor * a[column * size + k]!;
        inverse[row * size + k] = inverse[row * size + k]! - factor * inverse[column * size + k]!;
      }
    }
  }
  return inverse;
}
