/**
 * Claim: mixing without a layer output does not grow norms beyond the mapping's: per channel ‖y‖₁ ≤ ‖E‖₁‖x‖₁, ‖y‖∞ ≤ ‖E‖∞‖x‖∞ and
 * ‖y‖₂ ≤ √(‖E‖₁‖E‖∞)·‖x‖₂ (MATHS.md M8, K9). For a doubly stochastic mapping all three factors are 1.
 *
 * Proof: definition of the norms; Riesz–Thorin for the middle one. The norms of the given mapping come rounded up from `numerics/spectral.ts`.
 * Bound: the norm of the channel's error vector, and the f64 error of both sides. The check sets post to zero. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { effectiveMapping } from './mixing.ts';
import { infNormUpper, oneNormUpper, twoNormUpper } from '../../src/numerics/spectral.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const norms = defineProperty<MixingDialect>({
  id: 'streams/norms',
  operation: 'stream-write',
  claim: 'No norm of the streams grows beyond the norm of the mapping.',
  class: 'exact',
  usesReference: false,
  inputs: { mappings: ['permutation', 'cyclic-shift', 'identity', 'near-permutation', 'shipped', 'uniform', 'dyadic'], streams: ['normal', 'identical-streams', 'one-hot-stream', 'integers'] },
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const inputs = { ...context.inputs, postMapping: new Float64Array(tokens * n) };
    const next = (await context.run(inputs))['nextStreams']!;
    const bounded = context.bounded(inputs);
    const errors = bounded.errors['nextStreams']!;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const effective = effectiveMapping(context.inputs['residualMapping']!, token * n * n, n, context.kernel.dialect);
      const factors = [oneNormUpper(effective, 0, n), infNormUpper(effective, 0, n), twoNormUpper(effective, 0, n)];
      for (let c = 0; c < channels; c++) {
        const start = token * n * channels + c;
        const after = vectorNorms(next, start, n, channels);
        const before = vectorNorms(context.inputs['streams']!, start, n, channels);
        const slack = vectorNorms(errors, start, n, channels);
        ['‖·‖₁', '‖·‖∞', '‖·‖₂'].forEach((name, k) => {
          const limit = factors[k]! * before[k]!;
          const growth = after[k]! <= limit ? 0 : after[k]! - limit;
          judge.atMost(token, growth, slack[k]! + evaluationError(n + 4, after[k]! + limit), 'nextStreams', start, () => `channel ${c}: ${name} is ${after[k]}, at most ${limit}`);
        });
      }
    }
    return judge.finish();
  },
});

/** ℓ1, ℓ∞ and ℓ2 norm of n numbers. NaN when one is NaN. */
function vectorNorms(values: Float64Array, start: number, n: number, stride: number): [one: number, infinity: number, two: number] {
  let [one, infinity, square] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const magnitude = Math.abs(values[start + i * stride]!);
    one += magnitude;
    infinity = Math.max(infinity, magnitude);
    square += magnitude * magnitude;
  }
  return [one, infinity, Math.sqrt(square)];
}
