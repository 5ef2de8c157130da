/**
 * Claim: adding one constant to all logits of a token changes nothing (MATHS.md S7).
 *
 * Proof: exp(L + c) = e^c·exp(L). A subtracted maximum, a softmax, or divisors without ε remove the factor. The shifts are integers up to 96, beyond the
 * range of f32's exponential, so a kernel that forgets its maximum overflows. Exact in the reals; not claimed bit for bit, because a kernel may fold
 * the maximum into a fused multiply-add of exp2. Class: exact.
 */
import { outside } from './form.ts';
import { tokenRandom } from '../tokens.ts';
import { checkRearranged, exactTokens, noSlack, sources } from './agreement.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { isScaleFree } from '../../src/operations/sinkhorn/steps.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const globalShift = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/global-shift',
  operation: 'sinkhorn',
  claim: 'A constant added to all logits of a token changes nothing.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['dyadic', 'integer', 'ties'], scales: [1, 4] },
  power: [],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute') ?? (isScaleFree(dialect) || dialect.stabilisation !== 'none' ? undefined : 'epsilon is compared with unshifted exponentials'),
  check(context) {
    const { tokens, streams: n } = context.sizes;
    const shifts = Array.from({ length: tokens }, (_, token) => tokenRandom(context, 'global shift', token).sign() * tokenRandom(context, 'shift size', token).integer(1, 96));
    const shifted = context.inputs['logits']!.map((value, index) => value + shifts[Math.floor(index / (n * n))]!);
    const logits = context.round('logits', shifted);
    const exact = exactTokens(shifted, logits, tokens);
    return checkRearranged(context, 'residualMapping', 'difference after a shift of all logits', {
      other: { logits },
      source: sources(tokens, n, (_, i, j) => [i, j]),
      slack: (token) => (exact[token] === true ? noSlack : undefined),
    });
  },
});
