/**
 * What one whole sublayer is made of: the kernels of its parts, with its mappings in f32 and what the layer reads and writes stored as the streams are. Nothing returns to the host between them. A pass that knows the sublayer
 * (`at`) takes that one's parameters out of those of all.
 *
 * Moves (4n + 4)·C elements a token: the projection and stream-read read the streams, stream-write reads and writes them; u and y are written and read.
 */
import type { LayerDialect } from '../../operations/layers/dialect.ts';
import { innerParts, innerScratch } from './inner.ts';
import { mappingsParts, type CoefficientOptions, type MappingParameters } from './mappings.ts';
import { perToken, type Part, type PartSizes } from './part.ts';
import { streamReadPart } from './stream-read.ts';
import { streamWritePart } from './stream-write.ts';

export interface SublayerParameters extends Omit<MappingParameters, 'streams'> {
  readonly innerWeight: string;
}

/** What a sublayer's buffers are called. */
export interface SublayerNames extends SublayerParameters {
  readonly streams: string;
  /** What it reads with [B,n]: its own pre mapping, or that of the sublayer before. */
  readonly read: string;
  readonly sums: string;
  readonly preMapping: string;
  readonly postMapping: string;
  readonly residualMapping: string;
}

/** The passes as those of one of several sublayers. */
export function at(layer: number, parts: readonly Part[]): readonly Part[] {
  return parts.map((part) => ({ ...part, passes: part.passes.map((pass) => ({ ...pass, layer })) }));
}

/** streams, parameters → the sublayer's own mappings. */
export function sublayerMappings(sizes: PartSizes, dialect: LayerDialect, names: SublayerNames, options: Pick<CoefficientOptions, 'stacked'>): readonly Part[] {
  const { n } = sizes;
  const scratch = { [names.preMapping]: perToken('scratch', n), [names.postMapping]: perToken('scratch', n), [names.residualMapping]: perToken('scratch', n * n) };
  return [{ scratch, passes: [] }, ...mappingsParts(sizes, dialect, names, [names.preMapping, names.postMapping, names.residualMapping], { ...options, sums: names.sums })];
}

/** streams and what they are read with → u and y in the scratch of the inner function; `output` is where y is. */
export function sublayerOutput(sizes: PartSizes, dialect: LayerDialect, names: SublayerNames): { readonly parts: readonly Part[]; readonly output: string } {
  const { parts, output } = innerParts(sizes, dialect, names.innerWeight);
  const read = streamReadPart(sizes, names.read, names.streams, innerScratch.input);
  return { parts: [{ ...read, scratch: { [innerScratch.input]: perToken('scratch', sizes.channels, sizes.dtype) } }, ...parts], output };
}

/** streams and mappings → nextStreams [B,n,C]. */
export function sublayerParts(sizes: PartSizes, dialect: LayerDialect, names: SublayerNames, nextStreams: string): readonly Part[] {
  const { parts, output } = sublayerOutput(sizes, dialect, names);
  return [...parts, streamWritePart(sizes, { orientation: dialect.orientation }, { ...names, layerOutput: output }, nextStreams)];
}
