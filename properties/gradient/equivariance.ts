/**
 * Claims: the gradient inherits what the result does not see (MATHS.md G7): permuting rows and columns of logits and cotangent permutes it; a shift of a line of the
 * first side leaves it as it is.
 *
 * Proof: differentiate X(PLQ) = P·X(L)·Q and X(L + a1ᵀ) = X(L). Both gradients are within their own bounds of one truth. Class: exact.
 */
import { tokenRandom } from '../tokens.ts';
import { checkRearranged, exactTokens, gather, noSlack, sources } from '../sinkhorn/agreement.ts';
import { permutedSources } from '../sinkhorn/permutation-equivariance.ts';
import { lineShiftMatters } from '../sinkhorn/row-shift.ts';
import { firstNormalised, type SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { cotangents } from './claims.ts';

export const gradientPermutation = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/permutation-equivariance',
  operation: 'sinkhorn-vjp',
  claim: 'Permuting rows and columns of logits and cotangent permutes the gradient and changes nothing else.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  check(context) {
    const source = permutedSources(context);
    return checkRearranged(context, 'logitsGradient', 'gradient for permuted inputs − permuted gradient', {
      other: { logits: gather(context.inputs['logits']!, source), cotangent: gather(context.inputs['cotangent']!, source) },
      source,
      slack: () => noSlack,
    });
  },
});

export const gradientRowShift = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/row-shift',
  operation: 'sinkhorn-vjp',
  claim: 'A constant added to a line of the first-normalised side of the logits leaves the gradient as it is.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['dyadic', 'integer', 'ties'], scales: [1, 4], cotangents },
  power: [],
  notApplicable: ({ dialect }) => lineShiftMatters(dialect),
  check(context) {
    const { tokens, streams: n } = context.sizes;
    const rows = firstNormalised(context.kernel.dialect) === 'rows';
    const shifts = Array.from({ length: tokens }, (_, token) => {
      const random = tokenRandom(context, 'line shifts', token);
      return Array.from({ length: n }, () => random.integer(-8, 8));
    });
    const shifted = context.inputs['logits']!.map((value, k) => value + shifts[Math.floor(k / (n * n))]![rows ? Math.floor(k / n) % n : k % n]!);
    const logits = context.round('logits', shifted);
    const exact = exactTokens(shifted, logits, tokens);
    return checkRearranged(context, 'logitsGradient', 'difference after a shift of the lines', {
      other: { ...context.inputs, logits },
      source: sources(tokens, n, (_, i, j) => [i, j]),
      slack: (token) => (exact[token] === true ? noSlack : undefined),
    });
  },
});
