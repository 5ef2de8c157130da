/** Whole sublayers over depth, and the gradients of all of them. */
import { calculusOperation } from '../calculus/operation.ts';
import type { Operation } from '../operation.ts';
import { cotangentOf, finalStreams, gradientOf, streams } from '../streams/ports.ts';
import { layerDialectSchema, layerPresets, layerStackVjpDialectSchema, layerStackVjpPresets, type LayerDialect, type StackVjpDialect } from './dialect.ts';
import { evaluateChain, evaluateChainVjp, stackNames } from './evaluate.ts';
import { stackParameters } from './ports.ts';

const dims = ['tokens', 'streams', 'channels', 'depth'] as const;

export const layerStack: Operation<LayerDialect> = calculusOperation({
  id: 'layer-stack',
  summary: 'Sublayers one after another, each with its own parameters, and the streams after the last.',
  dims,
  inputs: [streams, ...stackParameters],
  outputs: [finalStreams],
  dialectSchema: layerDialectSchema,
  presets: layerPresets,
  defaultPreset: 'tilekernels',
  formula: 'the bound of layer at every sublayer, with streams that are off by that of the sublayers below; infinite where these errors have grown past what the functions allow',
  evaluate: (calculus, inputs, sizes, dialect) => ({ finalStreams: evaluateChain(calculus, inputs, stackNames, sizes, dialect, 'own').finalStreams }),
});

export const layerStackVjp: Operation<StackVjpDialect> = calculusOperation({
  id: 'layer-stack-vjp',
  summary: 'The gradients of the final streams: the first streams, and every sublayer’s parameters summed over tokens.',
  dims,
  inputs: [streams, ...stackParameters, cotangentOf(finalStreams)],
  outputs: [streams, ...stackParameters].map(gradientOf),
  dialectSchema: layerStackVjpDialectSchema,
  presets: layerStackVjpPresets,
  defaultPreset: 'tilekernels',
  formula: 'the bound of layer-vjp at every sublayer, with streams and cotangents that are off by those of the sublayers below and above',
  evaluate: (calculus, inputs, sizes, dialect) => evaluateChainVjp(calculus, inputs, stackNames, { final: 'cotangent', collapsed: undefined }, sizes, dialect, 'own'),
});
