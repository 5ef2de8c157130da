/**
 * Residual mixing over depth: the composite E_{D−1}···E_0 and the streams after it. A thread takes 16 bytes of channels of all n streams through all sublayers (one channel, where they do not fill 16 bytes: elementwise.ts, n times
 * the work), or one column of the composite.
 *
 * Reads n·C elements and writes as many a token, and reads D·n² numbers, for each thread from the caches. D·n² multiply-adds a channel, D·n³ for the composite: for C = 4,096, n = 4 and f32 the memory is what bounds it up to D of some 15
 * on an H200.
 */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import { elementwise } from './elementwise.ts';
import type { Part, PartSizes } from './part.ts';
import type { PlanPass } from './plan.ts';
import { bindings, each, entry, lanesOf, streamCount } from './wgsl.ts';

const workgroup = 64;
const given = { name: 'residualMappings', dtype: 'f32', as: 'items' } as const;

/** residualMappings [B,D,n,n], streams [B,n,C] → composite [B,n,n], finalStreams [B,n,C]. */
export function stackPart(sizes: PartSizes, { orientation }: MixingDialect, [mappings, streams, composite, finalStreams]: readonly [mappings: string, streams: string, composite: string, finalStreams: string]): Part {
  const entryOf = orientation === 'plain' ? 'i * n + j' : 'j * n + i';
  return { passes: [compositePass(sizes, entryOf, [mappings, composite]), streamsPass(sizes, entryOf, [mappings, streams, finalStreams])] };
}

/** WGSL `walk`: takes x, n vectors `type` of so many `parts` (1: of numbers), through the sublayers of a token. */
function walk(streams: number, entryOf: string, type: string, parts: number): string {
  const { n, most } = streamCount(streams);
  const added = type === 'f32' ? 'y[i] += e * x[j];' : each(parts, (h) => `y[i][${h}] += e * x[j][${h}];`, ' ');
  return /* wgsl */ `
var<private> x: array<${type}, ${most}>;
fn walk(token: u32) {
  let n = ${n};
  for (var layer = 0u; layer < sizes.depth; layer++) {
    var y = array<${type}, ${most}>();
    for (var i = 0u; i < n; i++) {
      for (var j = 0u; j < n; j++) {
        let e = load_residualMappings((token * sizes.depth + layer) * n * n + ${entryOf});
        ${added}
      }
    }
    x = y;
  }
}`;
}

function compositePass({ n: streams }: PartSizes, entryOf: string, buffers: readonly string[]): PlanPass {
  const { n } = streamCount(streams);
  const code = /* wgsl */ `
${bindings([given, { name: 'composite', dtype: 'f32', as: 'items', writable: true }])}
${walk(streams, entryOf, 'f32', 1)}
${entry(workgroup, /* wgsl */ `
  let n = ${n};
  let token = item / n;
  if (token >= sizes.x) { return; }
  for (var i = 0u; i < n; i++) { x[i] = select(0.0, 1.0, i == item % n); }
  walk(token);
  for (var i = 0u; i < n; i++) { composite[(token * n + i) * n + item % n] = x[i]; }`)}`;
  return { label: `stack, n = ${streams}: composite`, code, buffers, groups: (tokens) => Math.ceil((tokens * streams) / workgroup) };
}

function streamsPass({ n: streams, channels, dtype }: PartSizes, entryOf: string, buffers: readonly string[]): PlanPass {
  const { n } = streamCount(streams);
  const { full, width, halves, as, lanes, type } = lanesOf(channels, dtype);
  const label = `stack, n = ${streams}: streams`;
  const pieces = walk(streams, entryOf, type, halves);
  if (!full) {
    const element = /* wgsl */ `${pieces}
fn element(e: u32) -> f32 {
  let n = ${n};
  let token = e / (n * sizes.y);
  for (var i = 0u; i < n; i++) { x[i] = load_streams((token * n + i) * sizes.y + e % sizes.y); }
  walk(token);
  return x[(e / sizes.y) % n];
}`;
    return elementwise({ label, inputs: [given, { name: 'streams', dtype, as }], output: { name: 'finalStreams', dtype }, perToken: streams * channels, outputs: `${n} * sizes.y`, element, buffers });
  }
  const code = /* wgsl */ `
${bindings([given, { name: 'streams', dtype, as }, { name: 'finalStreams', dtype, as, writable: true }])}
${pieces}
${entry(workgroup, /* wgsl */ `
  let n = ${n};
  let lanes = sizes.y / ${width}u;
  let token = item / lanes;
  if (token >= sizes.x) { return; }
  let at = token * n * lanes + item % lanes;
  for (var i = 0u; i < n; i++) { x[i] = load_streams(at + i * lanes); }
  walk(token);
  for (var i = 0u; i < n; i++) { store_finalStreams(at + i * lanes, x[i]); }`)}`;
  return { label, code, buffers, groups: (tokens) => Math.ceil((tokens * lanes) / workgroup) };
}
