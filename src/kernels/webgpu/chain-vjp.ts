/**
 * The gradients of a chain of sublayers, backwards through the kernels of its parts. For one sublayer, g the cotangent of x':
 *
 *   ∂E, ∂post, Eᵀ·g, ȳ   stream-write-vjp      ū, w̄   inner-vjp      ∂p, p·ū   stream-read-vjp
 *   x̄ = (Eᵀ·g + p·ū) + the gradient through the mappings, whose last pass adds the three and stores once
 *
 * ∂p belongs to the sublayer whose pre was read with. Gradients of parameters are sums over blocks of 128 tokens, in order (mappings-vjp.ts).
 *
 * Kept of each sublayer: its mappings and the sums of its projection, 2n² + 4n + 1 numbers of f32 a token (n times as many sums with a norm for each stream); of the streams between sublayers only those that enter every
 * ⌈√D⌉-th, and those of one such run of sublayers: fewer than 2·√D + 1 tensors. Recomputed: u and y of each sublayer, and its streams where they were not kept, but no projection.
 * Moves at most (4n + 4) + (3n + 4) + (11n + 11) times C elements a token and sublayer: forward, again, and back.
 */
import type { LayerVjpDialect } from '../../operations/layers/dialect.ts';
import { streamZero, streamZeroPart, type ChainShape } from './chain.ts';
import { elementwise } from './elementwise.ts';
import { innerVjpParts } from './inner-vjp.ts';
import { at, sublayerMappings, sublayerOutput, sublayerParts, type SublayerNames, type SublayerParameters } from './layer.ts';
import { coefficientParts } from './mappings.ts';
import { mappingsBackParts, type MappingGradients } from './mappings-vjp.ts';
import { perToken, type Part, type PartSizes } from './part.ts';
import { streamReadVjpPart } from './stream-read.ts';
import { streamWriteVjpPart } from './stream-write.ts';

export interface ChainGradients extends MappingGradients {
  readonly innerWeight: string;
}

/** The inputs of the forward and the cotangents of its outputs → the gradient of each input. */
export function chainVjpParts(
  sizes: PartSizes, dialect: LayerVjpDialect, { depth, read }: ChainShape, parameters: SublayerParameters & { readonly streams: string }, cotangents: { readonly final: string; readonly collapsed?: string }, gradients: ChainGradients,
): readonly Part[] {
  const { n, channels, dtype } = sizes;
  const stacked = depth > 1;
  const run = Math.ceil(Math.sqrt(depth)); // sublayers of a run
  const place = (l: number): string => (l === 0 ? parameters.streams : l % run === 0 || l === depth ? `streams before ${l}` : `streams within ${l % run}`);
  const namesOf = (l: number): SublayerNames => ({
    ...parameters, streams: place(l), read: read === 'own' ? `pre ${l}` : l === 0 ? streamZero : `pre ${l - 1}`, sums: `sums ${l}`, preMapping: `pre ${l}`, postMapping: `post ${l}`, residualMapping: `residual ${l}`,
  });
  const forward = (l: number): readonly Part[] => sublayerParts(sizes, dialect, namesOf(l), place(l + 1));
  const layers = Array.from({ length: depth }, (_, l) => l);
  const needsLast = read === 'previous'; // x_D, for the collapse

  const held = layers.map((l) => place(l + 1)).slice(0, needsLast ? depth : depth - 1);
  const scratch: Part = { scratch: Object.fromEntries(held.map((name) => [name, perToken('scratch', n * channels, dtype)])), passes: [] };
  const forwards = layers.flatMap((l) => at(l, [...sublayerMappings(sizes, dialect, namesOf(l), { stacked }), ...(l + 1 < depth || needsLast ? forward(l) : [])]));

  // from x̄ of the sublayer above to that of this one: `gradients.streams` is read before it is written
  const pre = (l: number): string => (read === 'own' ? 'preGradient' : `preGradient ${l % 2}`);
  const back = (l: number, cotangent: string): readonly Part[] => {
    const names = namesOf(l);
    const { fold, sums, matrix } = coefficientParts(sizes, dialect, names, { sums: names.sums, stacked });
    const { parts, output } = sublayerOutput(sizes, dialect, names);
    const inner = innerVjpParts(sizes, dialect, names.innerWeight, ofOutput, gradients.innerWeight);
    const write = streamWriteVjpPart(sizes, { orientation: dialect.orientation }, { ...names, layerOutput: output }, cotangent, { residualMapping: 'residualGradient', postMapping: 'postGradient', streams: ofWrite, layerOutput: ofOutput });
    const readBack = streamReadVjpPart(sizes, [names.read, names.streams, inner.gradient, pre(l), ofRead]);
    const through = mappingsBackParts(sizes, dialect, names, { sums, matrix }, [pre(read === 'own' ? l : l + 1), 'postGradient', 'residualGradient'], gradients, { added: [ofWrite, ofRead], layers: depth });
    return at(l, [...(l === depth - 1 ? [] : fold), ...parts, write, ...inner.parts, readBack, ...through]); // the forward has left the last sublayer's matrix
  };
  const between: Part = {
    scratch: {
      [pre(0)]: perToken('scratch', n), [pre(1)]: perToken('scratch', n), postGradient: perToken('scratch', n), residualGradient: perToken('scratch', n * n),
      [ofWrite]: perToken('scratch', n * channels, dtype), [ofRead]: perToken('scratch', n * channels, dtype), [ofOutput]: perToken('scratch', channels, dtype),
    },
    passes: [],
  };

  const backwards: Part[] = [];
  for (let l = depth - 1; l >= 0; l--) {
    const first = l - (l % run);
    if (l === first + run - 1 && l < depth - 1) for (let below = first; below < l; below++) backwards.push(...at(below, forward(below)));
    backwards.push(...back(l, l === depth - 1 && cotangents.collapsed === undefined ? cotangents.final : gradients.streams));
  }
  const { collapsed } = cotangents;
  return [
    scratch,
    between,
    ...(read === 'previous' ? [streamZeroPart(sizes)] : []),
    ...forwards,
    ...(collapsed === undefined ? [] : [streamReadVjpPart(sizes, [`pre ${depth - 1}`, place(depth), collapsed, pre(depth), ofRead]), addPart(sizes, cotangents.final, ofRead, gradients.streams)]),
    ...backwards,
  ];
}

const [ofWrite, ofRead, ofOutput] = ['streamsGradientOfWrite', 'streamsGradientOfRead', 'layerOutputGradient'] as const;

function addPart({ n, channels, dtype }: PartSizes, a: string, b: string, sum: string): Part {
  const inputs = [{ name: 'a', dtype, as: 'items' }, { name: 'b', dtype, as: 'items' }] as const;
  return { passes: [elementwise({ label: 'cotangents of the last streams', inputs, output: { name: 'sum', dtype }, perToken: n * channels, outputs: 'sizes.n * sizes.y', element: 'fn element(e: u32) -> f32 { return load_a(e) + load_b(e); }', buffers: [a, b, sum] })] };
}
