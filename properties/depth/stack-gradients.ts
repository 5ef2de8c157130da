/**
 * Claims about the gradient through a stack:
 * adjoint: ⟨x̄, v⟩ = ⟨ȳ, composite·v⟩ channel by channel in random directions v with entries ±1 (MATHS.md G4);
 * mean: Σ_j x̄_j is the cotangent's sum weighted by the composite's row sums: for layers with row sums 1 the component along the mean is preserved (B5, M10);
 * norms: ‖x̄‖₁ ≤ Π‖E_l‖∞·‖ȳ‖₁ and ‖x̄‖∞ ≤ Π‖E_l‖₁·‖ȳ‖∞: the norm never grows beyond the certified factor (DESIGN.md §7);
 * Euler: ⟨H̄_l, H_l⟩ = ⟨x̄, x⟩ for every sublayer l, because the result is linear in each of them.
 *
 * Vectors are propagated through the layers in f64 (γ_{D(n+1)}), norms rounded up; the rest of each bound is the sum of the gradient's own bounds. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import { layersOf, propagate } from './layers.ts';
import { infNormUpper, oneNormUpper } from '../../src/numerics/spectral.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const stackAdjoint = defineProperty<MixingDialect>({
  id: 'depth/stack-adjoint',
  operation: 'stack-vjp',
  claim: 'The gradient of the streams is the adjoint of the stack: in random directions, and along the mean.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels, depth } = context.sizes;
    const gradient = (await context.run(context.inputs))['streamsGradient']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const layers = layersOf(context.inputs['residualMappings']!, token, context.sizes, context.kernel.dialect);
      const random = tokenRandom(context, 'direction', token);
      const directions = [new Float64Array(n).fill(1), Float64Array.from({ length: n }, () => random.sign())];
      directions.forEach((v, k) => {
        const moved = propagate(layers, v, false);
        for (let c = 0; c < channels; c++) {
          let [difference, bound, magnitude] = [0, 0, 0];
          for (let i = 0; i < n; i++) {
            const index = (token * n + i) * channels + c;
            const cotangent = context.inputs['cotangent']![index]!;
            difference += v[i]! * gradient[index]! - moved.values[i]! * cotangent;
            bound += bounded.errors['streamsGradient']![index]!;
            magnitude += Math.abs(gradient[index]!) + moved.magnitudes[i]! * Math.abs(cotangent);
          }
          bound += evaluationError(depth * (n + 1) + 3 * n, magnitude);
          const what = k === 0 ? 'sum of the gradient over the streams − sum of the cotangent, weighted by the row sums' : '⟨gradient, v⟩ − ⟨cotangent, stack(v)⟩';
          judge.atMost(token, difference, bound, 'streamsGradient', token * n * channels + c, () => `channel ${c}: ${what}`);
        }
      });
    }
    return judge.finish();
  },
});

export const stackGradientNorms = defineProperty<MixingDialect>({
  id: 'depth/stack-gradient-norms',
  operation: 'stack-vjp',
  claim: 'Over any depth the gradient norm never grows beyond the product of the layers\' norms.',
  class: 'exact',
  usesReference: false,
  inputs: {
    mappings: ['independent', 'correlated', 'correlated-near-permutation', 'correlated-shipped', 'permutation', 'near-permutation', 'shipped'],
    depths: [1, 2, 8, 24, 48, 60, 122, 256],
    channelCounts: [1, 3, 8],
  },
  recorded: true, // the layers' norms are measured
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels, depth } = context.sizes;
    const gradient = (await context.run(context.inputs))['streamsGradient']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const layers = layersOf(context.inputs['residualMappings']!, token, context.sizes, context.kernel.dialect);
      const factors = [infNormUpper, oneNormUpper].map((norm) => layers.reduce((product, layer) => product * norm(layer, 0, n), 1));
      for (let c = 0; c < channels; c++) {
        const of = (values: Float64Array): [one: number, infinity: number] => {
          let [one, infinity] = [0, 0];
          for (let i = 0; i < n; i++) {
            const magnitude = Math.abs(values[(token * n + i) * channels + c]!);
            one += magnitude;
            infinity = Math.max(infinity, magnitude);
          }
          return [one, infinity];
        };
        const [after, before, slack] = [of(gradient), of(context.inputs['cotangent']!), of(bounded.errors['streamsGradient']!)];
        ['‖·‖₁', '‖·‖∞'].forEach((name, k) => {
          const limit = factors[k]! * before[k]!;
          const bound = slack[k]! + evaluationError(depth + n, limit + after[k]!);
          judge.atMost(token, after[k]! <= limit ? 0 : after[k]! - limit, bound, 'streamsGradient', token * n * channels + c, () => `channel ${c}: ${name} of the gradient is ${after[k]}, at most ${limit}`);
        });
      }
    }
    return judge.finish();
  },
});

export const stackEuler = defineProperty<MixingDialect>({
  id: 'depth/stack-euler',
  operation: 'stack-vjp',
  claim: 'Every sublayer\'s gradient has the same inner product with its mapping: that of the streams\' gradient with the streams.',
  class: 'exact',
  usesReference: false,
  inputs: { maxElements: 2 ** 13 },
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels, depth } = context.sizes;
    const { residualMappingsGradient, streamsGradient } = (await context.run(context.inputs)) as Record<string, Float64Array>;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    const paired = (gradient: Float64Array, errors: Float64Array, values: Float64Array, start: number, count: number): { value: number; magnitude: number; bound: number } => {
      let [value, magnitude, bound] = [0, 0, 0];
      for (let k = start; k < start + count; k++) {
        value += gradient[k]! * values[k]!;
        magnitude += Math.abs(gradient[k]! * values[k]!);
        bound += errors[k]! * Math.abs(values[k]!);
      }
      return { value, magnitude, bound };
    };
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const streams = paired(streamsGradient!, bounded.errors['streamsGradient']!, context.inputs['streams']!, token * n * channels, n * channels);
      for (let layer = 0; layer < depth; layer++) {
        const start = (token * depth + layer) * n * n;
        const mapping = paired(residualMappingsGradient!, bounded.errors['residualMappingsGradient']!, context.inputs['residualMappings']!, start, n * n);
        const own = evaluationError(n * channels + n * n, streams.magnitude + mapping.magnitude);
        judge.atMost(token, mapping.value - streams.value, mapping.bound + streams.bound + own, 'residualMappingsGradient', start, () => `sublayer ${layer}: ⟨gradient, mapping⟩ − ⟨gradient, streams⟩`);
      }
    }
    return judge.finish();
  },
});
