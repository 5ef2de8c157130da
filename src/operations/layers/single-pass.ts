/**
 * Single-pass chains (DeepSeek-V4.1, MHC.md §1.4): every sublayer collapses its input with the previous sublayer's pre and hands its own to the next; the first one
 * reads stream 0; the last one's pre makes the model's output. No single sublayer shows whose pre it was: only the chain does.
 */
import { calculusOperation } from '../calculus/operation.ts';
import { cotangentNamed } from '../mappings/ports.ts';
import type { Operation } from '../operation.ts';
import { finalStreams, gradientOf, streams } from '../streams/ports.ts';
import { layerDialectSchema, layerPresets, layerVjpDialectSchema, layerVjpPresets, type LayerDialect, type LayerVjpDialect } from './dialect.ts';
import { evaluateChain, evaluateChainVjp, stackNames } from './evaluate.ts';
import { collapsed, stackParameters } from './ports.ts';

const dims = ['tokens', 'streams', 'channels', 'depth'] as const;

export const singlePass: Operation<LayerDialect> = calculusOperation({
  id: 'single-pass',
  summary: 'Sublayers that each read with the previous one’s pre mapping, and the final streams collapsed with the last one’s.',
  dims,
  inputs: [streams, ...stackParameters],
  outputs: [finalStreams, collapsed],
  dialectSchema: layerDialectSchema,
  presets: layerPresets,
  defaultPreset: 'tilekernels',
  formula: 'the bound of layer-stack with p_0 = e_0 (exact), p_l = pre_{l−1}; collapsed: γ_n·Σ|p_D·x_D| + Σ|Δp_D·x_D| + Σ|p_D·Δx_D|',
  evaluate: (calculus, inputs, sizes, dialect) => evaluateChain(calculus, inputs, stackNames, sizes, dialect, 'previous'),
});

export const singlePassVjp: Operation<LayerVjpDialect> = calculusOperation({
  id: 'single-pass-vjp',
  summary: 'The gradients of a single-pass chain: the first streams, and every sublayer’s parameters summed over tokens.',
  dims,
  inputs: [streams, ...stackParameters, cotangentNamed(finalStreams), cotangentNamed(collapsed)],
  outputs: [streams, ...stackParameters].map(gradientOf),
  dialectSchema: layerVjpDialectSchema,
  presets: layerVjpPresets,
  defaultPreset: 'tilekernels',
  formula: 'the bound of layer-stack-vjp, the cotangent of p_l going to sublayer l − 1',
  evaluate: (calculus, inputs, sizes, dialect) => {
    const cotangents = { final: 'finalStreamsCotangent', collapsed: 'collapsedCotangent' };
    return evaluateChainVjp(calculus, inputs, stackNames, cotangents, sizes, dialect, 'previous');
  },
});
