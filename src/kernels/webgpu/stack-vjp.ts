/**
 * Residual mixing over depth, backwards. With the composites P_l = E_{l−1}···E_0 below a sublayer and Q_l = E_{l+1}ᵀ···E_{D−1}ᵀ above it the streams are x_l = P_l·x_0 and the cotangents
 * g_{l+1} = Q_l·g, so that
 *
 *   ∂E_l = g_{l+1}·x_lᵀ = Q_l·G·P_lᵀ,   G = g·x_0ᵀ,   ∂x_0 = (E_0ᵀ·Q_0)·g
 *
 * and only G is a sum over channels: whatever the depth, the streams and the cotangent are read once and no sublayer's streams are kept. What is kept is 2·D·n² numbers a token, twice the mappings.
 *
 * Reads 2n·C elements and D·n² numbers a token, writes n·C and D·n²; writes and reads 2·D·n² of its own. Multiply-adds: 2n² a channel, 4n³ a sublayer. For C = 4,096 and n = 4 in f32 the channels move
 * 192 KiB a token and a sublayer 320 bytes: bound by memory. The sums over channels are a tree (reduction.ts): their order depends on the channels alone.
 */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import { elementwise } from './elementwise.ts';
import { perToken, type Part, type PartSizes } from './part.ts';
import type { PlanPass } from './plan.ts';
import { threadsFor, treeReduction } from './reduction.ts';
import { bindings, each, entry, lanesOf, streamCount, type Shaped } from './wgsl.ts';

const workgroup = 64;
const item = (name: string, writable = false): Shaped => ({ name, dtype: 'f32', as: 'items', writable });

export interface StackVjpNames {
  readonly mappings: string;
  readonly streams: string;
  readonly cotangent: string;
  readonly mappingsGradient: string;
  readonly streamsGradient: string;
}

/** residualMappings [B,D,n,n], streams, cotangent of finalStreams [B,n,C] → residualMappingsGradient [B,D,n,n], streamsGradient [B,n,C]. Its scratch needs the depth. */
export function stackVjpPart(sizes: PartSizes, depth: number, dialect: MixingDialect, names: StackVjpNames): Part {
  const { n } = sizes;
  return {
    scratch: { stackAround: perToken('scratch', 2 * depth * n * n), stackWhole: perToken('scratch', n * n), stackGram: perToken('scratch', n * n) },
    passes: [compositesPass(n, dialect, names.mappings), ...channelPasses(sizes, names), gradientPass(n, depth, dialect, names.mappingsGradient)],
  };
}

/** P_l and Q_l of every sublayer, one after the other in `around`, and E_0ᵀ·Q_0 in `whole`: a thread has one column of one of both and goes through all sublayers. */
function compositesPass(streams: number, { orientation }: MixingDialect, mappings: string): PlanPass {
  const { n, most } = streamCount(streams);
  const code = /* wgsl */ `
${bindings([item('residualMappings'), item('around', true), item('whole', true)])}
${entry(workgroup, /* wgsl */ `
  let n = ${n};
  let token = item / (2u * n);
  if (token >= sizes.x) { return; }
  let is_above = (item / n) % 2u == 1u;
  let j = item % n;
  let by_columns = ${orientation === 'plain' ? 'is_above' : '!is_above'}; // Eᵀ is wanted, or E is the transpose of what is stored
  let row = select(n, 1u, by_columns);
  let column = select(1u, n, by_columns);
  var v = array<f32, ${most}>();
  for (var i = 0u; i < n; i++) { v[i] = select(0.0, 1.0, i == j); }
  for (var step = 0u; step < sizes.depth; step++) {
    let at = (token * sizes.depth + select(step, sizes.depth - 1u - step, is_above)) * n * n;
    let place = 2u * at + select(0u, n * n, is_above) + j;
    var w = array<f32, ${most}>();
    for (var i = 0u; i < n; i++) {
      around[place + i * n] = v[i];
      var sum = 0.0;
      for (var k = 0u; k < n; k++) { sum += load_residualMappings(at + i * row + k * column) * v[k]; }
      w[i] = sum;
    }
    v = w;
  }
  if (!is_above) { return; }
  for (var i = 0u; i < n; i++) { whole[(token * n + i) * n + j] = v[i]; }`)}`;
  return { label: `stack-vjp, n = ${streams}: composites`, code, buffers: [mappings, 'stackAround', 'stackWhole'], groups: (tokens) => Math.ceil((tokens * 2 * streams) / workgroup) };
}

