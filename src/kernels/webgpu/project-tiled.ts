/**
 * The projection of project.ts for n = 4 in tiles: a workgroup has 64 tokens, all 24 rows of the matrix and 4096 columns. Eight threads have four tokens: each takes every eighth 16 bytes of f32 (8 of bf16) and holds 4 · 24
 * products and four sums of squares in registers; a chunk of 64 columns of the matrix is in workgroup memory while the next is on its way: 16 KiB in all, which every device has. Then the eight are added, in order, and a second pass adds the slices of columns, in
 * order. What a token gets depends on the columns alone.
 *
 * Reads n·C elements a token, and the matrix once for 64 tokens; 25 multiply-adds for each element. At 33·10¹² of them a second those take 0.20 ms for 16,384 tokens of 16,384 columns on an H200, which reads them in 0.25 ms
 * (f32) and 0.13 ms (bf16) at the rate of its copy: with bf16 no f32 arithmetic gets beyond 64 % of it.
 *
 * There are two forms with the same bits: with loops, which a software GPU compiles in seconds instead of minutes, and written out, which has its sums in registers (4 times as fast on an H200).
 */
import { perToken, type Part, type PartSizes } from './part.ts';
import { operandFunction, type Projection } from './projection.ts';
import { bindings, each, entry } from './wgsl.ts';

const workgroup = 128;
const [tokensEach, across, rows] = [4, 8, 24] as const;
const tokensTogether = (workgroup / across) * tokensEach;
/** Columns of a slice, of a chunk in workgroup memory, and of one step of eight threads. */
const [sliceColumns, chunkColumns, stepColumns] = [4096, 64, 4 * across] as const;
const [chunkFours, stepFours, steps] = [chunkColumns / 4, stepColumns / 4, chunkColumns / stepColumns] as const;
/** Steps that streams are read ahead. */
const ahead = 2;
/** Sums of a thread, and those that are added at once. */
const [sums, together] = [tokensEach * (rows + 1), 6] as const;
const padded = across + 1; // in workgroup memory, so that no two threads want the same bank

/** Whether these sizes have whole chunks and the 24 rows of n = 4. */
export function isTiled({ n, channels }: PartSizes, { count, perStream }: Projection): boolean {
  return n === 4 && count === rows && (perStream ? channels : 4 * channels) % chunkColumns === 0;
}

