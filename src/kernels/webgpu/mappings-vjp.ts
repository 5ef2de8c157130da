/**
 * The derivative of the mappings, everything recomputed from the inputs: the projection again, one thread a token back through Sinkhorn, gates and norm, then
 *
 *   ∂x = (w∘φ)ᵀ·∂m + ρ·x, a thread for each element; ρ = ∂r·(∂r/∂s)·2
 *   ∂φ = Σ ∂m·(w∘x)ᵀ, ∂w = Σ x∘(φᵀ·∂m), ∂b = Σ ∂z, ∂α = Σ ∂z·r·m: sums over the tokens
 *
 * Reads the streams three times and writes their gradient; 3·(n² + 2n) multiply-adds for each element of the streams. A sum over tokens is taken in blocks of 128 tokens, in order, then over the
 * blocks, in order: no atomics, the same bits on every call.
 */
import { sinkhornOf, type MappingsVjpDialect } from '../../operations/mappings/dialect.ts';
import { blockSums, sumsByBlocks } from './blocks.ts';
import { elementwise } from './elementwise.ts';
import { coefficientCount, coefficientParts, coefficientPieces, projectionOf, type CoefficientParts, type MappingParameters } from './mappings.ts';
import { isVjpInFours, projectionGradientPass, streamsGradientPass } from './mappings-vjp-four.ts';
import { perBlock, perCall, perToken, type Part, type PartSizes } from './part.ts';
import { tokensPerBlock } from './plan.ts';
import { operandFunction } from './projection.ts';
import { isForFour } from './sinkhorn-four.ts';
import { vjpPieces } from './sinkhorn-vjp.ts';
import { bindings, entry, literal, streamCount } from './wgsl.ts';

const item = (name: string): { name: string; dtype: 'f32'; as: 'items' } => ({ name, dtype: 'f32', as: 'items' });
const output = (name: string): { name: string; dtype: 'f32'; as: 'items'; writable: true } => ({ name, dtype: 'f32', as: 'items', writable: true });

/** `unrolled` where no derivative is named. */
type BackDialect = Omit<MappingsVjpDialect, 'derivative'> & Partial<Pick<MappingsVjpDialect, 'derivative'>>;

export interface MappingGradients {
  readonly streams: string;
  readonly projection: string;
  readonly scales: string;
  readonly biases: string;
  /** Written only where the dialect has a norm weight; zero otherwise. */
  readonly normWeight: string;
}

type Cotangents = readonly [pre: string, post: string, residual: string];

/** Streams, parameters and the cotangents of the mappings → the gradient of each input. */
export function mappingsVjpParts(sizes: PartSizes, dialect: BackDialect, names: MappingParameters, cotangents: Cotangents, gradients: MappingGradients): readonly Part[] {
  const coefficients = coefficientParts(sizes, dialect, names);
  return [...coefficients.fold, coefficients.project, ...mappingsBackParts(sizes, dialect, names, coefficients, cotangents, gradients)];
}

export interface BackOptions {
  /** Gradients of the streams from elsewhere, stored as the streams are, to which this one is added. */
  readonly added?: readonly string[];
  /** Sublayers whose gradients there are in one tensor. Default 1. */
  readonly layers?: number;
}

