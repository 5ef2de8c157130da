/**
 * u = Σ_i pre_i·x_i, and backwards ∂pre_i = ⟨g, x_i⟩, ∂x_i = pre_i·g.
 *
 * Forward: reads n·C elements and n weights a token, writes C; n multiply-adds for each element written: bound by memory. A thread has 16 bytes of u and reads n times 16 bytes.
 * Backward: reads (n + 1)·C, writes n·C and n weights; 2n operations a channel. A workgroup has a token: the sums over its channels are a tree.
 * Channels that do not fill 16 bytes are taken one by one; then the backward is two passes, and reads g twice.
 * A channel has the same bits either way: its first product, to which each other is added by an fma that is written as one.
 */
import { elementwise } from './elementwise.ts';
import type { Part, PartSizes } from './part.ts';
import type { PlanPass } from './plan.ts';
import { threadsFor, treeReduction } from './reduction.ts';
import { bindings, each, entry, lanesOf, streamCount } from './wgsl.ts';

const workgroup = 128;

/** preMapping [B,n], streams [B,n,C] → layerInput [B,C]; the arguments name them in the plan. */
export function streamReadPart({ n, channels, dtype }: PartSizes, preMapping: string, streams: string, layerInput: string): Part {
  const buffers = [preMapping, streams, layerInput];
  const weights = { name: 'preMapping', dtype: 'f32', as: 'items' } as const;
  const count = streamCount(n);
  const label = `stream-read, n = ${n}`;
  const { full, width, halves, lanes } = lanesOf(channels, dtype);
  if (!full) {
    const element = /* wgsl */ `
fn element(e: u32) -> f32 {
  let token = e / sizes.y;
  var at = token * ${count.n} * sizes.y + e % sizes.y;
  var sum = load_preMapping(token * ${count.n}) * load_streams(at);
  for (var i = 1u; i < ${count.n}; i++) {
    at += sizes.y;
    sum = fma(load_preMapping(token * ${count.n} + i), load_streams(at), sum);
  }
  return sum;
}`;
    return { passes: [elementwise({ label, inputs: [weights, { name: 'streams', dtype, as: 'items' }], output: { name: 'layerInput', dtype }, perToken: channels, outputs: 'sizes.y', element, buffers })] };
  }
  const code = /* wgsl */ `
${bindings([weights, { name: 'streams', dtype, as: 'lanes' }, { name: 'layerInput', dtype, as: 'lanes', writable: true }])}
${entry(workgroup, /* wgsl */ `
  let lanes = sizes.y / ${width}u;
  let token = item / lanes;
  if (token >= sizes.x) { return; }
  let at = token * ${count.n} * lanes + item % lanes;
  var sum = load_streams(at);
  let first = load_preMapping(token * ${count.n});
${each(halves, (h) => `  sum[${h}] = first * sum[${h}];`)}
  for (var i = 1u; i < ${count.n}; i++) {
    let x = load_streams(at + i * lanes);
    let w = vec4f(load_preMapping(token * ${count.n} + i));
${each(halves, (h) => `    sum[${h}] = fma(w, x[${h}], sum[${h}]);`)}
  }
  store_layerInput(item, sum);`)}`;
  return { passes: [{ label, code, buffers, groups: (tokens) => Math.ceil((tokens * lanes) / workgroup) }] };
}

/** preMapping [B,n], streams [B,n,C], cotangent [B,C] → preMappingGradient [B,n], streamsGradient [B,n,C]. */
export function streamReadVjpPart(sizes: PartSizes, names: readonly [pre: string, streams: string, cotangent: string, preGradient: string, streamsGradient: string]): Part {
  const { n, channels, dtype } = sizes;
  const [pre, streams, cotangent, preGradient, streamsGradient] = names;
  const count = streamCount(n);
  const { full } = lanesOf(channels, dtype);
  const label = `stream-read-vjp, n = ${n}`;
  const sums = streamDotsPass(sizes, label, [streams, cotangent, preGradient], full ? { weights: pre, gradient: streamsGradient } : undefined);
  if (full) return { passes: [sums] };
  const element = /* wgsl */ `
fn element(e: u32) -> f32 {
  let row = e / sizes.y;
  return load_preMapping(row) * load_cotangent((row / ${count.n}) * sizes.y + e % sizes.y);
}`;
  const inputs = [{ name: 'preMapping', dtype: 'f32', as: 'items' }, { name: 'cotangent', dtype, as: 'items' }] as const;
  return {
    passes: [sums, elementwise({ label: `${label}, gradient of the streams`, inputs, output: { name: 'streamsGradient', dtype }, perToken: n * channels, outputs: `${count.n} * sizes.y`, element, buffers: [pre, cotangent, streamsGradient] })],
  };
}

/** ⟨x_i, g⟩ of streams [B,n,C] and cotangent [B,C] into dots [B,n]; where channels fill 16 bytes w_i·g with weights [B,n] into a gradient [B,n,C] as well, if that is wanted. */
export function streamDotsPass(
  { n, channels, dtype }: PartSizes, label: string, [streams, cotangent, dots]: readonly [streams: string, cotangent: string, dots: string], weighted?: { readonly weights: string; readonly gradient: string },
): PlanPass {
  const count = streamCount(n);
  const { full, width, halves, as, lanes, type } = lanesOf(channels, dtype);
  const threads = threadsFor(lanes);
  const product = full ? each(halves, (h) => `dot(g[${h}], x[${h}])`, ' + ') : 'g * x';
  const scaled = `array<vec4f, ${halves}>(${each(halves, (h) => `w * g[${h}]`, ', ')})`;
  const code = /* wgsl */ `
${bindings([
    ...(weighted === undefined ? [] : [{ name: 'preMapping', dtype: 'f32', as: 'items' } as const]),
    { name: 'streams', dtype, as },
    { name: 'cotangent', dtype, as },
    { name: 'preGradient', dtype: 'f32', as: 'items', writable: true },
    ...(weighted === undefined ? [] : [{ name: 'streamsGradient', dtype, as, writable: true } as const]),
  ])}
var<private> token: u32;
${treeReduction(threads, count.most, (k, value) => `preGradient[token * ${count.n} + ${k}] = ${value};`)}
${entry(threads, /* wgsl */ `
  if (group >= sizes.x) { return; }
  token = group;
  let lanes = sizes.y / ${width}u;
  for (var at = lane; at < lanes; at += ${threads}u) {
    let g: ${type} = load_cotangent(token * lanes + at);
    for (var i = 0u; i < ${count.n}; i++) {
      let row = (token * ${count.n} + i) * lanes + at;
      let x: ${type} = load_streams(row);
      acc[i] += ${product};
${weighted === undefined ? '' : `      let w = load_preMapping(token * ${count.n} + i);\n      store_streamsGradient(row, ${scaled});`}
    }
  }
  reduce(lane, ${count.n});`)}`;
  const buffers = weighted === undefined ? [streams, cotangent, dots] : [weighted.weights, streams, cotangent, dots, weighted.gradient];
  return { label, code, buffers, groups: (tokens) => tokens };
}
