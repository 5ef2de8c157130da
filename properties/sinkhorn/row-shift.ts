/**
 * Claim: adding a constant to each line of the first-normalised side of the logits changes nothing (MATHS.md S5).
 *
 * Proof: exp(L + a1ᵀ) = diag(e^a)·exp(L); the first normalisation divides each line by its sum and the factor cancels, provided
 * nothing absolute (ε) enters before. Dyadic shifts of dyadic logits are exact in every storage type, so both calls get exactly related inputs;
 * a token whose shifted logits had to be rounded is left out. Class: exact. With ε in the first divisor it needs the line's maximum subtracted.
 */
import { outside } from './form.ts';
import { tokenRandom } from '../tokens.ts';
import { checkRearranged, exactTokens, noSlack, sources } from './agreement.ts';
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

/** Why a shift of lines of the first side changes a dialect's result, if it does. */
export function lineShiftMatters(dialect: SinkhornDialect): string | undefined {
  const cancels = dialect.epsilon === 0 || dialect.start === 'softmax' || dialect.stabilisation === 'line-max';
  return cancels ? outside(dialect, 'absolute') : 'epsilon enters before the shift cancels';
}

export const rowShift = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/row-shift',
  operation: 'sinkhorn',
  claim: 'A constant added to a line of the first-normalised side of the logits changes nothing.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['dyadic', 'integer', 'ties'], scales: [1, 4] },
  power: [],
  notApplicable: ({ dialect }) => lineShiftMatters(dialect),
  check(context) {
    const { tokens, streams: n } = context.sizes;
    const rows = firstNormalised(context.kernel.dialect) === 'rows';
    const shifts = Array.from({ length: tokens }, (_, token) => {
      const random = tokenRandom(context, 'line shifts', token);
      return Array.from({ length: n }, () => random.integer(-8, 8));
    });
    const shifted = context.inputs['logits']!.map((value, index) => {
      const line = rows ? Math.floor(index / n) % n : index % n;
      return value + shifts[Math.floor(index / (n * n))]![line]!;
    });
    const logits = context.round('logits', shifted);
    const exact = exactTokens(shifted, logits, tokens);
    return checkRearranged(context, 'residualMapping', 'difference after a shift of the lines', {
      other: { logits },
      source: sources(tokens, n, (_, i, j) => [i, j]),
      slack: (token) => (exact[token] === true ? noSlack : undefined),
    });
  },
});
