/**
 * mHC-lite (arXiv 2601.05732): H = Σ_k a_k·P_k over all n! permutations, a = softmax(z). By Birkhoff's theorem every doubly stochastic matrix is
 * such a mixture, and both marginals are exact to rounding for every z: no iterations, no convergence. n ≤ 5 (120 weights).
 *
 * Bound: softmax with the maximum subtracted, |â_k − a_k| ≤ a_k·(δ_exp + |z_k−m|·u + γ_{n!} + δ_div), and sums of (n−1)! weights in any order. Derivative:
 * g_k = Σ_i G_{i,π_k(i)}, ∂z_k = a_k·g_k − a_k·Σ_l a_l·g_l, bounded as a sum of products so that a_k·(g_k − Σ) is covered too.
 */
import { z } from 'zod';

import type { Operation, Port } from '../operation.ts';
import { cotangentOf, gradientOf, residualMapping } from '../streams/ports.ts';
import type { Calculus } from './calculus.ts';
import { permutationsOf } from './permutations.ts';
import { relativeOperation } from './relative-operation.ts';

export interface PermutationMixtureDialect {
  /** Where P_k has its ones: 'rows' at (i, π_k(i)), 'columns' at (π_k(i), i), which is the transposed mixture. */
  readonly ones: 'rows' | 'columns';
}
const dialectSchema: z.ZodType<PermutationMixtureDialect> = z.strictObject({ ones: z.enum(['rows', 'columns']) });
/** `mhc-lite`: FFTYYY/mhc-lite @ea197752, eye[permutations]. `transposed`: what multiplies the streams there. */
const presets = { 'mhc-lite': { ones: 'rows' }, transposed: { ones: 'columns' } } as const;

const weights: Port = { name: 'weightLogits', dims: ['tokens', 'permutations'], role: 'logits' };
const shared = { dims: ['tokens', 'streams'], streamCounts: [1, 2, 3, 4, 5], dialectSchema, presets, defaultPreset: 'mhc-lite' } as const;

/** The place of the one in line i of a permutation. */
export function placeOf(dialect: PermutationMixtureDialect, n: number, i: number, image: number): number {
  return dialect.ones === 'rows' ? i * n + image : image * n + i;
}

export const permutationMixture: Operation<PermutationMixtureDialect> = relativeOperation({
  ...shared,
  id: 'permutation-mixture',
  summary: 'The residual mapping of mHC-lite: a softmax-weighted mixture of all n! permutations.',
  inputs: [weights],
  outputs: [residualMapping],
  formula: '|Ĥ − H| ≤ Σ_{k: π_k(i)=j} a_k·(δ_exp + |z_k−m|·u + δ_div + γ_{n! + (n−1)!})',
  evaluate(calculus, { weightLogits }, { streams: n }, dialect) {
    const a = softmax(calculus, weightLogits!);
    const entries = Array.from({ length: n * n }, (): typeof a => []);
    permutationsOf(n).forEach((permutation, k) => permutation.forEach((image, i) => entries[placeOf(dialect, n, i, image)]!.push(a[k]!)));
    return { residualMapping: entries.map((terms) => calculus.sum(terms)) };
  },
});

export const permutationMixtureVjp: Operation<PermutationMixtureDialect> = relativeOperation({
  ...shared,
  id: 'permutation-mixture-vjp',
  summary: 'The gradient of permutation-mixture: the logits of the weights.',
  inputs: [weights, cotangentOf(residualMapping)],
  outputs: [gradientOf(weights)],
  formula: '|∂z_k error| ≤ a_k·(|g_k| + Σ_l a_l|g_l|)·(2δ_a + γ_{n! + n + 3}), δ_a as in permutation-mixture',
  evaluate(calculus, { weightLogits, cotangent }, { streams: n }, dialect) {
    const a = softmax(calculus, weightLogits!);
    const g = permutationsOf(n).map((permutation) => calculus.sum(permutation.map((image, i) => cotangent![placeOf(dialect, n, i, image)]!)));
    const mean = calculus.sum(a.map((weight, k) => calculus.mul(weight, g[k]!)));
    return { weightLogitsGradient: a.map((weight, k) => calculus.sub(calculus.mul(weight, g[k]!), calculus.mul(weight, mean))) };
  },
});

function softmax<F>(calculus: Calculus<F>, logits: readonly F[]): F[] {
  const largest = logits.reduce((most, x) => (calculus.toNumber(x) > calculus.toNumber(most) ? x : most));
  const exponentials = logits.map((x) => calculus.exp(calculus.sub(x, largest)));
  const total = calculus.sum(exponentials);
  return exponentials.map((x) => calculus.div(x, total));
}
