/**
 * Claim: mixing without a layer output is majorised by what went in: the k largest results sum to no more than the k largest streams, and
 * the k smallest to no less, in every channel (MATHS.md M4). Every convex symmetric function (norms, variance, range) follows.
 *
 * Proof, for any non-negative E and not only for doubly stochastic ones: for a set S of k outputs, Σ_{i∈S} y_i = Σ_j w_j x_j with
 * 0 ≤ w_j ≤ c_j (column sum) and Σ_j w_j = Σ_{i∈S} r_i (row sums). The largest value of that linear programme is reached greedily: give the
 * largest x_j its full c_j, then the next, until Σ r is used up. S is the set of the k largest measured outputs. With r = c = 1 the greedy value is
 * the sum of the k largest streams. Bound: the errors of S, and of evaluating both sides in f64. The check sets post to zero. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { columnSums, effectiveMapping, isNonNegative, rowSums } from './mixing.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const majorisation = defineProperty<MixingDialect>({
  id: 'streams/majorisation',
  operation: 'stream-write',
  claim: 'The mixed streams are majorised by the streams: no convex function of them grows.',
  class: 'exact',
  usesReference: false,
  inputs: { streams: ['normal', 'one-hot-stream', 'magnitude-ratio', 'integers', 'large'], channelCounts: [1, 3, 31, 64], streamCounts: [2, 3, 4, 5, 8, 16] },
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { residualMapping, postMapping, streams } = context.inputs as Record<string, Float64Array>;
    const inputs = { ...context.inputs, postMapping: new Float64Array(postMapping!.length) };
    const next = (await context.run(inputs))['nextStreams']!;
    const bounded = context.bounded(inputs);
    const errors = bounded.errors['nextStreams']!;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      const effective = effectiveMapping(residualMapping!, token * n * n, n, context.kernel.dialect);
      if (bounded.certified[token] === 0 || !isNonNegative(effective)) continue;
      const rows = rowSums(effective, n);
      const columns = columnSums(effective, n);
      for (let c = 0; c < channels; c++) {
        const at = (i: number): number => (token * n + i) * channels + c;
        for (const sign of [1, -1]) {
          // NaN sorts anywhere; the sums below turn it into a violation
          const outputs = descending(n, (i) => sign * next[at(i)]!);
          const supply = descending(n, (j) => sign * streams![at(j)]!);
          let sum = 0;
          let bound = 0;
          let budget = 0;
          let magnitude = 0;
          for (let k = 0; k < n; k++) {
            const i = outputs[k]!;
            sum += sign * next[at(i)]!;
            bound += errors[at(i)]!;
            budget += rows[i]!;
            magnitude += Math.abs(next[at(i)]!);
            const greedy = fill(supply, budget, columns, (j) => sign * streams![at(j)]!);
            const slack = bound + evaluationError(4 * n, magnitude + greedy.magnitude);
            const what = (): string => `channel ${c}: the ${k + 1} ${sign > 0 ? 'largest' : 'smallest'} results sum to ${sign * sum}, ${sign * greedy.value} is the limit`;
            judge.atMost(token, sum > greedy.value ? sum - greedy.value : Number.isNaN(sum) ? NaN : 0, slack, 'nextStreams', at(i), what);
          }
        }
      }
    }
    return judge.finish();
  },
});

function descending(n: number, value: (i: number) => number): number[] {
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => value(b) - value(a));
}

/** Largest Σ w_j x_j with 0 ≤ w_j ≤ limit_j and Σ w_j = budget; what exceeds all limits by rounding goes to the last. */
function fill(order: readonly number[], budget: number, limits: Float64Array, x: (j: number) => number): { value: number; magnitude: number } {
  let left = budget;
  let value = 0;
  let magnitude = 0;
  order.forEach((j, place) => {
    const weight = place === order.length - 1 ? left : Math.min(left, limits[j]!);
    value += weight * x(j);
    // the budget and the limits are sums themselves: each may be off by n roundings of n
    magnitude += Math.max(weight, limits[j]!, budget) * Math.abs(x(j));
    left -= weight;
  });
  return { value, magnitude };
}
