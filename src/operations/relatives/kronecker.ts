/**
 * KromHC (arXiv 2601.21579): for n = 2^k streams, H = U_1 ⊗ ··· ⊗ U_k with U_f = [[a_f, 1−a_f], [1−a_f, a_f]], a_f = σ(z_f). A published kernel takes two
 * logits per factor and their softmax, which is σ of their difference. Factor 1 is the most significant bit of the stream's number: H_ij is the product
 * over the bits of a_f where i and j agree and of 1−a_f where they differ. Hence H is symmetric, depends on i XOR j only (all such matrices
 * commute: the Walsh–Hadamard transform diagonalises them), and both marginals are Π(a_f + (1−a_f)) = 1.
 *
 * Bound: σ within its error, 1−a either subtracted or computed as σ(−z): the larger of both errors; products of k factors. Derivative: ∂a_f =
 * Σ_ij ±G_ij·Π_{other factors}, ∂z_f = a_f·(1−a_f)·∂a_f.
 */
import { z } from 'zod';

import type { Operation, Port } from '../operation.ts';
import { cotangentOf, gradientOf, residualMapping } from '../streams/ports.ts';
import type { Calculus } from './calculus.ts';
import { relativeOperation } from './relative-operation.ts';

export interface KroneckerDialect {
  /** How a kernel gets 1 − a: by subtraction, or as σ(−z), which keeps its digits where a is near 1. */
  readonly complement: 'subtraction' | 'sigmoid';
}
const dialectSchema: z.ZodType<KroneckerDialect> = z.strictObject({ complement: z.enum(['subtraction', 'sigmoid']) });
/** `kromhc`: wz1119/KromHC @dd2910c4, 1 − p. `softmax`: both weights of a two-way softmax. */
const presets = { kromhc: { complement: 'subtraction' }, softmax: { complement: 'sigmoid' } } as const;

const factors: Port = { name: 'factorLogits', dims: ['tokens', 'factors'], role: 'logits' };
const shared = { dims: ['tokens', 'streams'], streamCounts: [2, 4, 8, 16], dialectSchema, presets, defaultPreset: 'kromhc' } as const;

/** a_f where streams i and j agree in bit f (0 the most significant of `count`), 1 − a_f where they differ. */
interface Factor<F> {
  readonly agree: F;
  readonly differ: F;
}

/** Whether i and j have the same bit f of `count`. */
export function agrees(i: number, j: number, f: number, count: number): boolean {
  return (((i ^ j) >> (count - 1 - f)) & 1) === 0;
}

export const kronecker: Operation<KroneckerDialect> = relativeOperation({
  ...shared,
  id: 'kronecker',
  summary: 'The residual mapping of KromHC: the Kronecker product of log2 n doubly stochastic 2×2 matrices.',
  inputs: [factors],
  outputs: [residualMapping],
  formula: '|Ĥ_ij/H_ij − 1| ≤ Π(1 + δ_f)·(1 + u)^{k−1} − 1, δ_f the error of a_f or of 1 − a_f',
  evaluate(calculus, { factorLogits }, { streams: n }, dialect) {
    const pairs = pairsOf(calculus, factorLogits!, dialect);
    return { residualMapping: Array.from({ length: n * n }, (_, at) => entry(calculus, pairs, Math.floor(at / n), at % n)) };
  },
});

export const kroneckerVjp: Operation<KroneckerDialect> = relativeOperation({
  ...shared,
  id: 'kronecker-vjp',
  summary: 'The gradient of kronecker: the logits of the factors.',
  inputs: [factors, cotangentOf(residualMapping)],
  outputs: [gradientOf(factors)],
  formula: '|∂z_f error| ≤ a_f(1−a_f)·Σ_ij|G_ij|·Π_{others}·(Σδ + γ_{n² + k + 2})',
  evaluate(calculus, { factorLogits, cotangent }, { streams: n }, dialect) {
    const pairs = pairsOf(calculus, factorLogits!, dialect);
    const gradient = pairs.map(({ agree, differ }, f) => {
      const terms = cotangent!.map((g, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        const term = calculus.mul(g, entry(calculus, pairs, i, j, f));
        return agrees(i, j, f, pairs.length) ? term : calculus.scale(term, -1);
      });
      return calculus.mul(calculus.mul(agree, differ), calculus.sum(terms));
    });
    return { factorLogitsGradient: gradient };
  },
});

function pairsOf<F>(calculus: Calculus<F>, logits: readonly F[], dialect: KroneckerDialect): Factor<F>[] {
  return logits.map((x) => {
    const agree = calculus.sigmoid(x);
    return { agree, differ: dialect.complement === 'sigmoid' ? calculus.sigmoid(calculus.scale(x, -1)) : calculus.sub(calculus.of(1), agree) };
  });
}

/** H_ij, without factor `left` where one is given. */
function entry<F>(calculus: Calculus<F>, pairs: readonly Factor<F>[], i: number, j: number, left?: number): F {
  let product: F | undefined;
  pairs.forEach(({ agree, differ }, f) => {
    if (f === left) return;
    const factor = agrees(i, j, f, pairs.length) ? agree : differ;
    product = product === undefined ? factor : calculus.mul(product, factor);
  });
  return product ?? calculus.of(1);
}
