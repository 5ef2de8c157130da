/**
 * Both ends of the streams. Expand copies C elements n times, backwards it adds them: bound by memory. The head is a projection (project.ts) with n rows, one thread a token for its gates, and a
 * stream-read with them: it reads the streams twice.
 */
import type { ExpandDialect, HeadDialect } from '../../operations/layers/dialect.ts';
import { elementwise } from './elementwise.ts';
import { coefficientPieces } from './mappings.ts';
import { perToken, type Part, type PartSizes } from './part.ts';
import { foldPart, projectPart } from './project.ts';
import { isFolded, type Projection } from './projection.ts';
import { streamReadPart } from './stream-read.ts';
import { bindings, entry, literal, streamCount } from './wgsl.ts';

/** hidden [B,C] → streams [B,n,C]. */
export function expandPart({ n, channels, dtype }: PartSizes, { copies }: ExpandDialect, hidden: string, streams: string): Part {
  const copy = 'load_hidden((e / sizes.y / sizes.n) * sizes.y + e % sizes.y)';
  const element = `fn element(e: u32) -> f32 { return ${copies === 'all' ? copy : `select(0.0, ${copy}, (e / sizes.y) % sizes.n == 0u)`}; }`;
  return { passes: [elementwise({ label: 'expand', inputs: [{ name: 'hidden', dtype, as: 'items' }], output: { name: 'streams', dtype }, perToken: n * channels, outputs: 'sizes.n * sizes.y', element, buffers: [hidden, streams] })] };
}

/** cotangent [B,n,C] → hiddenGradient [B,C]. */
export function expandVjpPart({ channels, dtype }: PartSizes, { copies }: ExpandDialect, cotangent: string, gradient: string): Part {
  const element = /* wgsl */ `
fn element(e: u32) -> f32 {
  let at = (e / sizes.y) * sizes.n * sizes.y + e % sizes.y;
  var sum = load_cotangent(at);
  ${copies === 'all' ? 'for (var i = 1u; i < sizes.n; i++) { sum += load_cotangent(at + i * sizes.y); }' : ''}
  return sum;
}`;
  return { passes: [elementwise({ label: 'expand-vjp', inputs: [{ name: 'cotangent', dtype, as: 'items' }], output: { name: 'gradient', dtype }, perToken: channels, outputs: 'sizes.y', element, buffers: [cotangent, gradient] })] };
}

export interface HeadNames {
  readonly streams: string;
  readonly projection: string;
  readonly scale: string;
  readonly biases: string;
}

/** streams [B,n,C], headProjection [n,nC], headScale [1], headBiases [n] → collapsed [B,C]. */
export function headParts(sizes: PartSizes, dialect: HeadDialect, names: HeadNames, collapsed: string): readonly Part[] {
  const { n } = streamCount(sizes.n);
  const countOf = (text: string): string => text;
  const rounding = dialect.projectionRounding === 'exact' ? undefined : dialect.projectionRounding === 'tf32-half-up' ? 'half-up' : dialect.projectionRounding === 'tf32-nearest-even' ? 'nearest-even' : 'any';
  const projection: Projection = { count: sizes.n, countOf, perStream: dialect.norm === 'per-stream', rounding, weight: undefined };
  const matrix = isFolded(projection) ? 'headFolded' : names.projection;
  const code = /* wgsl */ `
${bindings([{ name: 'sums', dtype: 'f32', as: 'items' }, { name: 'scales', dtype: 'f32', as: 'items' }, { name: 'biases', dtype: 'f32', as: 'items' }, { name: 'mixes', dtype: 'f32', as: 'items', writable: true }])}
${coefficientPieces(dialect, sizes.n, countOf)}
${entry(64, /* wgsl */ `
  if (item >= sizes.x) { return; }
  roots_of(item);
  for (var i = 0u; i < ${n}; i++) { mixes[item * ${n} + i] = sigmoid(logit(item, i, 0u))${dialect.preEpsilon > 0 ? ` + ${literal(dialect.preEpsilon)}` : ''}; }`)}`;
  return [
    ...(isFolded(projection) ? [foldPart(sizes, projection, names.projection, 'headFolded')] : []),
    projectPart(sizes, projection, names.streams, matrix, 'headSums'),
    {
      scratch: { headMixes: perToken('scratch', sizes.n) },
      passes: [{ label: `head, n = ${sizes.n}: gates`, code, buffers: ['headSums', names.scale, names.biases, 'headMixes'], groups: (tokens) => Math.ceil(tokens / 64) }],
    },
    streamReadPart(sizes, 'headMixes', names.streams, collapsed),
  ];
}
