/** The final collapse: one hidden state from n streams, each weighted by a gate of all of them. */
import { calculusOperation } from '../calculus/operation.ts';
import type { Operation } from '../operation.ts';
import { cotangentOf, gradientOf, streams } from '../streams/ports.ts';
import { headDialectSchema, headPresets, type HeadDialect } from './dialect.ts';
import { closeHead, HeadMixes } from './head-mixes.ts';
import { collapsed, headBiases, headProjection, headScale } from './ports.ts';
import { collapse } from './sublayer.ts';

const inputs = [streams, headProjection, headScale, headBiases];
const declared = { dims: ['tokens', 'streams', 'channels'], dialectSchema: headDialectSchema, presets: headPresets, defaultPreset: 'tilekernels' } as const;

export const head: Operation<HeadDialect> = calculusOperation({
  ...declared,
  id: 'head',
  summary: 'The final collapse: the streams, weighted by gates of a projection of all of them, and added.',
  inputs,
  outputs: [collapsed],
  formula: '|ŷ − y| ≤ γ_n·Σ_i|mix_i·x_i| + Σ_i|Δmix_i·x_i| + u_out·|ŷ| + underflow, Δmix as Δpre of mappings',

  evaluate(calculus, given, sizes, dialect) {
    const { tokens, streams: n, channels } = sizes;
    const x = given['streams']!;
    const mixes = new HeadMixes(calculus, { projection: given['headProjection']!, scale: given['headScale']!, biases: given['headBiases']! }, sizes, dialect);
    const out = calculus.zeros(tokens * channels);
    for (let t = 0; t < tokens; t++) {
      mixes.run(x, t * n * channels);
      collapse(calculus, out, t * channels, mixes.mixes, x, t * n * channels, n, channels);
    }
    return { collapsed: out };
  },
});

export const headVjp: Operation<HeadDialect> = calculusOperation({
  ...declared,
  id: 'head-vjp',
  summary: 'The gradients of the final collapse: the streams, and its projection, scale and biases summed over tokens.',
  inputs: [...inputs, cotangentOf(collapsed)],
  outputs: inputs.map(gradientOf),
  formula: '|Δ∂x| ≤ |Δmix·g| + Σ_j(|Δ∂m_j·φ_j| + γ·|∂m_j·φ_j|) + 2|x|·(|Δ∂s| + γ·|∂s|); ∂φ, ∂α, ∂b the same, and γ_B·Σ over tokens of magnitudes',

  evaluate(calculus, given, sizes, dialect) {
    const { tokens, streams: n, channels } = sizes;
    const width = n * channels;
    const [x, g] = [given['streams']!, given['cotangent']!];
    const mixes = new HeadMixes(calculus, { projection: given['headProjection']!, scale: given['headScale']!, biases: given['headBiases']! }, sizes, dialect);
    const gradients = { projection: calculus.zeros(n * width), scale: calculus.zeros(1), biases: calculus.zeros(n) };
    const streamsGradient = calculus.zeros(tokens * width);
    for (let t = 0; t < tokens; t++) {
      mixes.run(x, t * width);
      calculus.mix(streamsGradient, t * width, n, { data: mixes.mixes, at: 0, row: 1, column: 0 }, 1, g, t * channels, channels);
      calculus.fill(mixes.cotangent, 0);
      calculus.gram({ data: mixes.cotangent, at: 0, row: 1, column: 0 }, x, t * width, n, g, t * channels, 1, channels);
      calculus.close(mixes.cotangent, 0, n, 1, channels);
      calculus.store(mixes.cotangent, 0, n);
      const roundings = mixes.pull(x, t * width, gradients, streamsGradient, t * width);
      calculus.close(streamsGradient, t * width, width, roundings + 3, 0, 2);
      for (let part = 0; part < 2; part++) calculus.store(streamsGradient, t * width, width); // the two parts may have been stored before they were added
    }
    closeHead(calculus, gradients, tokens, n, width);
    return {
      streamsGradient,
      headProjectionGradient: gradients.projection,
      headScaleGradient: gradients.scale,
      headBiasesGradient: gradients.biases,
    };
  },
});
