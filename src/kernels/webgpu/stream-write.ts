/**
 * x'_i = Σ_j E_ij·x_j + post_i·y, and backwards ∂E_ij = ⟨g_i, x_j⟩, ∂post_i = ⟨g_i, y⟩, ∂x_j = Σ_i E_ij·g_i, ∂y = Σ_i post_i·g_i. E is H, or Hᵀ where the dialect applies it transposed.
 *
 * Forward: reads (n + 1)·C elements and n² + n weights a token, writes n·C; n² + n multiply-adds a channel, 20 for n = 4: bound by memory. A thread has 16 bytes of each stream and keeps them while it
 * writes, so every element is read once.
 * Backward: reads (2n + 1)·C, writes (n + 1)·C and n² + n weights; 2(n² + n) multiply-adds a channel. A workgroup has a token: the n² + n sums over its channels are trees.
 * Channels that do not fill 16 bytes are taken one by one; then the backward is three passes. A channel has the same bits either way: its first product, to which each other is added by an fma that is written as one.
 */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import { elementwise } from './elementwise.ts';
import type { Part, PartSizes } from './part.ts';
import { threadsFor, treeReduction } from './reduction.ts';
import { streamWriteFour, streamWriteVjpFour } from './stream-write-four.ts';
import { bindings, each, entry, lanesOf, streamCount, type Shaped } from './wgsl.ts';

const workgroup = 128;
const residual = { name: 'residualMapping', dtype: 'f32', as: 'items' } as const;
const post = { name: 'postMapping', dtype: 'f32', as: 'items' } as const;

/** Where E_ij of a token stands. */
function placeOf(count: { n: string }, { orientation }: MixingDialect, i: string, j: string): string {
  return orientation === 'plain' ? `token * ${count.n} * ${count.n} + ${i} * ${count.n} + ${j}` : `token * ${count.n} * ${count.n} + ${j} * ${count.n} + ${i}`;
}

export interface WriteNames {
  readonly residualMapping: string;
  readonly postMapping: string;
  readonly streams: string;
  readonly layerOutput: string;
}

export function streamWritePart({ n, channels, dtype }: PartSizes, dialect: MixingDialect, names: WriteNames, nextStreams: string): Part {
  const count = streamCount(n);
  const buffers = [names.residualMapping, names.postMapping, names.streams, names.layerOutput, nextStreams];
  const label = `stream-write, n = ${n}`;
  const { full, width, halves, lanes } = lanesOf(channels, dtype);
  if (!full) {
    const element = /* wgsl */ `
fn element(e: u32) -> f32 {
  let row = e / sizes.y;
  let channel = e % sizes.y;
  let token = row / ${count.n};
  let i = row % ${count.n};
  var sum = load_residualMapping(${placeOf(count, dialect, 'i', '0u')}) * load_streams(token * ${count.n} * sizes.y + channel);
  for (var j = 1u; j < ${count.n}; j++) { sum = fma(load_residualMapping(${placeOf(count, dialect, 'i', 'j')}), load_streams((token * ${count.n} + j) * sizes.y + channel), sum); }
  return fma(load_postMapping(row), load_layerOutput(token * sizes.y + channel), sum);
}`;
    const inputs = [residual, post, { name: 'streams', dtype, as: 'items' }, { name: 'layerOutput', dtype, as: 'items' }] as const;
    return { passes: [elementwise({ label, inputs, output: { name: 'nextStreams', dtype }, perToken: n * channels, outputs: `${count.n} * sizes.y`, element, buffers })] };
  }
  if (n === 4) return streamWriteFour({ n, channels, dtype }, dialect, names, nextStreams);
  const code = /* wgsl */ `
${bindings([residual, post, { name: 'streams', dtype, as: 'lanes' }, { name: 'layerOutput', dtype, as: 'lanes' }, { name: 'nextStreams', dtype, as: 'lanes', writable: true }])}
${entry(workgroup, /* wgsl */ `
  let lanes = sizes.y / ${width}u;
  let token = item / lanes;
  if (token >= sizes.x) { return; }
  let at = token * ${count.n} * lanes + item % lanes;
  let y = load_layerOutput(item);
  var x: array<array<vec4f, ${halves}>, ${count.most}>;
  for (var j = 0u; j < ${count.n}; j++) { x[j] = load_streams(at + j * lanes); }
  for (var i = 0u; i < ${count.n}; i++) {
    let p = vec4f(load_postMapping(token * ${count.n} + i));
    let first = load_residualMapping(${placeOf(count, dialect, 'i', '0u')});
    var sum = x[0];
${each(halves, (h) => `    sum[${h}] = first * sum[${h}];`)}
    for (var j = 1u; j < ${count.n}; j++) {
      let e = vec4f(load_residualMapping(${placeOf(count, dialect, 'i', 'j')}));
${each(halves, (h) => `      sum[${h}] = fma(e, x[j][${h}], sum[${h}]);`)}
    }
${each(halves, (h) => `    sum[${h}] = fma(p, y[${h}], sum[${h}]);`)}
    store_nextStreams(at + i * lanes, sum);
  }`)}`;
  return { passes: [{ label, code, buffers, groups: (tokens) => Math.ceil((tokens * lanes) / workgroup) }] };
}

