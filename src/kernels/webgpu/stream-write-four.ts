/**
 * stream-write for n = 4 and its derivative, channels in whole lanes of 16 bytes: stream-write.ts with everything in registers, and mappings read as rows. (A thread that reads 20 single weights, and arrays that a
 * loop runs over, took 1.3 and 1.25 times as long on an H200.) 64 threads a token in the derivative: with more, each has too little to do before the 20 trees.
 */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import type { Part, PartSizes } from './part.ts';
import type { WriteGradients, WriteNames } from './stream-write.ts';
import { bindings, each, elementsPerLane, entry, type Shaped } from './wgsl.ts';

const workgroup = 128;
const four = [0, 1, 2, 3] as const;
const sums = 20;
const mappings: readonly Shaped[] = [{ name: 'residualMapping', dtype: 'f32', as: 'lanes' }, { name: 'postMapping', dtype: 'f32', as: 'lanes' }];

/** WGSL: the rows of a token's mapping as e0 … e3, and p. */
const weights = `${four.map((row) => `  let e${row} = load_residualMapping(token * 4u + ${row}u)[0];`).join('\n')}\n  let p = load_postMapping(token)[0];`;

/** E_ij, which is H or Hᵀ. */
function entryOf({ orientation }: MixingDialect, i: number, j: number): string {
  return orientation === 'plain' ? `e${i}[${j}]` : `e${j}[${i}]`;
}

/** The weighted sum of four, in the order and with the roundings of stream-write.ts. */
function weighted(weight: (k: number) => string, value: (k: number) => string): string {
  return [1, 2, 3].reduce((sum, k) => `fma(vec4f(${weight(k)}), ${value(k)}, ${sum})`, `${weight(0)} * ${value(0)}`);
}

export function streamWriteFour({ channels, dtype }: PartSizes, dialect: MixingDialect, names: WriteNames, nextStreams: string): Part {
  const width = elementsPerLane[dtype];
  const halves = width / 4;
  const next = (i: number, h: number): string => `fma(vec4f(p[${i}]), y[${h}], ${weighted((j) => entryOf(dialect, i, j), (j) => `x${j}[${h}]`)})`;
  const code = /* wgsl */ `
${bindings([...mappings, { name: 'streams', dtype, as: 'lanes' }, { name: 'layerOutput', dtype, as: 'lanes' }, { name: 'nextStreams', dtype, as: 'lanes', writable: true }])}
${entry(workgroup, /* wgsl */ `
  let lanes = sizes.y / ${width}u;
  let token = item / lanes;
  if (token >= sizes.x) { return; }
  let at = token * 4u * lanes + item % lanes;
${four.map((j) => `  let x${j} = load_streams(at + ${j}u * lanes);`).join('\n')}
  let y = load_layerOutput(item);
${weights}
${four.map((i) => `  store_nextStreams(at + ${i}u * lanes, array<vec4f, ${halves}>(${each(halves, (h) => next(i, h), ', ')}));`).join('\n')}`)}`;
  const buffers = [names.residualMapping, names.postMapping, names.streams, names.layerOutput, nextStreams];
  return { passes: [{ label: 'stream-write, n = 4', code, buffers, groups: (tokens) => Math.ceil((tokens * channels) / width / workgroup) }] };
}

export function streamWriteVjpFour({ channels, dtype }: PartSizes, dialect: MixingDialect, names: WriteNames, cotangent: string, gradients: WriteGradients): Part {
  const width = elementsPerLane[dtype];
  const halves = width / 4;
  const threads = channels / width <= 32 ? 32 : 64;
  const through = (weight: (i: number) => string): string => `array<vec4f, ${halves}>(${each(halves, (h) => weighted(weight, (i) => `g${i}[${h}]`), ', ')})`;
  const dot = (a: string, b: string): string => each(halves, (h) => `dot(${a}[${h}], ${b}[${h}])`, ' + ');
  const code = /* wgsl */ `
${bindings([
    ...mappings, { name: 'streams', dtype, as: 'lanes' }, { name: 'layerOutput', dtype, as: 'lanes' }, { name: 'cotangent', dtype, as: 'lanes' },
    { name: 'mappingGradient', dtype: 'f32', as: 'items', writable: true }, { name: 'postGradient', dtype: 'f32', as: 'items', writable: true },
    { name: 'streamsGradient', dtype, as: 'lanes', writable: true }, { name: 'outputGradient', dtype, as: 'lanes', writable: true },
  ])}
var<workgroup> tree: array<f32, ${sums * threads}>; // of each sum one number a thread
fn write_sum(token: u32, k: u32, value: f32) {
  if (k >= 16u) { postGradient[token * 4u + k - 16u] = value; return; }
  mappingGradient[token * 16u + ${dialect.orientation === 'plain' ? 'k' : '(k % 4u) * 4u + k / 4u'}] = value;
}
${entry(threads, /* wgsl */ `
  if (group >= sizes.x) { return; }
  let token = group;
  let lanes = sizes.y / ${width}u;
${weights}
${four.map((i) => `  ${four.map((j) => `var a${i}${j} = 0.0;`).join(' ')} var b${i} = 0.0;`).join('\n')}
  for (var at = lane; at < lanes; at += ${threads}u) {
${four.map((i) => `    let g${i} = load_cotangent((token * 4u + ${i}u) * lanes + at);`).join('\n')}
${four.map((j) => `    let x${j} = load_streams((token * 4u + ${j}u) * lanes + at);`).join('\n')}
    let y = load_layerOutput(token * lanes + at);
${four.map((j) => `    store_streamsGradient((token * 4u + ${j}u) * lanes + at, ${through((i) => entryOf(dialect, i, j))});`).join('\n')}
    store_outputGradient(token * lanes + at, ${through((i) => `p[${i}]`)});
${four.map((i) => `${four.map((j) => `    a${i}${j} += ${dot(`g${i}`, `x${j}`)};`).join('\n')}\n    b${i} += ${dot(`g${i}`, 'y')};`).join('\n')}
  }
${four.map((i) => `  ${four.map((j) => `tree[${(4 * i + j) * threads}u + lane] = a${i}${j};`).join(' ')} tree[${(16 + i) * threads}u + lane] = b${i};`).join('\n')}
  workgroupBarrier();
  for (var half = ${threads / 2}u; half > 0u; half >>= 1u) {
    for (var k = lane; k < ${sums}u * half; k += ${threads}u) {
      let at = (k / half) * ${threads}u + k % half;
      tree[at] += tree[at + half];
    }
    workgroupBarrier();
  }
  if (lane < ${sums}u) { write_sum(token, lane, tree[lane * ${threads}u]); }`)}`;
  const buffers = [names.residualMapping, names.postMapping, names.streams, names.layerOutput, cotangent, gradients.residualMapping, gradients.postMapping, gradients.streams, gradients.layerOutput];
  return { passes: [{ label: 'stream-write-vjp, n = 4', code, buffers, groups: (tokens) => tokens }] };
}
