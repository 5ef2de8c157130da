/**
 * Two passes of mappings-vjp.ts for n = 4, one group of the norm and whole fours of channels: the gradient of the streams, ∂x = φᵀ·∂m + ρ·x, and of the projection, ∂φ = Σ ∂m·xᵀ by blocks of tokens. A thread has four columns
 * and all 24 rows of them in registers, and walks over tokens, of which ∂m is in workgroup memory: 96 multiply-adds for each 16 bytes of a token's streams and each six reads of ∂m. (An element a thread reads 24 numbers of each
 * of the two for 24 multiply-adds.)
 *
 * Reads the streams and writes their gradient, then reads them again; writes and reads a matrix for each 128 tokens.
 */
import { tokensPerBlock, type GpuDtype, type PlanPass } from './plan.ts';
import { bindings, each, entry } from './wgsl.ts';

const [workgroup, rows] = [64, 24] as const;
/** Tokens of which ∂m is held at once. */
const tokensHeld = 64;

/** What mappings-vjp.ts says of its buffer `back`: WGSL that defines place_of_m and place_of_radial. */
export interface BackPlaces {
  readonly place: string;
  readonly back: string;
}

/** ∂m of the tokens from `first_token` on, and ρ. */
const held = /* wgsl */ `
var<workgroup> held: array<array<vec4f, ${rows / 4}>, ${tokensHeld}>;
var<workgroup> radial: array<f32, ${tokensHeld}>;
fn hold(first_token: u32, lane: u32) {
  for (var i = lane; i < ${(tokensHeld * rows) / 4}u; i += ${workgroup}u) {
    let t = i / ${rows / 4}u;
    let token = min(first_token + t, sizes.x - 1u);
    let at = place_of_m(token, 0u) + 4u * (i % ${rows / 4}u);
    held[t][i % ${rows / 4}u] = vec4f(load_back(at), load_back(at + 1u), load_back(at + 2u), load_back(at + 3u));
  }
  for (var t = lane; t < ${tokensHeld}u; t += ${workgroup}u) { radial[t] = load_back(place_of_radial(min(first_token + t, sizes.x - 1u), 0u)); }
}`;

const columns = /* wgsl */ `
  let fours = sizes.y; // of a row: 4·C columns
  let across = (fours + ${workgroup - 1}u) / ${workgroup}u;
  let column = (group % across) * ${workgroup}u + lane;`;

export function isVjpInFours(n: number, channels: number, perStream: boolean): boolean {
  return n === 4 && channels % 4 === 0 && !perStream;
}

/** streams, matrix as it was multiplied with, back → gradient of the streams; `added` are gradients to which it is added. */
export function streamsGradientPass(dtype: GpuDtype, channels: number, { place, back }: BackPlaces, added: readonly string[], names: readonly [streams: string, matrix: string, gradient: string]): PlanPass {
  const [streams, matrix, gradient] = names;
  const stored = dtype === 'f32' ? 'sum' : 'vec2u(pair_of(sum.x, sum.y), pair_of(sum.z, sum.w))';
  const code = /* wgsl */ `
${bindings([{ name: 'streams', dtype, as: 'fours' }, { name: 'projection', dtype: 'f32', as: 'fours' }, { name: 'back', dtype: 'f32', as: 'items' }, ...added.map((_, k) => ({ name: `added${k}`, dtype, as: 'fours' }) as const), { name: 'gradient', dtype, as: 'fours', writable: true }])}
${place}
${held}
${entry(workgroup, /* wgsl */ `${columns}
  let first_token = (group / across) * ${tokensHeld}u;
  if (first_token >= sizes.x) { return; }
  hold(first_token, lane);
  workgroupBarrier();
  if (column >= fours) { return; }
${each(rows, (j) => `  let p${j} = projection[${j}u * fours + column];`)}
  for (var t = 0u; t < min(${tokensHeld}u, sizes.x - first_token); t++) {
    let at = (first_token + t) * fours + column;
    var sum = vec4f(0.0);
${each(rows / 4, (q) => `    let m${q} = held[t][${q}];\n${each(4, (k) => `    sum = fma(vec4f(m${q}[${k}]), p${4 * q + k}, sum);`)}`)}
    sum = fma(vec4f(radial[t]), fours_of_streams(streams[at]), sum);
${added.length === 0 ? '' : `    sum = (${added.map((_, k) => `fours_of_added${k}(added${k}[at])`).join(' + ')}) + sum;\n`}    gradient[at] = ${stored};
  }`)}`;
  return { label: 'mappings-vjp, n = 4: gradient of the streams', code, buffers: [streams, matrix, back, ...added, gradient], groups: (tokens) => Math.ceil(channels / workgroup) * Math.ceil(tokens / tokensHeld) };
}

/** streams, back, [norm weight] → partial sums over blocks of tokens. `operand` is WGSL that defines how factors are rounded. */
export function projectionGradientPass(dtype: GpuDtype, channels: number, { place, back }: BackPlaces, operand: string, weight: string | undefined, names: readonly [streams: string, partials: string]): PlanPass {
  const [streams, partials] = names;
  const code = /* wgsl */ `
${bindings([{ name: 'streams', dtype, as: 'fours' }, { name: 'back', dtype: 'f32', as: 'items' }, ...(weight === undefined ? [] : [{ name: 'weight', dtype: 'f32', as: 'fours' } as const]), { name: 'partials', dtype: 'f32', as: 'fours', writable: true }])}
${place}
${operand}
${held}
${entry(workgroup, /* wgsl */ `${columns}
  let block = group / across;
  if (block * ${tokensPerBlock}u >= sizes.x) { return; }
  let own = min(column, fours - 1u);
${weight === undefined ? '' : '  let w = weight[sizes.layer * fours + own];\n'}${each(rows, (j) => `  var sum${j} = vec4f(0.0);`)}
  for (var first_token = block * ${tokensPerBlock}u; first_token < min((block + 1u) * ${tokensPerBlock}u, sizes.x); first_token += ${tokensHeld}u) {
    workgroupBarrier();
    hold(first_token, lane);
    workgroupBarrier();
    for (var t = 0u; t < min(${tokensHeld}u, sizes.x - first_token); t++) {
      let raw = fours_of_streams(streams[(first_token + t) * fours + own])${weight === undefined ? '' : ' * w'};
      let x = vec4f(operand(raw.x), operand(raw.y), operand(raw.z), operand(raw.w));
${each(rows / 4, (q) => `      let m${q} = held[t][${q}];\n${each(4, (k) => `      sum${4 * q + k} = fma(vec4f(m${q}[${k}]), x, sum${4 * q + k});`)}`)}
    }
  }
  if (column >= fours) { return; }
${each(rows, (j) => `  partials[(block * ${rows}u + ${j}u) * fours + column] = sum${j};`)}`)}`;
  return { label: 'mappings-vjp, n = 4: gradient of the projection, by blocks', code, buffers: [streams, back, ...(weight === undefined ? [] : [weight]), partials], groups: (tokens) => Math.ceil(channels / workgroup) * Math.ceil(tokens / tokensPerBlock) };
}
