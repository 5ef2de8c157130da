/**
 * Claim: a constant added to each line of the last-normalised side of the logits changes nothing once the iterations have converged (MATHS.md S6, F3).
 *
 * Proof: the projection of diag(a)·A·diag(b) does not depend on b. The T iterations for L and for L + 1bᵀ are each within their own distance of it
 * (same-projection.ts): the shift decays as κ^(2T−1). A kernel that stops early, or treats the two sides by different rules, shows here. Class: limit.
 */
import { outsideIteration } from './form.ts';
import { tokenRandom } from '../tokens.ts';
import { checkRearranged, exactTokens, sources, tokenMatrix } from './agreement.ts';
import { convergingScales, sameProjectionSlack } from './same-projection.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const columnShift = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/column-shift',
  operation: 'sinkhorn',
  claim: 'A constant added to a line of the last-normalised side of the logits is forgotten as the iterations converge.',
  class: 'limit',
  usesReference: false,
  inputs: { logits: ['dyadic', 'ties'], scales: convergingScales },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  check(context) {
    const { tokens, streams: n } = context.sizes;
    const rows = context.kernel.dialect.lastNormalised === 'rows';
    const shifts = Array.from({ length: tokens }, (_, token) => {
      const random = tokenRandom(context, 'line shifts', token);
      return Array.from({ length: n }, () => random.integer(-4, 4) / 4);
    });
    const shifted = context.inputs['logits']!.map((value, index) => {
      const line = rows ? Math.floor(index / n) % n : index % n;
      return value + shifts[Math.floor(index / (n * n))]![line]!;
    });
    const logits = context.round('logits', shifted);
    const exact = exactTokens(shifted, logits, tokens);
    return checkRearranged(context, 'residualMapping', 'difference after a shift of the lines normalised last', {
      other: { logits },
      source: sources(tokens, n, (_, i, j) => [i, j]),
      slack: (token) =>
        exact[token] === true ? sameProjectionSlack(context, tokenMatrix(context, 'logits', token), logits.subarray(token * n * n, (token + 1) * n * n)) : undefined,
    });
  },
});
