/**
 * Claims: JPmHC's mapping is orthogonal: QᵀQ = I, all its singular values are 1 (so it keeps the norm of streams and of gradients), and its determinant is +1.
 *
 * Proof: (I−S)⁻¹(I+S) with S skew commutes with its inverse transpose, hence QᵀQ = I, and det(I+S) = det((I−S)ᵀ) = det(I−S). Of the fixed-point dialect
 * Y_k − Q = S(Y_{k−1} − Q) and Y_0 − Q = −S²(I + Q), so ‖Y_k − Q‖ ≤ 2‖S‖^{k+2} =: d, which is added to the rounding. With ê = ‖Q̂ − Q‖_F ≤ √Σerror² + d: |σ − 1| ≤ ê (Weyl),
 * |(Q̂ᵀQ̂ − I)_ij| ≤ 2ê + ê², |det Q̂ − 1| ≤ (1 + ê)^n − 1. Class: exact for elimination, limit for the fixed point; where ê ≥ 1/2 nothing is claimed of it.
 */
import { evaluationError } from '../evaluation.ts';
import { eachToken } from './matrices.ts';
import { twoNormLower, twoNormUpperTight } from '../../src/numerics/spectral.ts';
import type { CayleyDialect } from '../../src/operations/relatives/cayley.ts';
import { defineProperty, type CheckContext, type Property } from '../../src/verify/property.ts';
import type { Judge } from '../../src/verify/judge.ts';

type Check = (judge: Judge, token: number, q: Float64Array, n: number, distance: number) => void;

function about(id: string, claim: string, check: Check): Property {
  return defineProperty<CayleyDialect>({
    id,
    operation: 'cayley',
    claim,
    class: 'exact',
    usesReference: false,
    inputs: {},
    power: ['lower-precision'],
    async check(context) {
      const { streams: n } = context.sizes;
      const output = (await context.run(context.inputs))['residualMapping']!;
      const bounded = context.bounded(context.inputs);
      const judge = context.judge();
      eachToken(context, [bounded], (token) => {
        const errors = bounded.errors['residualMapping']!.subarray(token * n * n, (token + 1) * n * n);
        const distance = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0)) * (1 + 2 ** -40) + remainder(context, token);
        if (distance < 1 / 2) check(judge, token, output.slice(token * n * n, (token + 1) * n * n), n, distance);
      });
      return judge.finish();
    },
  });
}

/** 2‖S‖^{steps+2} with ‖S‖₂ ≤ ‖S‖₁; 0 for elimination. */
function remainder({ kernel: { dialect }, inputs, sizes: { streams: n } }: CheckContext<CayleyDialect>, token: number): number {
  if (dialect.solver === 'elimination') return 0;
  const w = inputs['logits']!.subarray(token * n * n, (token + 1) * n * n);
  let norm = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.abs(dialect.factor * (w[i * n + j]! - w[j * n + i]!));
    norm = Math.max(norm, sum);
  }
  return 2 * norm ** (dialect.steps + 2) * (1 + 2 ** -40);
}

export const cayleyOrthogonality = about('relatives/cayley-orthogonality', 'The columns of the mapping are orthonormal.', (judge, token, q, n, distance) => {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let [product, magnitude] = [0, 1];
      for (let k = 0; k < n; k++) {
        product += q[k * n + i]! * q[k * n + j]!;
        magnitude += Math.abs(q[k * n + i]! * q[k * n + j]!);
      }
      const bound = 2 * distance + distance * distance + evaluationError(n, magnitude);
      judge.atMost(token, product - (i === j ? 1 : 0), bound, 'residualMapping', token * n * n + i * n + j, () => `(QᵀQ − I) at (${i}, ${j})`);
    }
  }
});

export const cayleySingularValues = about('relatives/cayley-singular-values', 'Every singular value of the mapping is 1: norms of streams and gradients are kept.', (judge, token, q, n, distance) => {
  const start = token * n * n;
  // outward roundings of the enclosure itself: n products and sums, twice
  const own = evaluationError(4 * n + 8, 2);
  judge.atMost(token, Math.max(0, twoNormLower(q, 0, n) - 1), distance + own, 'residualMapping', start, () => 'largest singular value − 1');
  // Qᵀ is Q⁻¹ up to the distance: the smallest singular value is the inverse of the largest of the inverse, here seen in ‖I − QᵀQ‖
  const defect = q.map((_, k) => {
    let sum = Math.floor(k / n) === k % n ? 1 : 0;
    for (let l = 0; l < n; l++) sum -= q[l * n + Math.floor(k / n)]! * q[l * n + (k % n)]!;
    return sum;
  });
  const limit = 2 * distance + distance * distance;
  judge.atMost(token, Math.max(0, twoNormLower(defect, 0, n)), limit + n * own, 'residualMapping', start, () => `‖I − QᵀQ‖₂, in which the smallest shows; ‖Q‖₂ is at most ${twoNormUpperTight(q, 0, n)}`);
});

export const cayleyDeterminant = about('relatives/cayley-determinant', 'The determinant of the mapping is +1: it turns and does not reflect.', (judge, token, q, n, distance) => {
  const { value, magnitude } = determinant([...q], n);
  const bound = (1 + distance) ** n - 1 + evaluationError(n * n + n, magnitude);
  judge.atMost(token, value - 1, bound * (1 + 2 ** -40), 'residualMapping', token * n * n, () => 'det Q − 1');
});

/** By elimination with the largest pivot; `magnitude` bounds what its roundings multiply: pivots are at most 2^{p}·(largest entry) with partial pivoting. */
function determinant(a: number[], n: number): { value: number; magnitude: number } {
  const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let value = 1;
  for (let p = 0; p < n; p++) {
    let pivot = p;
    for (let i = p + 1; i < n; i++) if (Math.abs(a[i * n + p]!) > Math.abs(a[pivot * n + p]!)) pivot = i;
    if (pivot !== p) for (let k = 0; k < n; k++) [a[p * n + k], a[pivot * n + k]] = [a[pivot * n + k]!, a[p * n + k]!];
    value *= pivot === p ? a[p * n + p]! : -a[p * n + p]!;
    for (let i = p + 1; i < n; i++) {
      const factor = a[i * n + p]! / a[p * n + p]!;
      for (let k = p + 1; k < n; k++) a[i * n + k]! -= factor * a[p * n + k]!;
    }
  }
  // near an orthogonal matrix no product of pivots exceeds its determinant's minors, which are at most Π row norms ≤ (√n·largest)ⁿ
  return { value, magnitude: 2 ** n * Math.max(1, largest) ** n };
}
