/**
 * Claim: the sum over the streams of the result is what the column sums of the mapping say: Σ_i y_i = Σ_j c_j·x_j + (Σ_i post_i)·out,
 * channel by channel (MATHS.md M1, F7). For c = 1 that is conservation of the mean; the measured c_j make it a claim about any mapping.
 *
 * Proof: sum y = E·x + post·out over i. The n outputs differ from the truth by at most the sum of their bounds; the right side is
 * evaluated in f64 and its error added. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { columnSums, effectiveMapping } from './mixing.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const meanConservation = defineProperty<MixingDialect>({
  id: 'streams/mean-conservation',
  operation: 'stream-write',
  claim: 'The sum over the streams after mixing is the sum before, weighted by the column sums of the mapping.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { residualMapping, postMapping, streams, layerOutput } = context.inputs as Record<string, Float64Array>;
    const next = (await context.run(context.inputs))['nextStreams']!;
    const bounded = context.bounded(context.inputs);
    const errors = bounded.errors['nextStreams']!;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const effective = effectiveMapping(residualMapping!, token * n * n, n, context.kernel.dialect);
      const weights = columnSums(effective, n);
      const magnitudes = columnSums(effective.map(Math.abs), n);
      for (let c = 0; c < channels; c++) {
        const out = layerOutput![token * channels + c]!;
        let difference = 0;
        let bound = 0;
        let magnitude = 0;
        for (let i = 0; i < n; i++) {
          const index = (token * n + i) * channels + c;
          const post = postMapping![token * n + i]!;
          difference += next[index]! - weights[i]! * streams![index]! - post * out;
          bound += errors[index]!;
          magnitude += Math.abs(next[index]!) + magnitudes[i]! * Math.abs(streams![index]!) + Math.abs(post * out);
        }
        bound += evaluationError(4 * n, magnitude);
        judge.atMost(token, difference, bound, 'nextStreams', token * n * channels + c, () => `channel ${c}: sum over the streams − weighted sum before`);
      }
    }
    return judge.finish();
  },
});
