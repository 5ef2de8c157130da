/**
 * Claim: products of mappings stay what their factors are: no negative entry, sums of the exact side within the product of the factors' bounds, 2-norm within
 * the product of theirs, and a mean-free part that contracts by the product of their Birkhoff coefficients (MATHS.md M9).
 *
 * Proof: (AB)1 = A(B1) for rows, 1ᵀ(AB) = (1ᵀA)B for columns, entries non-negative; norms and Dobrushin's coefficient are submultiplicative. All factors come
 * from the logits (`../a-priori.ts`), none from the measured matrices, so that the claim is one about the kernel. A product of two in f64 adds γ_{n+2} of f64. Every
 * token is multiplied with another of the batch, or with itself. Class: limit (the 2-norm), the rest exact.
 */
import { outside } from '../sinkhorn/form.ts';
import { aPriori } from '../a-priori.ts';
import { evaluationError } from '../evaluation.ts';
import { multiply, normalisedLines } from '../small-matrices.ts';
import { suffices } from '../sufficient.ts';
import { tokenRandom } from '../tokens.ts';
import { dobrushinUpper, lineSums, twoNormUpper } from '../../src/numerics/spectral.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const closureUnderProducts = defineProperty<SinkhornDialect>({
  id: 'spectral/closure-under-products',
  operation: 'sinkhorn',
  claim: 'A product of two mappings keeps the sums of the exact side, the norm and the contraction that its factors guarantee.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: [0, 0.1, 1, 2, 4, 10], streamCounts: [1, 2, 3, 4, 5, 8] },
  power: ['larger-epsilon', 'transposed', 'lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const side = context.kernel.dialect.lastNormalised;
    const judge = context.judge();
    const known = Array.from({ length: tokens }, (_, token) => aPriori(context.kernel, context.inputs['logits']!, token * n * n, n, bounded));
    for (let token = 0; token < tokens; token++) {
      const other = tokenRandom(context, 'factor', token).below(tokens);
      if (bounded.certified[token] === 0 || bounded.certified[other] === 0) continue;
      const [a, b] = [known[token]!, known[other]!];
      const start = token * n * n;
      const factors = [output.slice(start, start + n * n), output.slice(other * n * n, (other + 1) * n * n)] as const;
      const product = multiply(factors[0], factors[1], n);
      const [low, high] = [a.low * b.low, a.high * b.high];
      const own = evaluationError(n + 2, n * high);
      lineSums(product, 0, n, side).forEach((sum, line) => {
        const what = (): string => `${side === 'rows' ? 'row' : 'column'} ${line} of the product with token ${other} sums to ${sum}`;
        judge.atMost(token, sum >= 1 ? sum - 1 : 0, high - 1 + own, 'residualMapping', start, what);
        judge.atMost(token, sum <= 1 ? 1 - sum : Number.isNaN(sum) ? NaN : 0, 1 - low + own, 'residualMapping', start, what);
      });
      judge.atMost(token, Math.max(0, -Math.min(...product)), 0, 'residualMapping', start, () => 'negative entry of the product');
      const boundFor = (freeA: number, freeB: number): number => Math.sqrt(high * freeA * freeB) - 1 + own;
      const excess = Math.max(0, twoNormUpper(product, 0, n) - 1);
      const least = boundFor(a.freeAtLeast, b.freeAtLeast);
      judge.atMost(token, excess, suffices(context, excess, least) ? least : boundFor(a.free, b.free), 'residualMapping', start, () => `2-norm of the product with token ${other} − 1`);
      const factor = a.contraction * b.contraction;
      const lines = multiply(normalisedLines(factors[0], 0, n, side), normalisedLines(factors[1], 0, n, side), n);
      const measured = dobrushinUpper(lines, 0, n, side);
      // a margin of 0 says nothing that the ones above do not say
      if (context.indifferent > 0 && measured <= factor) continue;
      const rounded = (a.contraction + a.contractionError) * (b.contraction + b.contractionError);
      if (rounded >= 1) continue;
      const what = (): string => `contraction by the product with token ${other} is ${measured}, ${factor} by the logits`;
      judge.atMost(token, measured <= factor ? 0 : measured - factor, rounded - factor + own, 'residualMapping', start, what);
    }
    return judge.finish();
  },
});
