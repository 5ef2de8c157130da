/**
 * Claim: KromHC's mapping depends on i XOR j only: H_ij = H_{0, i XOR j}. It is therefore symmetric, and all such matrices commute (the Walsh–Hadamard transform
 * diagonalises them), which is what a strict subset of the doubly stochastic matrices looks like.
 *
 * Proof: each factor [[a, 1−a], [1−a, a]] depends on whether its two bits agree. Both entries are within their own bounds of the same number. Class: exact.
 */
import { eachToken, placeIn } from './matrices.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const kroneckerExchange = defineProperty({
  id: 'relatives/kronecker-exchange',
  operation: 'kronecker',
  claim: 'Entries depend only on the bits in which row and column differ; the mapping is symmetric.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: [],
  async check(context) {
    const { streams: n } = context.sizes;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const errors = bounded.errors['residualMapping']!;
    const judge = context.judge();
    eachToken(context, [bounded], (token) => {
      for (let k = n; k < n * n; k++) {
        const [i, j] = placeIn(n, k);
        const [index, first] = [token * n * n + k, token * n * n + (i ^ j)];
        judge.atMost(token, output[index]! - output[first]!, errors[index]! + errors[first]!, 'residualMapping', index, () => `entry − entry (0, ${i ^ j})`);
      }
    });
    return judge.finish();
  },
});
