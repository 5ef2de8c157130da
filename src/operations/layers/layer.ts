/** One whole sublayer around a given inner function, and its derivative: a chain of one. */
import { calculusOperation } from '../calculus/operation.ts';
import type { Operation } from '../operation.ts';
import { cotangentOf, gradientOf, nextStreams, streams } from '../streams/ports.ts';
import { layerDialectSchema, layerPresets, layerVjpDialectSchema, layerVjpPresets, type LayerDialect, type LayerVjpDialect } from './dialect.ts';
import { evaluateChain, evaluateChainVjp, type NamedParameters } from './evaluate.ts';
import { layerParameters } from './ports.ts';

const dims = ['tokens', 'streams', 'channels'] as const;
const names: NamedParameters = { projections: 'projection', scales: 'scales', biases: 'biases', normWeights: 'normWeight', innerWeights: 'innerWeight' };

export const layer: Operation<LayerDialect> = calculusOperation({
  id: 'layer',
  summary: 'One sublayer: the streams read, the inner function, and the streams mixed with its output, all coefficients from the streams.',
  dims,
  inputs: [streams, ...layerParameters],
  outputs: [nextStreams],
  dialectSchema: layerDialectSchema,
  presets: layerPresets,
  defaultPreset: 'tilekernels',
  formula: '|Δx′| ≤ |ΔE|·|x| + |Δpost·y| + |post|·|Δy| + γ_{n+1}·(|E|·|x| + |post·y|), ΔE, Δpost, Δpre of mappings, Δu ≤ |Δpre|·|x| + γ_n·|pre|·|x|, Δy ≤ F′·Δu + δ_F',
  evaluate: (calculus, inputs, sizes, dialect) => ({ nextStreams: evaluateChain(calculus, inputs, names, { ...sizes, depth: 1 }, dialect, 'own').finalStreams }),
});

export const layerVjp: Operation<LayerVjpDialect> = calculusOperation({
  id: 'layer-vjp',
  summary: 'The gradients of one sublayer: the streams, and all parameters summed over tokens.',
  dims,
  inputs: [streams, ...layerParameters, cotangentOf(nextStreams)],
  outputs: [streams, ...layerParameters].map(gradientOf),
  dialectSchema: layerVjpDialectSchema,
  presets: layerVjpPresets,
  defaultPreset: 'tilekernels',
  formula: '|Δx̄| ≤ |ΔE|ᵀ·|g| + |Δpre·ū| + |pre|·|Δū| + the bound of mappings-vjp for cotangents that are off, and γ of all its terms; parameters as mappings-vjp',
  evaluate: (calculus, inputs, sizes, dialect) => evaluateChainVjp(calculus, inputs, names, { final: 'cotangent', collapsed: undefined }, { ...sizes, depth: 1 }, dialect, 'own'),
});
