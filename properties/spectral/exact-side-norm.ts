/**
 * Claim: on the side that was normalised last, the operator norm of H is at most 1 + γ: ‖H‖₁ for columns, ‖H‖∞ for rows, for all logits and any
 * number of iterations (MATHS.md §6.2, §6.7). It bounds how far a signal (ℓ1 or ℓ∞) can grow in one layer.
 *
 * Proof in `../a-priori.ts`: the last division makes every line sum to s/(s+ε) ≤ 1 up to γ_k of the declared division and storage. The measured norm is
 * rounded up (`numerics/spectral.ts`). Class: exact. No reference, no condition.
 */
import { outside } from '../sinkhorn/form.ts';
import { aPriori } from '../a-priori.ts';
import { infNormUpper, oneNormUpper } from '../../src/numerics/spectral.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const exactSideNorm = defineProperty<SinkhornDialect>({
  id: 'spectral/exact-side-norm',
  operation: 'sinkhorn',
  claim: 'The norm of the mapping on its last-normalised side is at most 1 up to rounding, for all logits.',
  class: 'exact',
  usesReference: false,
  inputs: { streamCounts: [2, 3, 4, 5, 8] },
  power: ['transposed', 'lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const columns = context.kernel.dialect.lastNormalised === 'columns';
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const { high } = aPriori(context.kernel, context.inputs['logits']!, token * n * n, n, bounded);
      const norm = (columns ? oneNormUpper : infNormUpper)(output, token * n * n, n);
      judge.atMost(token, Math.max(0, norm - 1), high - 1, 'residualMapping', token * n * n, () => `${columns ? '‖H‖₁' : '‖H‖∞'} − 1`);
    }
    return judge.finish();
  },
});
