/**
 * The collapse at the end of the streams: a projection (project.ts) with n rows, one thread a token for its gates, and a stream-read with them. Reads the streams twice and writes C elements a token.
 */
import type { TensorFloat } from '../../operations/calculus/tf32.ts';
import type { HeadDialect } from '../../operations/layers/dialect.ts';
import { tensorFloatOf } from '../../operations/mappings/coefficients.ts';
import { coefficientPieces } from './mappings.ts';
import { perToken, type Part, type PartSizes } from './part.ts';
import { foldPart, projectPart } from './project.ts';
import { isFolded, type Projection } from './projection.ts';
import { streamReadPart } from './stream-read.ts';
import { bindings, entry, literal, streamCount } from './wgsl.ts';

export interface HeadNames {
  readonly streams: string;
  readonly projection: string;
  readonly scale: string;
  readonly biases: string;
}

/** A row for each stream. */
export const headRows = (n: string): string => n;

/** The parts that leave m and Σx² of each group in the scratch `headSums`; the matrix as it was multiplied with is in `matrix`. */
export function headProjectionParts(sizes: PartSizes, dialect: HeadDialect, names: HeadNames): { readonly parts: readonly Part[]; readonly matrix: string; readonly rounding: TensorFloat | undefined } {
  const rounding = tensorFloatOf(dialect);
  const projection: Projection = { count: sizes.n, countOf: headRows, perStream: dialect.norm === 'per-stream', rounding, weight: undefined };
  const matrix = isFolded(projection) ? 'headFolded' : names.projection;
  const project = projectPart(sizes, projection, names.streams, matrix, 'headSums');
  return { parts: isFolded(projection) ? [foldPart(sizes, projection, names.projection, matrix), project] : [project], matrix, rounding };
}

/** WGSL: what is added to a gate. */
export function mixOf(gate: string, { preEpsilon }: HeadDialect): string {
  return preEpsilon > 0 ? `${gate} + ${literal(preEpsilon)}` : gate;
}

/** streams [B,n,C], headProjection [n,nC], headScale [1], headBiases [n] → collapsed [B,C]. */
export function headParts(sizes: PartSizes, dialect: HeadDialect, names: HeadNames, collapsed: string): readonly Part[] {
  const { n } = streamCount(sizes.n);
  const { parts } = headProjectionParts(sizes, dialect, names);
  const code = /* wgsl */ `
${bindings([{ name: 'sums', dtype: 'f32', as: 'items' }, { name: 'scales', dtype: 'f32', as: 'items' }, { name: 'biases', dtype: 'f32', as: 'items' }, { name: 'mixes', dtype: 'f32', as: 'items', writable: true }])}
${coefficientPieces(dialect, sizes.n, headRows)}
${entry(64, /* wgsl */ `
  if (item >= sizes.x) { return; }
  roots_of(item);
  for (var i = 0u; i < ${n}; i++) { mixes[item * ${n} + i] = ${mixOf('sigmoid(logit(item, i, 0u))', dialect)}; }`)}`;
  return [
    ...parts,
    {
      scratch: { headMixes: perToken('scratch', sizes.n) },
      passes: [{ label: `head, n = ${sizes.n}: gates`, code, buffers: ['headSums', names.scale, names.biases, 'headMixes'], groups: (tokens) => Math.ceil(tokens / 64) }],
    },
    streamReadPart(sizes, 'headMixes', names.streams, collapsed),
  ];
}
