/**
 * Claim: circulant logits, and those of any Latin square, are fixed from the first step: the softmax of a row, up to ε (MATHS.md S17).
 *
 * Proof: all rows and columns hold the same numbers, so all line sums are equal and a half-step divides the whole matrix by one number. The recursion runs on
 * the entries of one row. An oracle for every n, with n different values. Class: exact, any T and ε.
 */
import { checkKnown, tokenMatrix } from './agreement.ts';
import { equalLines } from './known-forms.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const circulantLogits = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/circulant',
  operation: 'sinkhorn',
  claim: 'Circulant logits (and Latin squares) give the softmax of a row, shifted alike.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['circulant', 'latin-square'] },
  power: ['lower-precision'],
  check: (context) =>
    checkKnown(context, 'residualMapping', 'entry − softmax of its row', (token) =>
      equalLines(tokenMatrix(context, 'logits', token), context.sizes.streams, context.kernel.dialect),
    ),
});
