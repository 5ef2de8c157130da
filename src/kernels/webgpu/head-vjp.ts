/**
 * The collapse backwards, everything recomputed from the inputs: the projection again, ∂mix_i = ⟨x_i, g⟩ by a workgroup for each token, one thread a token back through gates and norm, then
 *
 *   ∂x = mix_i·g + φᵀ·∂m + ρ·x, a thread for each element; ρ = ∂r·(∂r/∂s)·2
 *   ∂φ = Σ ∂m·xᵀ, ∂b = Σ ∂z, ∂α = Σ ∂z·r·m: sums over the tokens (blocks.ts)
 *
 * Reads the streams four times and writes their gradient; 4n multiply-adds for each of their elements, half of them for ∂φ, of which it writes and reads a matrix [n, n·C] for each 128 tokens.
 */
import type { TensorFloat } from '../../operations/calculus/tf32.ts';
import type { HeadDialect } from '../../operations/layers/dialect.ts';
import { blockSums, sumsByBlocks } from './blocks.ts';
import { elementwise } from './elementwise.ts';
import { headProjectionParts, headRows, mixOf, type HeadNames } from './head.ts';
import { coefficientPieces } from './mappings.ts';
import { perBlock, perToken, type Part, type PartSizes } from './part.ts';
import type { PlanPass } from './plan.ts';
import { operandFunction } from './projection.ts';
import { streamDotsPass } from './stream-read.ts';
import { bindings, entry, streamCount, type Shaped } from './wgsl.ts';

/** ∂b and ∂α of a block, and zeros: 256 bytes, so that each block is where a binding may begin. */
const padded = 64;
const item = (name: string, writable = false): Shaped => ({ name, dtype: 'f32', as: 'items', writable });

/** Streams, parameters and the cotangent [B,C] of `collapsed` → the gradient of each. */
export function headVjpParts(sizes: PartSizes, dialect: HeadDialect, names: HeadNames, cotangent: string, gradients: HeadNames): readonly Part[] {
  const { n, channels, dtype } = sizes;
  const { parts, matrix, rounding } = headProjectionParts(sizes, dialect, names);
  const text = streamCount(n);
  const width = n * channels;
  const perStream = dialect.norm === 'per-stream';
  const { places, elements } = backPlaces(n, perStream);
  const groupOf = perStream ? 'k / sizes.y' : '0u';
  const streams: Shaped = { name: 'streams', dtype, as: 'items' };
  const ofStreams = elementwise({
    label: 'head-vjp: gradient of the streams',
    inputs: [streams, { name: 'cotangent', dtype, as: 'items' }, item('projection'), item('back')],
    output: { name: 'streamsGradient', dtype },
    perToken: width,
    outputs: `${text.n} * sizes.y`,
    element: /* wgsl */ `${places}
fn element(e: u32) -> f32 {
  let width = ${text.n} * sizes.y;
  let token = e / width;
  let k = e % width;
  var sum = load_back(place_of_mix(token) + k / sizes.y) * load_cotangent(token * sizes.y + k % sizes.y);
  for (var j = 0u; j < ${text.n}; j++) { sum += load_back(place_of_m(token, ${groupOf}) + j) * load_projection(j * width + k); }
  return sum + load_back(place_of_radial(token, ${groupOf})) * load_streams(e);
}`,
    buffers: [names.streams, cotangent, matrix, 'headBack', gradients.streams],
  });
  const ofProjection = sumsByBlocks({
    label: 'head-vjp: gradient of the projection',
    inputs: [streams, item('back')],
    elements: n * width,
    total: `${text.n} * ${text.n} * sizes.y`,
    functions: /* wgsl */ `${places}
${operandFunction(rounding)}
fn product(token: u32, e: u32) -> f32 {
  let width = ${text.n} * sizes.y;
  let k = e % width;
  return load_back(place_of_m(token, ${groupOf}) + e / width) * operand(load_streams(token * width + k));
}`,
    term: 'product(token, e)',
    buffers: [names.streams, 'headBack', 'headPartialProjection'],
  });
  const ofSums = sumsByBlocks({
    label: 'head-vjp: gradients of biases and scale',
    inputs: [item('back')],
    elements: padded,
    total: `${padded}u`,
    functions: /* wgsl */ `${places}
fn own(token: u32, e: u32) -> f32 {
  if (e > ${text.n}) { return 0.0; }
  return load_back(place_of_z(token) + e);
}`,
    term: 'own(token, e)',
    buffers: ['headBack', 'headPartialSums'],
  });
  return [
    ...parts,
    {
      scratch: {
        headDots: perToken('scratch', n), headBack: perToken('scratch', elements),
        headPartialProjection: perBlock(n * width), headPartialSums: perBlock(padded),
      },
      passes: [
        streamDotsPass(sizes, `head-vjp, n = ${n}: gradient of the mixes`, [names.streams, cotangent, 'headDots']),
        backPass(sizes, dialect, names, rounding),
        ofStreams, ofProjection, ofSums,
        blockSums(n * width, `(${text.n} * ${text.n} * sizes.y)`, 'headPartialProjection', gradients.projection),
        blockSums(n, text.n, 'headPartialSums', gradients.biases, `${padded}u`),
        blockSums(1, '1u', 'headPartialSums', gradients.scale, `${padded}u`, text.n),
      ],
    },
  ];
}

