/**
 * Sublayers one after another, each with its own parameters: a layer is a chain of one. `read` says whose pre mapping collapses a sublayer's input: its own, or the one before's, the first one reading stream 0 alone; then the
 * last one's makes the output.
 *
 * Moves (4n + 4)·C elements a token and sublayer (layer.ts). Beside inputs and outputs one tensor of streams is held, and what one sublayer computes on the way: nothing grows with the depth.
 */
import type { Read } from '../../operations/layers/chain.ts';
import type { LayerDialect } from '../../operations/layers/dialect.ts';
import { elementwise } from './elementwise.ts';
import { at, sublayerMappings, sublayerParts, type SublayerNames, type SublayerParameters } from './layer.ts';
import { perToken, type Part, type PartSizes } from './part.ts';
import { streamReadPart } from './stream-read.ts';

/** Sublayers, and whose pre mapping each reads with. */
export interface ChainShape {
  readonly depth: number;
  readonly read: Read;
}

/** The pre mapping that reads stream 0 alone. */
export const streamZero = 'streamZero';

/** streams and parameters [D,…] → the last streams [B,n,C] and, where it is named, their collapse [B,C] with the last sublayer's pre. */
export function chainParts(sizes: PartSizes, dialect: LayerDialect, { depth, read }: ChainShape, parameters: SublayerParameters & { readonly streams: string }, outputs: { readonly final: string; readonly collapsed?: string }): readonly Part[] {
  const { n, channels, dtype } = sizes;
  const between = 'between';
  // x_D is the output, and every second before it stands there too
  const place = (l: number): string => (l === 0 ? parameters.streams : (depth - l) % 2 === 0 ? outputs.final : between);
  const pre = (l: number): string => (l < 0 ? streamZero : `preMapping${l % 2}`);
  const namesOf = (l: number): SublayerNames => ({
    ...parameters, streams: place(l), read: read === 'own' ? pre(l) : pre(l - 1), sums: 'sums', preMapping: pre(l), postMapping: 'postMapping', residualMapping: 'residualMapping',
  });
  const sublayers = Array.from({ length: depth }, (_, l) => at(l, [...sublayerMappings(sizes, dialect, namesOf(l), { stacked: depth > 1 }), ...sublayerParts(sizes, dialect, namesOf(l), place(l + 1))]));
  return [
    ...(depth > 1 ? [{ scratch: { [between]: perToken('scratch', n * channels, dtype) }, passes: [] }] : []),
    ...(read === 'previous' ? [streamZeroPart(sizes)] : []),
    ...sublayers.flat(),
    ...(outputs.collapsed === undefined ? [] : [streamReadPart(sizes, pre(depth - 1), outputs.final, outputs.collapsed)]),
  ];
}

/** Writes (1, 0, … 0) for each token. */
export function streamZeroPart({ n }: PartSizes): Part {
  const element = 'fn element(e: u32) -> f32 { return select(0.0, 1.0, e % sizes.n == 0u); }';
  return { scratch: { [streamZero]: perToken('scratch', n) }, passes: [elementwise({ label: 'stream 0 alone', inputs: [], output: { name: 'preMapping', dtype: 'f32' }, perToken: n, outputs: 'sizes.n', element, buffers: [streamZero] })] };
}
