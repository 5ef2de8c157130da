/** What a layer reads: one row from n streams (paper, Eq. 3, H^pre·x). */
import type { Operation } from '../operation.ts';
import { streamReadDialectSchema, streamReadPresets, type StreamReadDialect } from './dialect.ts';
import * as ports from './ports.ts';
import { streamOperation } from './stream-operation.ts';

export const streamRead: Operation<StreamReadDialect> = streamOperation({
  id: 'stream-read',
  summary: 'The input of a layer: the streams, weighted by the pre mapping and added.',
  inputs: [ports.preMapping, ports.streams],
  outputs: [ports.layerInput],
  dialectSchema: streamReadDialectSchema,
  presets: streamReadPresets,
  defaultPreset: 'paper',
  formula: '|ŷ − y| ≤ γ_n·Σ_i|pre_i·x_i| + u_out·|ŷ| + underflow',
  products: (_, { streams }) => streams,

  evaluate(algebra, { preMapping, streams }, { tokens, streams: n, channels }) {
    const layerInput = algebra.zeros(tokens * channels);
    for (let t = 0; t < tokens; t++) {
      const pre = { data: preMapping!, at: t * n, row: 0, column: 1 };
      algebra.mix(layerInput, t * channels, 1, pre, n, streams!, t * n * channels, channels);
    }
    return { layerInput };
  },
});

export const streamReadVjp: Operation<StreamReadDialect> = streamOperation({
  id: 'stream-read-vjp',
  summary: 'The gradients of stream-read: the pre mapping and the streams.',
  inputs: [ports.preMapping, ports.streams, ports.cotangentOf(ports.layerInput)],
  outputs: [ports.gradientOf(ports.preMapping), ports.gradientOf(ports.streams)],
  dialectSchema: streamReadDialectSchema,
  presets: streamReadPresets,
  defaultPreset: 'paper',
  formula: '|∂pre_i error| ≤ γ_C·Σ_c|g_c·x_ic|, |∂x_ic error| ≤ u·|pre_i·g_c|, each + u_out·|result| + underflow',
  products: (output, { channels }) => (output === 'preMappingGradient' ? channels : 1),

  evaluate(algebra, { preMapping, streams, cotangent }, { tokens, streams: n, channels }) {
    const preMappingGradient = algebra.zeros(tokens * n);
    const streamsGradient = algebra.zeros(tokens * n * channels);
    for (let t = 0; t < tokens; t++) {
      const pre = { data: preMapping!, at: t * n, row: 1, column: 0 };
      const preGradient = { data: preMappingGradient, at: t * n, row: 1, column: 0 };
      algebra.gram(preGradient, streams!, t * n * channels, n, cotangent!, t * channels, 1, channels);
      algebra.mix(streamsGradient, t * n * channels, n, pre, 1, cotangent!, t * channels, channels);
    }
    return { preMappingGradient, streamsGradient };
  },
});