export interface WriteGradients {
  readonly residualMapping: string;
  readonly postMapping: string;
  readonly streams: string;
  readonly layerOutput: string;
}

/** The inputs of the forward and a cotangent [B,n,C] → the gradient of each input. */
export function streamWriteVjpPart({ n, channels, dtype }: PartSizes, dialect: MixingDialect, names: WriteNames, cotangent: string, gradients: WriteGradients): Part {
  const count = streamCount(n);
  const { full, width, halves, as, lanes, type } = lanesOf(channels, dtype);
  if (n === 4 && full) return streamWriteVjpFour({ n, channels, dtype }, dialect, names, cotangent, gradients);
  const threads = threadsFor(lanes);
  const dot = (a: string, b: string): string => (full ? each(halves, (h) => `dot(${a}[${h}], ${b}[${h}])`, ' + ') : `${a} * ${b}`);
  const whole: Shaped[] = [residual, post];
  const written: Shaped[] = [{ name: 'streamsGradient', dtype, as: 'lanes', writable: true }, { name: 'outputGradient', dtype, as: 'lanes', writable: true }];
  const label = `stream-write-vjp, n = ${n}`;
  const mixed = /* wgsl */ `
    for (var j = 0u; j < ${count.n}; j++) {
      let first = load_residualMapping(${placeOf(count, dialect, '0u', 'j')});
      var sum = g[0];
${each(halves, (h) => `      sum[${h}] = first * sum[${h}];`)}
      for (var i = 1u; i < ${count.n}; i++) {
        let e = vec4f(load_residualMapping(${placeOf(count, dialect, 'i', 'j')}));
${each(halves, (h) => `        sum[${h}] = fma(e, g[i][${h}], sum[${h}]);`)}
      }
      store_streamsGradient((token * ${count.n} + j) * lanes + at, sum);
    }
    let first = load_postMapping(token * ${count.n});
    var through = g[0];
${each(halves, (h) => `    through[${h}] = first * through[${h}];`)}
    for (var i = 1u; i < ${count.n}; i++) {
      let p = vec4f(load_postMapping(token * ${count.n} + i));
${each(halves, (h) => `      through[${h}] = fma(p, g[i][${h}], through[${h}]);`)}
    }
    store_outputGradient(token * lanes + at, through);`;
  const code = /* wgsl */ `
${bindings([
    ...(full ? whole : []),
    { name: 'streams', dtype, as },
    { name: 'layerOutput', dtype, as },
    { name: 'cotangent', dtype, as },
    { name: 'mappingGradient', dtype: 'f32', as: 'items', writable: true },
    { name: 'postGradient', dtype: 'f32', as: 'items', writable: true },
    ...(full ? written : []),
  ])}
var<private> token: u32;
fn write_sum(k: u32, value: f32) {
  if (k >= ${count.n} * ${count.n}) { postGradient[token * ${count.n} + k - ${count.n} * ${count.n}] = value; return; }
  let i = k / ${count.n};
  let j = k % ${count.n};
  mappingGradient[${placeOf(count, dialect, 'i', 'j')}] = value;
}
${treeReduction(threads, count.most * (count.most + 1), (k, value) => `write_sum(${k}, ${value});`)}
${entry(threads, /* wgsl */ `
  if (group >= sizes.x) { return; }
  token = group;
  let lanes = sizes.y / ${width}u;
  for (var at = lane; at < lanes; at += ${threads}u) {
    var g: array<${type}, ${count.most}>;
    for (var i = 0u; i < ${count.n}; i++) { g[i] = load_cotangent((token * ${count.n} + i) * lanes + at); }
    for (var j = 0u; j < ${count.n}; j++) {
      let x: ${type} = load_streams((token * ${count.n} + j) * lanes + at);
      for (var i = 0u; i < ${count.n}; i++) { acc[i * ${count.n} + j] += ${dot('g[i]', 'x')}; }
    }
    let y: ${type} = load_layerOutput(token * lanes + at);
    for (var i = 0u; i < ${count.n}; i++) { acc[${count.n} * ${count.n} + i] += ${dot('g[i]', 'y')}; }
${full ? mixed : ''}
  }
  reduce(lane, ${count.n} * (${count.n} + 1u));`)}`;
  const sums = {
    label,
    code,
    buffers: [
      ...(full ? [names.residualMapping, names.postMapping] : []), names.streams, names.layerOutput, cotangent, gradients.residualMapping, gradients.postMapping, ...(full ? [gradients.streams, gradients.layerOutput] : []),
    ],
    groups: (tokens: number) => tokens,
  };
  if (full) return { passes: [sums] };
  const items = { name: 'cotangent', dtype, as: 'items' } as const;
  const ofStreams = /* wgsl */ `
fn element(e: u32) -> f32 {
  let row = e / sizes.y;
  let token = row / ${count.n};
  let j = row % ${count.n};
  var sum = load_residualMapping(${placeOf(count, dialect, '0u', 'j')}) * load_cotangent(token * ${count.n} * sizes.y + e % sizes.y);
  for (var i = 1u; i < ${count.n}; i++) { sum = fma(load_residualMapping(${placeOf(count, dialect, 'i', 'j')}), load_cotangent((token * ${count.n} + i) * sizes.y + e % sizes.y), sum); }
  return sum;
}`;
  const ofOutput = /* wgsl */ `
fn element(e: u32) -> f32 {
  let token = e / sizes.y;
  var sum = load_postMapping(token * ${count.n}) * load_cotangent(token * ${count.n} * sizes.y + e % sizes.y);
  for (var i = 1u; i < ${count.n}; i++) { sum = fma(load_postMapping(token * ${count.n} + i), load_cotangent((token * ${count.n} + i) * sizes.y + e % sizes.y), sum); }
  return sum;
}`;
  return {
    passes: [
      sums,
      elementwise({ label: `${label}, gradient of the streams`, inputs: [residual, items], output: { name: 'streamsGradient', dtype }, perToken: n * channels, outputs: `${count.n} * sizes.y`, element: ofStreams, buffers: [names.residualMapping, cotangent, gradients.streams] }),
      elementwise({ label: `${label}, gradient of the output`, inputs: [post, items], output: { name: 'outputGradient', dtype }, perToken: channels, outputs: 'sizes.y', element: ofOutput, buffers: [names.postMapping, cotangent, gradients.layerOutput] }),
    ],
  };
}
