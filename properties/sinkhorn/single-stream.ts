/**
 * Claim: for n = 1 the result is one number, 1 without ε (MATHS.md S28).
 *
 * Proof: x ← x/D(x) at every half-step, with the start's ε where the dialect has one: the recursion of constant logits with n = 1. Not claimed bit for bit:
 * x·(1/x) need not be 1. Class: exact, any T and ε.
 */
import { checkKnown, tokenMatrix } from './agreement.ts';
import { equalLines } from './known-forms.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const singleStream = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/single-stream',
  operation: 'sinkhorn',
  claim: 'A single stream is kept, up to the dialect\'s epsilon.',
  class: 'exact',
  usesReference: false,
  inputs: { streamCounts: [1] },
  power: ['larger-epsilon'],
  check: (context) =>
    checkKnown(context, 'residualMapping', 'entry − value of the recursion', (token) =>
      equalLines(tokenMatrix(context, 'logits', token), context.sizes.streams, context.kernel.dialect),
    ),
});