/** streams [B,n,C], matrix [24,nC] → sums [B, groups, 25]: the products of each group, and its sum of squares. */
export function projectTiledPart({ channels, dtype }: PartSizes, { perStream, rounding }: Projection, streams: string, matrix: string, sumsName: string): Part {
  const groups = perStream ? 4 : 1;
  const slices = Math.ceil((4 * channels) / groups / sliceColumns);
  const rounds = rounding !== undefined && rounding !== 'any' && dtype === 'f32'; // bf16 is exact in TF32
  const head = /* wgsl */ `
${bindings([{ name: 'streams', dtype, as: 'fours' }, { name: 'projection', dtype: 'f32', as: 'fours' }, { name: 'sums', dtype: 'f32', as: 'items', writable: true }])}
${rounds ? operandFunction(rounding) : ''}
fn factor(x: vec4f) -> vec4f { return ${rounds ? 'vec4f(operand(x.x), operand(x.y), operand(x.z), operand(x.w))' : 'x'}; }
// two chunks: of each four columns all rows, and a place more against bank conflicts
var<workgroup> tile: array<array<vec4f, ${rows + 1}>, ${2 * chunkFours}>;
var<workgroup> tree: array<f32, ${(together * workgroup * padded) / across}>;`;
  const body = (written: boolean): string => {
    /** A loop, or its turns one after the other: `turn` is the number of one where it is known. */
    const times = (count: number, name: string, line: (k: string, turn?: number) => string): string => (written ? each(count, (k) => line(`${k}u`, k)) : `for (var ${name} = 0u; ${name} < ${count}u; ${name}++) {\n${line(name)}\n}`);
    const matrixLoads = workgroup / chunkFours;
    const fetch = (chunk: string): string => times(rows / matrixLoads, 'i', (i) => `coming[${i}] = projection[(own_row + ${i} * ${matrixLoads}u) * row + start + (${chunk}) * ${chunkFours}u + own_four];`);
    const put = (side: string): string => times(rows / matrixLoads, 'i', (i) => `tile[(${side}) * ${chunkFours}u + own_four][own_row + ${i} * ${matrixLoads}u] = coming[${i}];`);
    const read = (slot: string): string => times(tokensEach, 't', (t) => `next[(${slot}) * ${tokensEach}u + ${t}] = streams[place[${t}] + at];`);
    // all sums of a column before the next column: neighbouring operations do not wait for each other
    const multiply = (step: string): string => `
${times(tokensEach, 't', (t) => `x[${t}] = fours_of_streams(next[(${step} % ${ahead}u) * ${tokensEach}u + ${t}]);`)}
${read(`${step} % ${ahead}u`)}
    at += ${stepFours}u;
${times(4, 'k', (k) => times(tokensEach, 't', (t) => `acc[${tokensEach * rows}u + ${t}] = fma(x[${t}][${k}], x[${t}][${k}], acc[${tokensEach * rows}u + ${t}]);`))}
${rounds ? times(tokensEach, 't', (t) => `x[${t}] = factor(x[${t}]);`) : ''}
${times(rows, 'r', (r) => `    { let p = tile[held + ${step} * ${stepFours}u + column][${r}]; ${times(4, 'k', (k) => times(tokensEach, 't', (t) => `acc[${t} * ${rows}u + ${r}] = fma(x[${t}][${k}], p[${k}], acc[${t} * ${rows}u + ${r}]);`))} }`)}`;
    return `${head}
${entry(workgroup, /* wgsl */ `
  let tiles = (sizes.x + ${tokensTogether - 1}u) / ${tokensTogether}u;
  let row = sizes.y; // fours of a row: 4·C columns
  let columns = 4u * sizes.y / ${groups}u;
  let slices = (columns + ${sliceColumns - 1}u) / ${sliceColumns}u;
  let part = group / tiles; // slice by slice: what runs at once has the same part of the matrix
  if (part >= ${groups}u * slices) { return; }
  let first_token = (group % tiles) * ${tokensTogether}u;
  let first_column = (part % slices) * ${sliceColumns}u;
  let start = ((part / slices) * columns + first_column) / 4u;
  let chunks = min(${sliceColumns}u, columns - first_column) / ${chunkColumns}u;
  let column = lane % ${across}u;
  let own_row = lane / ${chunkFours}u;
  let own_four = lane % ${chunkFours}u;
  var acc = array<f32, ${sums}>();
  var coming = array<vec4f, ${rows / matrixLoads}>();
  var next = array<${dtype === 'f32' ? 'vec4f' : 'vec2u'}, ${ahead * tokensEach}>();
  var x = array<vec4f, ${tokensEach}>();
  var place = array<u32, ${tokensEach}>();
${times(tokensEach, 't', (t) => `place[${t}] = min(first_token + (lane / ${across}u) * ${tokensEach}u + ${t}, sizes.x - 1u) * row + start + column;`)}
  var at = 0u;
${times(ahead, 'slot', (slot) => `${read(slot)}\nat += ${stepFours}u;`)}
${fetch('0u')}
${put('0u')}
  workgroupBarrier();
  for (var chunk = 0u; chunk < chunks; chunk++) {
    ${fetch('min(chunk + 1u, chunks - 1u)')}
    let held = (chunk & 1u) * ${chunkFours}u;
${times(steps, 'step', multiply)}
    ${put('(chunk + 1u) & 1u')}
    workgroupBarrier();
  }
${times(Math.ceil(sums / together), 'round', (round, its) => `
  ${times(its === undefined ? together : Math.min(together, sums - its * together), 'i', (i) => `${written ? '' : `if (${round} * ${together}u + ${i} < ${sums}u) `}{ tree[(${i} * ${workgroup / across}u + lane / ${across}u) * ${padded}u + column] = acc[${round} * ${together}u + ${i}]; }`)}
  workgroupBarrier();
  {
    let sum = ${round} * ${together}u + lane / ${workgroup / across}u;
    let unit = lane % ${workgroup / across}u;
    let is_own = lane < ${(together * workgroup) / across}u && sum < ${sums}u;
    let own = select(0u, lane, is_own) * ${padded}u;
    var value = tree[own];
    for (var q = 1u; q < ${across}u; q++) { value += tree[own + q]; }
    let is_square = sum >= ${tokensEach * rows}u;
    let token = first_token + unit * ${tokensEach}u + select(sum / ${rows}u, sum - ${tokensEach * rows}u, is_square);
    if (is_own && token < sizes.x) { sums[(token * ${groups}u * slices + part) * ${rows + 1}u + select(sum % ${rows}u, ${rows}u, is_square)] = value; }
  }
  workgroupBarrier();`)}`)}`;
  };
  const sliced = slices === 1 ? sumsName : 'sumsOfSlices';
  const added = groups * (rows + 1);
  const addSlices = /* wgsl */ `
${bindings([{ name: 'sliced', dtype: 'f32', as: 'items' }, { name: 'sums', dtype: 'f32', as: 'items', writable: true }])}
${entry(64, /* wgsl */ `
  if (item >= sizes.x * ${added}u) { return; }
  let slices = (4u * sizes.y / ${groups}u + ${sliceColumns - 1}u) / ${sliceColumns}u;
  let first = (item / ${rows + 1}u) * slices * ${rows + 1}u + item % ${rows + 1}u;
  var sum = load_sliced(first);
  for (var s = 1u; s < slices; s++) { sum += load_sliced(first + s * ${rows + 1}u); }
  sums[item] = sum;`)}`;
  return {
    scratch: { [sumsName]: perToken('scratch', added), ...(slices === 1 ? {} : { [sliced]: perToken('scratch', slices * added) }) },
    passes: [
      { label: 'projection in tiles, n = 4', code: body(false), codeWrittenOut: body(true), buffers: [streams, matrix, sliced], groups: (tokens) => Math.ceil(tokens / tokensTogether) * groups * slices },
      ...(slices === 1 ? [] : [{ label: 'projection: slices of columns', code: addSlices, buffers: [sliced, sumsName], groups: (tokens: number) => Math.ceil((tokens * added) / 64) }]),
    ],
  };
}