/** What a token has in `headBack`: ∂z, and next to it Σ ∂z·r·m, the mixes, ∂m of each group, ρ of each group. */
function backPlaces(streams: number, perStream: boolean): { readonly places: string; readonly elements: number } {
  const { n } = streamCount(streams);
  const groups = perStream ? n : '1u';
  const counted = perStream ? streams : 1;
  return {
    elements: streams * (2 + counted) + 1 + counted,
    places: /* wgsl */ `
fn place_of_z(token: u32) -> u32 { return token * (${n} * (2u + ${groups}) + 1u + ${groups}); }
fn place_of_product(token: u32) -> u32 { return place_of_z(token) + ${n}; }
fn place_of_mix(token: u32) -> u32 { return place_of_z(token) + ${n} + 1u; }
fn place_of_m(token: u32, g: u32) -> u32 { return place_of_z(token) + ${n} * (2u + g) + 1u; }
fn place_of_radial(token: u32, g: u32) -> u32 { return place_of_z(token) + ${n} * (2u + ${groups}) + 1u + g; }`,
  };
}

/** A thread takes a token back from ∂mix to the projection. */
function backPass({ n }: PartSizes, dialect: HeadDialect, names: HeadNames, rounding: TensorFloat | undefined): PlanPass {
  const text = streamCount(n);
  const perStream = dialect.norm === 'per-stream';
  const perGroup = perStream ? 'f32(sizes.y)' : `f32(${text.n} * sizes.y)`;
  const slope = dialect.rmsEpsilonPlace === 'inside' ? `-((r * r) * r) / ${perGroup}` : `-(r * r) / (sqrt(mean_of(item, g)) * ${perGroup})`;
  const code = /* wgsl */ `
${bindings([item('sums'), item('scales'), item('biases'), item('dots'), item('back', true)])}
${coefficientPieces(dialect, n, headRows)}
${backPlaces(n, perStream).places}
${operandFunction(rounding)}
${entry(64, /* wgsl */ `
  if (item >= sizes.x) { return; }
  let n = ${text.n};
  roots_of(item);
  var product = 0.0;
  for (var i = 0u; i < n; i++) {
    let p = sigmoid(logit(item, i, 0u));
    let z = load_dots(item * n + i) * (p * (1.0 - p));
    back[place_of_z(item) + i] = z;
    product += z * normalised(item, i);
    back[place_of_mix(item) + i] = ${mixOf('p', dialect)};
  }
  back[place_of_product(item)] = product;
  for (var g = 0u; g < ${perStream ? 'n' : '1u'}; g++) {
    let r = roots[g];
    var root = 0.0;
    for (var j = 0u; j < n; j++) {
      let t = load_scales(0u) * back[place_of_z(item) + j];
      root += t * product_of(item, g, j);
      back[place_of_m(item, g) + j] = operand(r * t);
    }
    back[place_of_radial(item, g)] = ${dialect.norm === 'none' ? '0.0' : `root * (${slope})`};
  }`)}`;
  return { label: `head-vjp, n = ${n}: a token back`, code, buffers: ['headSums', names.scale, names.biases, 'headDots', 'headBack'], groups: (tokens) => Math.ceil(tokens / 64) };
}
