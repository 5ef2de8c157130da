/**
 * Claim: constant logits give the constant matrix v, 1/n without ε (MATHS.md S15, F6).
 *
 * Proof: all entries stay equal, so a half-step is v ← v/D(n·v) and the start's ε is v ← v + ε: a recursion of one number, carried out in f64
 * (known-forms.ts; its own rounding is added to the kernel's bound). Class: exact, any T and ε.
 */
import { checkKnown, tokenMatrix } from './agreement.ts';
import { equalLines } from './known-forms.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const constantLogits = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/constant-logits',
  operation: 'sinkhorn',
  claim: 'Constant logits give the constant matrix that a recursion of one number predicts.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['constant', 'zeros'] },
  power: ['larger-epsilon', 'lower-precision'],
  check: (context) =>
    checkKnown(context, 'residualMapping', 'entry − value of the recursion', (token) =>
      equalLines(tokenMatrix(context, 'logits', token), context.sizes.streams, context.kernel.dialect),
    ),
});
