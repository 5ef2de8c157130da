/**
 * Claim: the sum over the streams of the gradient is the sum of the cotangent weighted by the row sums of the mapping: Σ_j x̄_j = Σ_i r_i·ȳ_i
 * (MATHS.md M10, B5). For r = 1 the component of the gradient along the mean of the streams is preserved.
 *
 * Proof: x̄ = Eᵀȳ, and 1ᵀEᵀ = (E1)ᵀ. Bound: the sum of the elements' bounds over the streams, and the f64 error of the right side. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { effectiveMapping, rowSums } from './mixing.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const gradientSum = defineProperty<MixingDialect>({
  id: 'streams/gradient-sum',
  operation: 'stream-write-vjp',
  claim: 'The sum of the gradient over the streams is that of the cotangent, weighted by the row sums of the mapping.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const gradient = (await context.run(context.inputs))['streamsGradient']!;
    const cotangent = context.inputs['cotangent']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const effective = effectiveMapping(context.inputs['residualMapping']!, token * n * n, n, context.kernel.dialect);
      const weights = rowSums(effective, n);
      const magnitudes = rowSums(effective.map(Math.abs), n);
      for (let c = 0; c < channels; c++) {
        let [difference, bound, magnitude] = [0, 0, 0];
        for (let i = 0; i < n; i++) {
          const index = (token * n + i) * channels + c;
          difference += gradient[index]! - weights[i]! * cotangent[index]!;
          bound += bounded.errors['streamsGradient']![index]!;
          magnitude += Math.abs(gradient[index]!) + magnitudes[i]! * Math.abs(cotangent[index]!);
        }
        bound += evaluationError(3 * n, magnitude);
        judge.atMost(token, difference, bound, 'streamsGradient', token * n * channels + c, () => `channel ${c}: sum of the gradient − weighted sum of the cotangent`);
      }
    }
    return judge.finish();
  },
});
