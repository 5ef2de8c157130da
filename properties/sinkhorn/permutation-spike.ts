/**
 * Claim: β on a permutation and 0 elsewhere gives e^β/(e^β + n − 1) on it, up to ε (MATHS.md S18).
 *
 * Proof: every line holds one β and n − 1 zeros, so all line sums are equal (see circulant.ts). Large β test the range of the exponential, and whether the
 * spikes are where they belong. Class: exact, any T and ε.
 */
import { checkKnown, tokenMatrix } from './agreement.ts';
import { equalLines } from './known-forms.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const permutationSpike = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/permutation-spike',
  operation: 'sinkhorn',
  claim: 'Spikes on a permutation stay on it, with the share that one softmax gives them.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['permutation-spikes'] },
  power: ['transposed', 'lower-precision'],
  check: (context) =>
    checkKnown(context, 'residualMapping', 'entry − share of a spike', (token) =>
      equalLines(tokenMatrix(context, 'logits', token), context.sizes.streams, context.kernel.dialect),
    ),
});
