/**
 * The projection of project.ts for any sizes.
 *
 * Reads n·C elements a token and the matrix [count, n·C] from the caches; count multiply-adds for each element read, 24 for n = 4. A workgroup has one token, one group and up to 24 rows of the matrix,
 * and reduces over the columns by a tree.
 */
import { perToken, type Part, type PartSizes } from './part.ts';
import { operandFunction, type Projection } from './projection.ts';
import { threadsFor, treeReduction } from './reduction.ts';
import { bindings, each, entry, lanesOf, streamCount } from './wgsl.ts';

/** Rows of the matrix that a workgroup takes. */
const rowsTogether = 24;

/** streams [B,n,C], matrix [count,nC] → sums [B, groups, count + 1]: the products of each group, and its sum of squares. */
export function projectByTokens({ n, channels, dtype }: PartSizes, projection: Projection, streams: string, matrix: string, sums: string): Part {
  const { perStream, rounding, countOf } = projection;
  const n4 = streamCount(n);
  const { full, width, halves, as } = lanesOf(channels, dtype);
  const groups = perStream ? n : 1;
  const lanes = ((n * channels) / groups / width) | 0;
  const threads = threadsFor(lanes);
  const blocks = Math.ceil(projection.count / rowsTogether);
  const rounds = rounding !== undefined && rounding !== 'any' && dtype === 'f32'; // bf16 is exact in TF32
  const vector = (h: number): string => (rounds ? `vec4f(operand(x[${h}].x), operand(x[${h}].y), operand(x[${h}].z), operand(x[${h}].w))` : `x[${h}]`);
  const count = countOf(n4.n);
  const code = /* wgsl */ `
${bindings([{ name: 'streams', dtype, as }, { name: 'projection', dtype: 'f32', as }, { name: 'sums', dtype: 'f32', as: 'items', writable: true }])}
${rounds ? operandFunction(rounding) : ''}
var<private> rows: u32;
var<private> place_of_sums: u32;
var<private> squares: u32; // 1 where this workgroup has the sum of squares, after its products
${treeReduction(threads, rowsTogether + 1, (k, value) => `sums[select(place_of_sums + ${k}, place_of_sums + ${count}, ${k} == rows)] = ${value};`)}
${entry(threads, /* wgsl */ `
  let count = ${count};
  let blocks = (count + ${rowsTogether - 1}u) / ${rowsTogether}u;
  let groups = ${perStream ? n4.n : '1u'};
  let token = group / (blocks * groups);
  if (token >= sizes.x) { return; }
  let part = (group / blocks) % groups;
  let block = group % blocks;
  let first_row = block * ${rowsTogether}u;
  rows = min(${rowsTogether}u, count - first_row);
  squares = select(0u, 1u, block == 0u);
  // with squares the block is the first, so their place is \`count\` from it
  place_of_sums = (token * groups + part) * (count + 1u) + first_row;
  let row_lanes = ${n4.n} * sizes.y / ${width}u; // of the matrix and of a token
  let lanes = row_lanes / groups;
  for (var at = part * lanes + lane; at < (part + 1u) * lanes; at += ${threads}u) {
    let x = load_streams(token * row_lanes + at);
${full ? each(halves, (h) => `    let x${h} = ${vector(h)};`) : `    let x0 = ${rounds ? 'operand(x)' : 'x'};`}
    for (var j = 0u; j < rows; j++) {
      let row = ((first_row + j) * row_lanes + at) * ${halves}u;
      acc[j] += ${each(halves, (h) => (full ? `dot(x${h}, projection[row + ${h}u])` : `x0 * projection[row]`), ' + ')};
    }
    if (squares == 1u) { acc[rows] += ${full ? each(halves, (h) => `dot(x[${h}], x[${h}])`, ' + ') : 'x * x'}; }
  }
  reduce(lane, min(${rowsTogether}u, count - first_row) + select(0u, 1u, block == 0u));`)}`;
  return {
    scratch: { [sums]: perToken('scratch', groups * (projection.count + 1)) },
    passes: [{ label: `projection, n = ${n}`, code, buffers: [streams, matrix, sums], groups: (tokens) => tokens * groups * blocks }],
  };
}
