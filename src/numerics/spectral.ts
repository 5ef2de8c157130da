/**
 * Rigorous enclosures of norms and contraction coefficients of small dense matrices (n ≤ 16), rounded outwards with `directed.ts`:
 * the true value of the f64 matrix as given is never above an `…Upper` nor below a `…Lower`. Matrices are n×n, row-major, and start
 * at `offset` of an array. A NaN entry gives NaN (birkhoffKappa: 1), an overflow Infinity. Assumes IEEE 754 double arithmetic, nothing of Math.sqrt.
 * Source: Rump, "Verification methods", Acta Numerica 19 (2010), §10 for norms by outward rounding.
 */
import { addDown, addUp, divDown, divUp, mulDown, mulUp, nextUp, sqrtDown, sqrtUp } from './directed.ts';
import { exactSum } from './exact-sum.ts';

export type Side = 'rows' | 'columns';

/** The n row or column sums, each correctly rounded: within half an ulp of the exact sum of the entries. */
export function lineSums(matrix: Float64Array, offset: number, n: number, side: Side): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i < n; i++) sums[i] = side === 'rows' ? exactSum(matrix, offset + i * n, n) : exactSum(matrix, offset + i, n, n);
  return sums;
}

/** ‖H‖₁ = max column sum of magnitudes, rounded up. */
export function oneNormUpper(matrix: Float64Array, offset: number, n: number): number {
  return lineNormUpper(matrix, offset, n, 1, n);
}

/** ‖H‖∞ = max row sum of magnitudes, rounded up. */
export function infNormUpper(matrix: Float64Array, offset: number, n: number): number {
  return lineNormUpper(matrix, offset, n, n, 1);
}

/** ‖H‖₂ ≤ √(‖H‖₁·‖H‖∞), rounded up. */
export function twoNormUpper(matrix: Float64Array, offset: number, n: number): number {
  return sqrtUp(mulUp(oneNormUpper(matrix, offset, n), infNormUpper(matrix, offset, n)));
}

/**
 * ‖H‖₂ ≤ ‖(HᵀH)^m‖∞^(1/2m) with m = 2^squarings; above the truth by a factor of at most n^(1/4m), and never above `twoNormUpper`.
 * Rounding is covered by ‖G‖₂ ≤ ‖Ĝ‖₂ + ‖G − Ĝ‖∞ at every product, G symmetric.
 */
export function twoNormUpperTight(matrix: Float64Array, offset: number, n: number, squarings = 5): number {
  const { scaled, factor } = scaleToOne(matrix, offset, n);
  const { product, error } = gram(scaled, n);
  const tight = scaleBack(sqrtUp(addUp(symmetricNormUpper(product, n, squarings), error)), factor, n);
  const simple = twoNormUpper(matrix, offset, n);
  return tight < simple ? tight : simple; // `tight` is NaN where its products overflow
}

/** ‖H‖₂ ≥ ‖Hv‖₂/‖v‖₂, rounded down, where v comes from `iterations` steps of the power method on HᵀH. */
export function twoNormLower(matrix: Float64Array, offset: number, n: number, iterations = 30): number {
  let v = Float64Array.from({ length: n }, (_, i) => 1 + i / (8 * n)); // not orthogonal to the mean, nor to much else
  for (let step = 0; step < iterations; step++) {
    const next = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let image = 0;
      for (let j = 0; j < n; j++) image += matrix[offset + i * n + j]! * v[j]!;
      for (let j = 0; j < n; j++) next[j]! += matrix[offset + i * n + j]! * image;
    }
    const largest = next.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (!(largest > 0 && largest < Infinity)) break;
    v = next.map((x) => x / largest);
  }
  let imageSquare = 0;
  let square = 0;
  for (let i = 0; i < n; i++) {
    let low = 0;
    let high = 0;
    for (let j = 0; j < n; j++) {
      low = addDown(low, mulDown(matrix[offset + i * n + j]!, v[j]!));
      high = addUp(high, mulUp(matrix[offset + i * n + j]!, v[j]!));
    }
    const magnitude = Math.max(low, -high, 0);
    imageSquare = addDown(imageSquare, mulDown(magnitude, magnitude));
    square = addUp(square, mulUp(v[i]!, v[i]!));
  }
  return Math.max(0, divDown(sqrtDown(Math.max(0, imageSquare)), sqrtUp(square)));
}

/**
 * ‖H − J/n‖₂ with J all ones, rounded up. It bounds σ₂(H) for every H (Weyl: J/n has rank one), and is the factor by which a doubly
 * stochastic H contracts the mean-free part of the streams.
 */
export function meanFreeNormUpper(matrix: Float64Array, offset: number, n: number, squarings = 5): number {
  const centred = new Float64Array(n * n);
  const mean = 1 / n;
  let worst = 0;
  for (let k = 0; k < n * n; k++) {
    const entry = matrix[offset + k]!;
    centred[k] = entry - mean;
    const low = addDown(entry, -divUp(1, n));
    const high = addUp(entry, -divDown(1, n));
    worst = Math.max(worst, addUp(high, -centred[k]!), addUp(centred[k]!, -low));
  }
  return addUp(twoNormUpperTight(centred, 0, n, squarings), mulUp(n, worst)); // ‖Δ‖₂ ≤ n·max |Δ_ij|
}

