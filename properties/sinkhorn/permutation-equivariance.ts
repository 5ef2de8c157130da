/**
 * Claim: permuting rows and columns of the logits, each on its own, permutes the result: X(PLQ) = P·X(L)·Q (MATHS.md S8, F4).
 *
 * Proof: every step is the same expression in permuted indices; only orders of summation change, so both results are within their own bounds of the
 * same truth. Two independent permutations per token. Class: exact, any T and ε.
 */
import { tokenRandom } from '../tokens.ts';
import { checkRearranged, gather, noSlack, sources } from './agreement.ts';
import type { CheckContext } from '../../src/verify/property.ts';
import { defineProperty } from '../../src/verify/property.ts';

/** Where the entries of PLQ come from, with permutations of each token's own. */
export function permutedSources<D>(context: CheckContext<D>): Int32Array {
  const { tokens, streams: n } = context.sizes;
  const orders = Array.from({ length: tokens }, (_, token) => {
    const random = tokenRandom(context, 'rows and columns', token);
    return [random.permutation(n), random.permutation(n)] as const;
  });
  return sources(tokens, n, (token, i, j) => [orders[token]![0][i]!, orders[token]![1][j]!]);
}

export const permutationEquivariance = defineProperty({
  id: 'sinkhorn/permutation-equivariance',
  operation: 'sinkhorn',
  claim: 'Permuting rows and columns of the logits permutes the result and changes nothing else.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  check(context) {
    const source = permutedSources(context);
    return checkRearranged(context, 'residualMapping', 'result for permuted logits − permuted result', {
      other: { logits: gather(context.inputs['logits']!, source) },
      source,
      slack: () => noSlack,
    });
  },
});
