/**
 * Claims: both marginals of mHC-lite's and KromHC's mapping are 1 to rounding, whatever the logits: no iterations, no convergence
 * (arXiv 2601.05732, 2601.21579).
 *
 * Proof, mixture: â_k = e_k/ŝ·(1+δ) with ŝ = Σe·(1+θ), |θ| ≤ γ_{n!−1}: errors of the exponentials cancel, Σâ = 1 up to γ_{n!−1} and one division. A line holds every weight
 * once, each summed through at most (n−1)!−1 roundings here and n in the check. Kronecker: with b̂ = fl(1 − â), â + b̂ = 1 up to u (a declared σ(−z) instead: up to both errors of σ);
 * a line of the product is Π(â_f + b̂_f), each entry rounded k−1 times. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { eachToken, roundings, storageOf } from './matrices.ts';
import type { KroneckerDialect } from '../../src/operations/relatives/kronecker.ts';
import { computeUnit } from '../../src/numerics/arithmetic.ts';
import { lengthOf } from '../../src/operations/dims.ts';
import { defineProperty, type CheckContext, type ResolvedKernel } from '../../src/verify/property.ts';
import type { Judgement } from '../../src/verify/judge.ts';

async function bothMarginals<D>(context: CheckContext<D>, relative: (n: number) => number, lost: (n: number) => number): Promise<Judgement> {
  const { streams: n } = context.sizes;
  const output = (await context.run(context.inputs))['residualMapping']!;
  const stored = storageOf(context.kernel, 'residualMapping');
  const judge = context.judge();
  eachToken(context, [context.bounded(context.inputs)], (token) => {
    for (let line = 0; line < n; line++) {
      let [row, column] = [0, 0];
      for (let k = 0; k < n; k++) {
        row += output[(token * n + line) * n + k]!;
        column += output[(token * n + k) * n + line]!;
      }
      const bound = relative(n) * (1 + stored.relative) + stored.relative + n * stored.absolute + lost(n) + evaluationError(n, 1);
      judge.atMost(token, row - 1, bound, 'residualMapping', (token * n + line) * n, () => `row ${line} sum − 1`);
      judge.atMost(token, column - 1, bound, 'residualMapping', token * n * n + line, () => `column ${line} sum − 1`);
    }
  });
  return judge.finish();
}

export const mixtureMarginals = defineProperty({
  id: 'relatives/mixture-marginals',
  operation: 'permutation-mixture',
  claim: 'Rows and columns of a mixture of permutations sum to 1 up to rounding, for any logits.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  check: (context) => {
    const count = (n: number): number => lengthOf('permutations', { ...context.sizes, streams: n });
    // underflow: of n! exponentials, of their quotients, and of their sums where those are flushed
    return bothMarginals(context, (n) => roundings(context.kernel, count(n) + count(n) / n, 1), (n) => 3 * count(n) * storageOf(context.kernel, 'residualMapping').absolute);
  },
});

export const kroneckerMarginals = defineProperty<KroneckerDialect>({
  id: 'relatives/kronecker-marginals',
  operation: 'kronecker',
  claim: 'Rows and columns of a Kronecker product of 2×2 doubly stochastic matrices sum to 1 up to rounding, for any logits.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  check: (context) => bothMarginals(context, (n) => pairSums(context.kernel, Math.log2(n), context.inputs['factorLogits']!), (n) => n * Math.log2(n) * storageOf(context.kernel, 'residualMapping').absolute),
});

/** Π(1 + |â + b̂ − 1|)·(1 + u)^{k−1} − 1. */
function pairSums({ arithmetic, dialect }: ResolvedKernel<KroneckerDialect>, factors: number, logits: Float64Array): number {
  const u = computeUnit(arithmetic);
  const largest = logits.reduce((most, z) => Math.max(most, Math.abs(z)), 0);
  const sigmoid = arithmetic.sigmoid;
  // σ and σ(−z): the exponential's error counts a(1−a) ≤ 1/4 in each, the addition and the division once; 2 for the second order
  const computed = ((arithmetic.exp.constant + arithmetic.exp.slope * largest) / 2 + 1 + arithmetic.division.perLine + arithmetic.division.perEntry) * u * 2;
  const both = sigmoid === undefined ? computed : sigmoid.relative * u + 2 * sigmoid.absolute;
  const pair = dialect.complement === 'subtraction' ? u : both;
  return (1 + pair) ** factors * (1 + u) ** (factors - 1) * (1 + 2 ** -40) - 1 + 2 ** -45;
}