/**
 * Birkhoff's contraction coefficient tanh(Δ/4) in the Hilbert metric, rounded up, as (√θ − 1)/(√θ + 1) with θ = e^Δ the largest cross
 * ratio (Birkhoff 1957; Seneta, Non-negative Matrices and Markov Chains, §3.4). 1 when an entry is not positive.
 */
export function birkhoffKappa(matrix: Float64Array, offset: number, n: number): number {
  let theta = 1;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      let smallest = Infinity;
      let largest = 0;
      for (let k = 0; k < n; k++) {
        const a = matrix[offset + i * n + k]!;
        const b = matrix[offset + j * n + k]!;
        if (!(a > 0 && b > 0)) return 1;
        largest = Math.max(largest, divUp(a, b));
        smallest = Math.min(smallest, divDown(a, b));
      }
      theta = Math.max(theta, smallest > 0 ? divUp(largest, smallest) : Infinity);
    }
  }
  const root = sqrtUp(theta);
  return root < Infinity ? Math.min(1, divUp(addUp(root, -1), addDown(root, 1))) : 1;
}

/**
 * Dobrushin's coefficient ½·max ‖row_i − row_j‖₁, rounded up (Seneta, §3.1): a matrix whose row sums are equal contracts max x − min x
 * by it. `side: 'columns'` gives that of the transpose.
 */
export function dobrushinUpper(matrix: Float64Array, offset: number, n: number, side: Side = 'rows'): number {
  const [line, entry] = side === 'rows' ? [n, 1] : [1, n];
  let worst = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) {
        const a = matrix[offset + i * line + k * entry]!;
        const b = matrix[offset + j * line + k * entry]!;
        sum = addUp(sum, Math.max(addUp(a, -b), addUp(b, -a)));
      }
      worst = Math.max(worst, sum);
    }
  }
  return worst / 2;
}

function lineNormUpper(matrix: Float64Array, offset: number, n: number, lineStride: number, entryStride: number): number {
  let norm = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum = addUp(sum, Math.abs(matrix[offset + i * lineStride + j * entryStride]!));
    norm = Math.max(norm, sum);
  }
  return norm;
}

/** ‖G‖₂ of a symmetric G, rounded up: ‖G‖∞, or √‖G²‖₂ when squarings are left. */
function symmetricNormUpper(symmetric: Float64Array, n: number, squarings: number): number {
  if (squarings === 0) return lineNormUpper(symmetric, 0, n, n, 1);
  const { scaled, factor } = scaleToOne(symmetric, 0, n);
  const { product, error } = gram(scaled, n);
  return scaleBack(sqrtUp(addUp(symmetricNormUpper(product, n, squarings - 1), error)), factor, n);
}

/** fl(HᵀH), exactly symmetric, and a bound of its error's ∞-norm: n+1 roundings of every entry, and underflow. */
function gram(matrix: Float64Array, n: number): { product: Float64Array; error: number } {
  const product = new Float64Array(n * n);
  let error = 0;
  const rounding = mulUp(n + 1, 2 ** -53); // γ_n ≤ (n+1)·u for n ≤ 16
  for (let i = 0; i < n; i++) {
    let rowError = 0;
    for (let j = 0; j < n; j++) {
      let sum = 0;
      let magnitude = 0;
      for (let k = 0; k < n; k++) {
        const term = matrix[k * n + Math.min(i, j)]! * matrix[k * n + Math.max(i, j)]!;
        sum += term;
        magnitude = addUp(magnitude, nextUp(Math.abs(term)));
      }
      product[i * n + j] = sum;
      rowError = addUp(rowError, addUp(mulUp(rounding, magnitude), n * 2 ** -1074));
    }
    error = Math.max(error, rowError);
  }
  return { product, error };
}

/** The matrix times a power of two that brings its largest entry to [1, 2), and the inverse of that power. */
function scaleToOne(matrix: Float64Array, offset: number, n: number): { scaled: Float64Array; factor: number } {
  const scaled = matrix.slice(offset, offset + n * n);
  const largest = scaled.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (!(largest > 0 && largest < Infinity)) return { scaled, factor: 1 };
  let factor = 1;
  while (factor * 2 <= largest) factor *= 2;
  while (factor > largest) factor /= 2;
  for (let k = 0; k < scaled.length; k++) scaled[k]! /= factor;
  return { scaled, factor };
}

/** A norm of the scaled matrix as one of the matrix: entries that the scaling made subnormal have lost at most 2⁻¹⁰⁷⁴ each. */
function scaleBack(norm: number, factor: number, n: number): number {
  return mulUp(addUp(norm, n * 2 ** -1074), factor);
}
