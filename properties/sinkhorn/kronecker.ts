/**
 * Claim: logits A_ij + B_kl on pairs of indices give the Kronecker product of the results for A and for B (MATHS.md S20).
 *
 * Proof: exp(L) = exp(A)⊗exp(B); a line sum of a Kronecker product is the product of line sums, so every half-step keeps the form. An ε would not factor:
 * the claim is for dialects without. The same kernel runs at the sizes of the factors (p the smallest prime factor of n); |X − X_A⊗X_B| is at most the
 * bound of X plus X_A·e_B + X_B·e_A + e_A·e_B. Class: exact, any T.
 */
import { outside } from './form.ts';
import { evaluationError } from '../evaluation.ts';
import { tokenMatrix } from './agreement.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

const composite = [4, 6, 8, 9, 10, 12, 14, 15, 16];
const smallestFactor = (n: number): number => [2, 3].find((p) => n % p === 0) ?? n;

export const kronecker = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/kronecker',
  operation: 'sinkhorn',
  claim: 'Logits that are a sum over two indices give the Kronecker product of two smaller results.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['kronecker', 'rank-one'], streamCounts: composite },
  power: ['transposed', 'lower-precision'],
  notApplicable({ dialect, streams }) {
    if (dialect.epsilon > 0) return 'epsilon does not factor';
    const factored = composite.some((n) => streams.includes(n) && streams.includes(smallestFactor(n)) && streams.includes(n / smallestFactor(n)));
    return factored ? outside(dialect, 'absolute', 'early-stop') : 'needs a stream count and its factors';
  },
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const p = smallestFactor(n);
    const q = n / p;
    const judge = context.judge();
    if (p === n || q === 1 || !kernel.streams.includes(p) || !kernel.streams.includes(q)) return judge.finish();
    const logits = context.inputs['logits']!;
    const part = (size: number, step: number): Float64Array =>
      Float64Array.from({ length: tokens * size * size }, (_, k) => {
        const [token, i, j] = [Math.floor(k / (size * size)), Math.floor(k / size) % size, k % size];
        return logits[token * n * n + i * step * n + j * step]!;
      });
    const [first, second] = [{ logits: part(p, q) }, { logits: part(q, 1) }];
    const output = (await context.run(context.inputs))['residualMapping']!;
    const a = (await context.run(first, { streams: p }))['residualMapping']!;
    const b = (await context.run(second, { streams: q }))['residualMapping']!;
    const bounds = [context.bounded(context.inputs), context.bounded(first, { streams: p }), context.bounded(second, { streams: q })] as const;
    const errors = bounds.map((bounded) => bounded.errors['residualMapping']!) as [Float64Array, Float64Array, Float64Array];
    for (let token = 0; token < tokens; token++) {
      if (bounds.some((bounded) => bounded.certified[token] === 0) || !isSum(tokenMatrix(context, 'logits', token), n, q)) continue;
      for (let k = 0; k < n * n; k++) {
        const [i, j] = [Math.floor(k / n), k % n];
        const inA = token * p * p + Math.floor(i / q) * p + Math.floor(j / q);
        const inB = token * q * q + (i % q) * q + (j % q);
        const product = a[inA]! * b[inB]!;
        const index = token * n * n + k;
        const bound = errors[0][index]! + Math.abs(a[inA]!) * errors[2][inB]! + Math.abs(b[inB]!) * errors[1][inA]! + errors[1][inA]! * errors[2][inB]!;
        judge.atMost(token, output[index]! - product, bound + evaluationError(2, Math.abs(product)), 'residualMapping', index, () => 'entry − product of the two smaller results');
      }
    }
    return judge.finish();
  },
});

/** L_(ik)(jl) − L_(i0)(j0) = L_(0k)(0l) − L_00 for all pairs. */
function isSum(logits: Float64Array, n: number, q: number): boolean {
  return logits.every((value, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    const base = logits[(i - (i % q)) * n + (j - (j % q))]!;
    return value - base === logits[(i % q) * n + (j % q)]! - logits[0]!;
  });
}