/** G by a workgroup for each token, and ∂x_0 in the same pass where channels fill 16 bytes. */
function channelPasses({ n, channels, dtype }: PartSizes, { streams, cotangent, streamsGradient }: StackVjpNames): readonly PlanPass[] {
  const count = streamCount(n);
  const { full, width, halves, as, lanes, type } = lanesOf(channels, dtype);
  const threads = threadsFor(lanes);
  const dot = full ? each(halves, (h) => `dot(g[i][${h}], x[${h}])`, ' + ') : 'g[i] * x';
  const mixed = /* wgsl */ `
    for (var i = 0u; i < ${count.n}; i++) {
      let row = (token * ${count.n} + i) * ${count.n};
      let first = load_whole(row);
      var sum = g[0];
${each(halves, (h) => `      sum[${h}] = first * sum[${h}];`)}
      for (var k = 1u; k < ${count.n}; k++) {
        let w = vec4f(load_whole(row + k));
${each(halves, (h) => `        sum[${h}] = fma(w, g[k][${h}], sum[${h}]);`)}
      }
      store_streamsGradient((token * ${count.n} + i) * lanes + at, sum);
    }`;
  const written: Shaped = { name: 'streamsGradient', dtype, as: 'lanes', writable: true };
  const code = /* wgsl */ `
${bindings([{ name: 'streams', dtype, as }, { name: 'cotangent', dtype, as }, item('gram', true), ...(full ? [item('whole'), written] : [])])}
var<private> token: u32;
${treeReduction(threads, count.most * count.most, (k, value) => `gram[token * ${count.n} * ${count.n} + ${k}] = ${value};`)}
${entry(threads, /* wgsl */ `
  if (group >= sizes.x) { return; }
  token = group;
  let lanes = sizes.y / ${width}u;
  for (var at = lane; at < lanes; at += ${threads}u) {
    var g = array<${type}, ${count.most}>();
    for (var i = 0u; i < ${count.n}; i++) { g[i] = load_cotangent((token * ${count.n} + i) * lanes + at); }
    for (var j = 0u; j < ${count.n}; j++) {
      let x: ${type} = load_streams((token * ${count.n} + j) * lanes + at);
      for (var i = 0u; i < ${count.n}; i++) { acc[i * ${count.n} + j] += ${dot}; }
    }
${full ? mixed : ''}
  }
  reduce(lane, ${count.n} * ${count.n});`)}`;
  const label = `stack-vjp, n = ${n}: channels`;
  const sums: PlanPass = { label, code, buffers: [streams, cotangent, 'stackGram', ...(full ? ['stackWhole', streamsGradient] : [])], groups: (tokens) => tokens };
  if (full) return [sums];
  const element = /* wgsl */ `
fn element(e: u32) -> f32 {
  let row = e / sizes.y;
  let at = (row / ${count.n}) * ${count.n} * sizes.y + e % sizes.y;
  var sum = load_whole(row * ${count.n}) * load_cotangent(at);
  for (var k = 1u; k < ${count.n}; k++) { sum = fma(load_whole(row * ${count.n} + k), load_cotangent(at + k * sizes.y), sum); }
  return sum;
}`;
  return [
    sums,
    elementwise({ label: `${label}, gradient of the streams`, inputs: [item('whole'), { name: 'cotangent', dtype, as: 'items' }], output: { name: 'streamsGradient', dtype }, perToken: n * channels, outputs: `${count.n} * sizes.y`, element, buffers: ['stackWhole', cotangent, streamsGradient] }),
  ];
}

/** Q_l·(G·P_lᵀ): a thread has one column of one sublayer's gradient. */
function gradientPass(streams: number, depth: number, { orientation }: MixingDialect, mappingsGradient: string): PlanPass {
  const { n, most } = streamCount(streams);
  const code = /* wgsl */ `
${bindings([item('around'), item('gram'), item('mappingsGradient', true)])}
${entry(workgroup, /* wgsl */ `
  let n = ${n};
  let sublayer = item / n; // counted over all tokens
  if (sublayer >= sizes.x * sizes.depth) { return; }
  let j = item % n;
  let at = sublayer * n * n;
  let in_gram = (sublayer / sizes.depth) * n * n;
  var through = array<f32, ${most}>();
  for (var a = 0u; a < n; a++) {
    var sum = 0.0;
    for (var b = 0u; b < n; b++) { sum += load_gram(in_gram + a * n + b) * load_around(2u * at + j * n + b); }
    through[a] = sum;
  }
  for (var i = 0u; i < n; i++) {
    var sum = 0.0;
    for (var a = 0u; a < n; a++) { sum += load_around(2u * at + (n + i) * n + a) * through[a]; }
    mappingsGradient[at + ${orientation === 'plain' ? 'i * n + j' : 'j * n + i'}] = sum;
  }`)}`;
  return { label: `stack-vjp, n = ${streams}: gradients of the mappings`, code, buffers: ['stackAround', 'stackGram', mappingsGradient], groups: (tokens) => Math.ceil((tokens * depth * streams) / workgroup) };
}