/** The same from the sums of a projection that has run, with its matrix. */
export function mappingsBackParts(
  sizes: PartSizes, dialect: BackDialect, names: MappingParameters, { sums, matrix }: Pick<CoefficientParts, 'sums' | 'matrix'>, cotangents: Cotangents, gradients: MappingGradients, { added = [], layers = 1 }: BackOptions = {},
): readonly Part[] {
  const { n, channels, dtype } = sizes;
  const count = coefficientCount(n);
  const width = n * channels;
  const groups = dialect.norm === 'per-stream' ? n : 1;
  const text = streamCount(n);
  const { rounding } = projectionOf(n, dialect, names.normWeight);
  const counted = `(${text.n} * (${text.n} + 2u))`;
  const grouped = dialect.norm === 'per-stream' ? text.n : '1u';
  const groupOf = dialect.norm === 'per-stream' ? 'k / sizes.y' : '0u';
  const back = 'back';
  /** In `back`: ∂z, ∂z·r·m, ∂m of each group, ρ of each group. */
  const stride = `(${counted} * (2u + ${grouped}) + ${grouped})`;
  const place = /* wgsl */ `
const block_tokens = ${tokensPerBlock}u;
fn place_of_m(token: u32, g: u32) -> u32 { return token * ${stride} + ${counted} * (2u + g); }
fn place_of_radial(token: u32, g: u32) -> u32 { return token * ${stride} + ${counted} * (2u + ${grouped}) + g; }`;
  const weighted = dialect.normWeight;
  const backPart: Part = {
    scratch: { [back]: perToken('scratch', count * (2 + groups) + groups) },
    passes: [{ label: `mappings-vjp, n = ${n}: a token back`, code: backShader(sizes, dialect, place, stride), buffers: [sums, names.scales, names.biases, ...cotangents, back], groups: (tokens) => Math.ceil(tokens / 64) }],
  };
  const inFours = isVjpInFours(n, channels, dialect.norm === 'per-stream');
  const ofStreams = inFours ? streamsGradientPass(dtype, channels, { place, back }, added, [names.streams, matrix, gradients.streams]) : elementwise({
    label: 'mappings-vjp: gradient of the streams',
    inputs: [{ name: 'streams', dtype, as: 'items' }, item('projection'), item('back'), ...added.map((_, k) => ({ name: `added${k}`, dtype, as: 'items' }) as const)],
    output: { name: 'streamsGradient', dtype },
    perToken: width,
    outputs: `${text.n} * sizes.y`,
    element: /* wgsl */ `${place}
fn element(e: u32) -> f32 {
  let width = ${text.n} * sizes.y;
  let token = e / width;
  let k = e % width;
  let g = ${groupOf};
  var sum = 0.0;
  for (var j = 0u; j < ${counted}; j++) { sum += load_back(place_of_m(token, g) + j) * load_projection(j * width + k); }
  let own = sum + load_back(place_of_radial(token, g)) * load_streams(e);
  return ${added.length === 0 ? 'own' : `(${added.map((_, k) => `load_added${k}(e)`).join(' + ')}) + own`};
}`,
    buffers: [names.streams, matrix, back, ...added, gradients.streams],
  });
  const [partial, partialWeight, partialSums, products] = ['partialProjection', 'partialWeight', 'partialSums', 'scaleProducts'] as const;
  const streams = { name: 'streams', dtype, as: 'items' } as const;
  const ofProjection = inFours ? projectionGradientPass(dtype, channels, { place, back }, operandFunction(rounding), weighted ? names.normWeight : undefined, [names.streams, partial]) : sumsByBlocks({
    label: 'mappings-vjp: gradient of the projection',
    inputs: [streams, item('back'), ...(weighted ? [item('weight')] : [])],
    elements: count * width,
    total: `${counted} * ${text.n} * sizes.y`,
    functions: /* wgsl */ `${place}
${operandFunction(rounding)}
fn product(token: u32, e: u32) -> f32 {
  let width = ${text.n} * sizes.y;
  let k = e % width;
  return load_back(place_of_m(token, ${groupOf}) + e / width) * operand(load_streams(token * width + k)${weighted ? ' * load_weight(sizes.layer * width + k)' : ''});
}`,
    term: 'product(token, e)',
    buffers: [names.streams, back, ...(weighted ? [names.normWeight] : []), partial],
  });
  const ofWeight = sumsByBlocks({
    label: 'mappings-vjp: gradient of the norm weight',
    inputs: [streams, item('back'), item('projection')],
    elements: width,
    total: `${text.n} * sizes.y`,
    functions: /* wgsl */ `${place}
fn product(token: u32, k: u32) -> f32 {
  let width = ${text.n} * sizes.y;
  var through = 0.0;
  for (var j = 0u; j < ${counted}; j++) { through += load_back(place_of_m(token, ${groupOf}) + j) * load_projection((sizes.layer * ${counted} + j) * width + k); }
  return load_streams(token * width + k) * through;
}`,
    term: 'product(token, e)',
    buffers: [names.streams, back, names.projection, partialWeight],
  });
  const ofSums = sumsByBlocks({
    label: 'mappings-vjp: gradients of biases and scales', inputs: [item('back')], elements: 2 * count, total: `2u * ${counted}`, term: `load_back(token * ${stride} + e)`, buffers: [back, partialSums],
  });
  const last: Part = {
    passes: [
      blockSums(count * width, `(${counted} * ${text.n} * sizes.y)`, partial, gradients.projection),
      ...(weighted ? [blockSums(width, `(${text.n} * sizes.y)`, partialWeight, gradients.normWeight)] : []),
      blockSums(count, counted, partialSums, gradients.biases, `(2u * ${counted})`),
      blockSums(count, counted, partialSums, products, `(2u * ${counted})`, counted),
      {
        label: 'gradients of the scales', buffers: [products, gradients.scales], groups: () => 1, // after each part, those of all parts so far
        code: /* wgsl */ `
${bindings([item('products'), output('result')])}
${entry(64, /* wgsl */ `
  if (item >= 3u) { return; }
  let count = ${counted};
  var sum = 0.0;
  for (var j = select(item * ${text.n}, 2u * ${text.n}, item == 2u); j < select((item + 1u) * ${text.n}, count, item == 2u); j++) { sum += load_products(sizes.layer * count + j); }
  result[3u * sizes.layer + item] = sum;`)}`,
      },
    ],
  };
  const blocks: Part = {
    scratch: { [partial]: perBlock(count * width), [partialSums]: perBlock(2 * count), [products]: perCall('scratch', layers * count), ...(weighted ? { [partialWeight]: perBlock(width) } : {}) },
    passes: [ofProjection, ...(weighted ? [ofWeight] : []), ofSums],
  };
  return [backPart, { passes: [ofStreams] }, blocks, last];
}

