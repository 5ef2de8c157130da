/**
 * Claim: transposing the logits transposes the result once the iterations have converged (MATHS.md S10, F5).
 *
 * Proof: P(Aᵀ) = P(A)ᵀ, although T iterations that start with rows treat Aᵀ differently. Both results are within their own distance of the projection
 * (same-projection.ts). Class: limit.
 */
import { outsideIteration } from './form.ts';
import { checkRearranged, gather, sources, tokenMatrix } from './agreement.ts';
import { convergingScales, sameProjectionSlack } from './same-projection.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const transposition = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/transposition',
  operation: 'sinkhorn',
  claim: 'Transposing the logits transposes the result as the iterations converge.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: convergingScales },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  check(context) {
    const { tokens, streams: n } = context.sizes;
    const source = sources(tokens, n, (_, i, j) => [j, i]);
    const logits = gather(context.inputs['logits']!, source);
    return checkRearranged(context, 'residualMapping', 'result for transposed logits − transposed result', {
      other: { logits },
      source,
      slack: (token) => sameProjectionSlack(context, tokenMatrix(context, 'logits', token), logits.subarray(token * n * n, (token + 1) * n * n)),
    });
  },
});
