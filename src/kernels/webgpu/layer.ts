/** One whole sublayer: the kernels of its parts, one after the other, with the mappings in f32 and what the layer reads and writes stored as the streams are. Nothing returns to the host between them. */
import type { LayerDialect } from '../../operations/layers/dialect.ts';
import { elementwise } from './elementwise.ts';
import { mappingsParts, type MappingParameters } from './mappings.ts';
import { perToken, type Part, type PartSizes } from './part.ts';
import { streamReadPart } from './stream-read.ts';
import { streamWritePart } from './stream-write.ts';

/** Whether the inner function is one of an element alone, which these kernels have. */
export function isPointwise({ inner }: LayerDialect): boolean {
  return inner !== 'rms-norm';
}

/** streams, parameters and innerWeight → nextStreams [B,n,C]. */
export function layerParts(sizes: PartSizes, dialect: LayerDialect, names: MappingParameters & { readonly innerWeight: string }, nextStreams: string): readonly Part[] {
  const { n, channels, dtype } = sizes;
  const mappings = { residualMapping: 'residualMapping', postMapping: 'postMapping', streams: names.streams, layerOutput: 'layerOutput' };
  const scratch: Part = {
    scratch: {
      preMapping: perToken('scratch', n),
      postMapping: perToken('scratch', n),
      residualMapping: perToken('scratch', n * n),
      layerInput: perToken('scratch', channels, dtype),
      layerOutput: perToken('scratch', channels, dtype),
    },
    passes: [],
  };
  return [
    scratch,
    ...mappingsParts(sizes, dialect, names, ['preMapping', 'postMapping', 'residualMapping']),
    streamReadPart(sizes, 'preMapping', names.streams, 'layerInput'),
    innerPart(sizes, dialect, names.innerWeight),
    streamWritePart(sizes, { orientation: dialect.orientation }, mappings, nextStreams),
  ];
}

function innerPart({ channels, dtype }: PartSizes, { inner }: LayerDialect, innerWeight: string): Part {
  const weighted = inner === 'scale' || inner === 'silu';
  const formula = {
    zero: '0.0 * load_layerInput(e)', identity: 'load_layerInput(e)', scale: 'load_innerWeight(e % sizes.y) * load_layerInput(e)',
    silu: 'load_innerWeight(e % sizes.y) * (load_layerInput(e) * (1.0 / (1.0 + exp(-load_layerInput(e)))))', 'rms-norm': '',
  }[inner];
  return {
    passes: [
      elementwise({
        label: `inner function ${inner}`,
        inputs: [{ name: 'layerInput', dtype, as: 'items' }, ...(weighted ? [{ name: 'innerWeight', dtype: 'f32', as: 'items' } as const] : [])],
        output: { name: 'layerOutput', dtype },
        perToken: channels,
        outputs: 'sizes.y',
        element: `fn element(e: u32) -> f32 { return ${formula}; }`,
        buffers: ['layerInput', ...(weighted ? [innerWeight] : []), 'layerOutput'],
      }),
    ],
  };
}