function backShader(sizes: PartSizes, dialect: BackDialect, place: string, stride: string): string {
  const sinkhorn = { ...sinkhornOf(dialect), derivative: dialect.derivative ?? ('unrolled' as const) };
  // a software GPU takes many seconds to unroll what is not for four: there n is read from the uniform, and only arrays know it
  const text = isForFour(sinkhorn) && sinkhorn.derivative === 'unrolled' ? streamCount(sizes.n) : { n: 'sizes.n', most: streamCount(sizes.n).most };
  const counted = `(${text.n} * (${text.n} + 2u))`;
  const grouped = dialect.norm === 'per-stream' ? text.n : '1u';
  const perGroup = dialect.norm === 'per-stream' ? 'f32(sizes.y)' : `f32(${text.n} * sizes.y)`;
  const slope = dialect.rmsEpsilonPlace === 'inside' ? `-((r * r) * r) / ${perGroup}` : `-(r * r) / (sqrt(mean_of(item, g)) * ${perGroup})`;
  return /* wgsl */ `
${bindings([item('sums'), item('scales'), item('biases'), item('preCotangent'), item('postCotangent'), item('residualCotangent'), output('back')])}
${vjpPieces(sinkhorn, text)}
${coefficientPieces(dialect, sizes.n)}
${place}
${operandFunction(projectionOf(sizes.n, dialect, '').rounding)}
fn scale_of(j: u32) -> f32 { return load_scales(3u * sizes.layer + select(select(0u, 1u, j >= ${text.n}), 2u, j >= 2u * ${text.n})); }
fn store_z(token: u32, j: u32, z: f32) {
  back[token * ${stride} + j] = z;
  back[token * ${stride} + ${counted} + j] = z * normalised(token, j);
}
${entry(64, /* wgsl */ `
  if (item >= sizes.x) { return; }
  let n = ${text.n};
  roots_of(item);
  for (var i = 0u; i < n; i++) {
    let p = sigmoid(logit(item, i, 0u));
    store_z(item, i, load_preCotangent(item * n + i) * (p * (1.0 - p)));
    let q = sigmoid(logit(item, n + i, 1u));
    store_z(item, n + i, (${literal(dialect.postMultiplier)} * load_postCotangent(item * n + i)) * (q * (1.0 - q)));
  }
  for (var i = 0u; i < n * n; i++) {
    start[i] = logit(item, 2u * n + i, 2u);
    h[i] = load_residualCotangent(item * n * n + i);
  }
  forward();
  backward();
  for (var i = 0u; i < n * n; i++) { store_z(item, 2u * n + i, h[i]); }
  for (var g = 0u; g < ${grouped}; g++) {
    let r = roots[g];
    var root = 0.0;
    for (var j = 0u; j < ${counted}; j++) {
      let t = scale_of(j) * back[item * ${stride} + j];
      root += t * product_of(item, g, j);
      back[place_of_m(item, g) + j] = operand(r * t);
    }
    back[place_of_radial(item, g)] = ${dialect.norm === 'none' ? '0.0' : `root * (${slope})`};
  }`)}`;
}
