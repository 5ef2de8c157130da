/** How the streams go on: mixed by the residual mapping, plus the layer's output (paper, Eq. 3, H^res·x + H^post·F). */
import type { Operation } from '../operation.ts';
import { oriented, transposed } from './algebra.ts';
import { mixingDialectSchema, mixingPresets, mixingPresetSources, type MixingDialect } from './dialect.ts';
import * as ports from './ports.ts';
import { streamOperation } from './stream-operation.ts';

const inputs = [ports.residualMapping, ports.postMapping, ports.streams, ports.layerOutput];

export const streamWrite: Operation<MixingDialect> = streamOperation({
  id: 'stream-write',
  summary: 'The next streams: the residual mapping applied to the streams, plus the layer output spread by the post mapping.',
  inputs,
  outputs: [ports.nextStreams],
  dialectSchema: mixingDialectSchema,
  presets: mixingPresets,
  presetSources: mixingPresetSources,
  defaultPreset: 'paper',
  formula: '|ŷ_i − y_i| ≤ γ_{n+1}·(Σ_j|E_ij·x_j| + |post_i·out|) + u_out·|ŷ_i| + underflow, E = H or Hᵀ',
  products: (_, { streams }) => streams + 1,

  evaluate(algebra, { residualMapping, postMapping, streams, layerOutput }, { tokens, streams: n, channels }, { orientation }) {
    const nextStreams = algebra.zeros(tokens * n * channels);
    for (let t = 0; t < tokens; t++) {
      const at = t * n * channels;
      const post = { data: postMapping!, at: t * n, row: 1, column: 0 };
      algebra.mix(nextStreams, at, n, oriented(residualMapping!, t * n * n, n, orientation), n, streams!, at, channels);
      algebra.mix(nextStreams, at, n, post, 1, layerOutput!, t * channels, channels);
    }
    return { nextStreams };
  },
});

export const streamWriteVjp: Operation<MixingDialect> = streamOperation({
  id: 'stream-write-vjp',
  summary: 'The gradients of stream-write: both mappings, the streams and the layer output.',
  inputs: [...inputs, ports.cotangentOf(ports.nextStreams)],
  outputs: inputs.map(ports.gradientOf),
  dialectSchema: mixingDialectSchema,
  presets: mixingPresets,
  presetSources: mixingPresetSources,
  defaultPreset: 'paper',
  formula:
    '|∂E_ij error| ≤ γ_C·Σ_c|g_ic·x_jc|, |∂post_i error| ≤ γ_C·Σ_c|g_ic·out_c|, |∂x_j error| ≤ γ_n·Σ_i|E_ij·g_i|, ' +
    '|∂out error| ≤ γ_n·Σ_i|post_i·g_i|, each + u_out·|result| + underflow',
  products: (output, { streams, channels }) => (output.includes('Mapping') ? channels : streams),

  evaluate(algebra, { residualMapping, postMapping, streams, layerOutput, cotangent }, { tokens, streams: n, channels }, { orientation }) {
    const residualMappingGradient = algebra.zeros(tokens * n * n);
    const postMappingGradient = algebra.zeros(tokens * n);
    const streamsGradient = algebra.zeros(tokens * n * channels);
    const layerOutputGradient = algebra.zeros(tokens * channels);
    for (let t = 0; t < tokens; t++) {
      const at = t * n * channels;
      const effective = oriented(residualMapping!, t * n * n, n, orientation);
      const effectiveGradient = oriented(residualMappingGradient, t * n * n, n, orientation);
      const postRow = { data: postMapping!, at: t * n, row: 0, column: 1 };
      const postGradient = { data: postMappingGradient, at: t * n, row: 1, column: 0 };
      algebra.gram(effectiveGradient, cotangent!, at, n, streams!, at, n, channels);
      algebra.gram(postGradient, cotangent!, at, n, layerOutput!, t * channels, 1, channels);
      algebra.mix(streamsGradient, at, n, transposed(effective), n, cotangent!, at, channels);
      algebra.mix(layerOutputGradient, t * channels, 1, postRow, n, cotangent!, at, channels);
    }
    return { residualMappingGradient, postMappingGradient, streamsGradient, layerOutputGradient };
  },
});
