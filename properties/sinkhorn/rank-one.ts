/**
 * Claim: logits a_i + b_j give the uniform matrix, and with ε the product α_i·β_j of two vectors (MATHS.md S16).
 *
 * Proof: a half-step scales rows or columns, so X = α·βᵀ stays of rank one and the two vectors follow a recursion of 2n numbers (the start's ε meets equal α).
 * Without ε one iteration gives 1/n, however large a and b are. Class: exact, any T and ε.
 */
import { outsideIteration } from './form.ts';
import { checkKnown, tokenMatrix } from './agreement.ts';
import { rankOne } from './known-forms.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const rankOneLogits = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/rank-one',
  operation: 'sinkhorn',
  claim: 'Logits of rank one (a_i + b_j) give the uniform matrix, up to the dialect\'s epsilon.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['rank-one', 'constant'] },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  check: (context) =>
    checkKnown(context, 'residualMapping', 'entry − product of the two vectors', (token) =>
      rankOne(tokenMatrix(context, 'logits', token), context.sizes.streams, context.kernel.dialect),
    ),
});
