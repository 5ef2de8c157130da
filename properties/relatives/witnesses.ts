/**
 * Claims: one weight far above the others leaves its own permutation, exactly. mHC-lite: the k-th logit 0 and all others −10⁴ give P_k, k counted in lexicographic
 * order; KromHC: a factor's logit −10⁴, the others 10⁴, swaps the streams whose numbers differ in that factor's bit, the first factor the most significant.
 *
 * Proof: e^−10⁴ is 0 in every arithmetic here, so the sum is 1, the weight 1/1 and every other 0; σ(±10⁴) is 1 or below the smallest number, and 1 − 1 = 0. Nothing rounds;
 * an arithmetic whose exponential or division of such numbers is not exact is held to the bound. One permutation or factor per token. Class: exact.
 * Kills every other order of permutations, factors, rows and columns.
 */
import { tokenRandom } from '../tokens.ts';
import { eachToken, placeIn } from './matrices.ts';
import { lengthOf } from '../../src/operations/dims.ts';
import type { OperationId } from '../../src/operations/operation.ts';
import type { PermutationMixtureDialect } from '../../src/operations/relatives/permutation-mixture.ts';
import { permutationsOf } from '../../src/operations/relatives/permutations.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';
import type { Judgement } from '../../src/verify/judge.ts';

const far = 1e4;

/** Runs the kernel on the chosen logits and compares with a 0/1 matrix. */
async function witness<D>(
  context: CheckContext<D>, port: string, count: number, logit: (chosen: number, k: number) => number, one: (chosen: number, i: number, j: number) => boolean,
): Promise<Judgement> {
  const { tokens, streams: n } = context.sizes;
  const chosen = Array.from({ length: tokens }, (_, token) => tokenRandom(context, 'witness', token).below(count));
  const inputs = { [port]: context.round(port, Float64Array.from({ length: tokens * count }, (_, at) => logit(chosen[Math.floor(at / count)]!, at % count))) };
  const output = (await context.run(inputs))['residualMapping']!;
  const bounded = context.bounded(inputs);
  const judge = context.judge();
  eachToken(context, [bounded], (token) => {
    for (let k = 0; k < n * n; k++) {
      const index = token * n * n + k;
      const expected = one(chosen[token]!, ...placeIn(n, k)) ? 1 : 0;
      judge.atMost(token, output[index]! - expected, bounded.errors['residualMapping']![index]!, 'residualMapping', index, () => `entry of permutation ${chosen[token]}`);
    }
  });
  return judge.finish();
}

const shared = { class: 'exact', usesReference: false, inputs: {}, power: [] } as const;

export const mixtureWitness = defineProperty<PermutationMixtureDialect>({
  ...shared,
  id: 'relatives/mixture-witness',
  operation: 'permutation-mixture' satisfies OperationId,
  claim: 'One dominating logit gives its own permutation, counted in lexicographic order.',
  check(context) {
    const { streams: n } = context.sizes;
    const rows = context.kernel.dialect.ones === 'rows';
    const permutations = permutationsOf(n);
    return witness(context, 'weightLogits', permutations.length, (chosen, k) => (k === chosen ? 0 : -far), (chosen, i, j) => (rows ? permutations[chosen]![i] === j : permutations[chosen]![j] === i));
  },
});

export const kroneckerWitness = defineProperty({
  ...shared,
  id: 'relatives/kronecker-witness',
  operation: 'kronecker',
  claim: "One factor far on the side of swapping swaps the streams that differ in its bit.",
  check(context) {
    const count = lengthOf('factors', context.sizes);
    return witness(context, 'factorLogits', count, (chosen, f) => (f === chosen ? -far : far), (chosen, i, j) => (i ^ j) === 1 << (count - 1 - chosen));
  },
});
