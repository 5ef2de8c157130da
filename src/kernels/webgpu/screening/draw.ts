/**
 * Problems that are drawn on the device: what number `index` of a seed holds follows from both alone, so that what is worth a closer look can be drawn again. Six families of logits by turns (scaled normal numbers, ties,
 * wide ones, a permutation that dominates, nearly rank one, entries of all magnitudes); cotangents are normal, or one entry alone. How exactly a device takes logarithms does not matter: problems are what it wrote.
 */
import { bindings, entry } from '../wgsl.ts';

export type DrawnInput = 'logits' | 'cotangent';

export const drawWorkgroup = 64;

/** WGSL of one pass, a matrix a thread. Bindings: sizes (x matrices, y first index, depth seed; n is 1 where the indices are those of the buffer instead), indices, outputs in their order. One shader for both: a driver may take another logarithm in another. */
export function drawShader(inputs: readonly DrawnInput[]): string {
  return /* wgsl */ `
${bindings([{ name: 'indices', dtype: 'f32', as: 'words' }, ...inputs.map((name) => ({ name, dtype: 'f32', as: 'lanes', writable: true }) as const)])}
var<private> state: u32;
// a bijection of 32 bits whose every output bit depends on every input bit
fn mixed(x: u32) -> u32 {
  var h = x;
  h = (h ^ (h >> 16u)) * 0x7feb352du;
  h = (h ^ (h >> 15u)) * 0x846ca68bu;
  return h ^ (h >> 16u);
}
fn bits() -> u32 {
  state += 0x9e3779b9u;
  return mixed(state);
}
fn fraction() -> f32 { return (f32(bits() >> 8u) + 0.5) * 0x1p-24f; }
fn between(low: f32, high: f32) -> f32 { return low + (high - low) * fraction(); }
fn normal() -> f32 { return sqrt(-2.0 * log(fraction())) * cos(6.2831853f * fraction()); }
fn row_of_logits(row: u32, family: u32, scale: f32, shift: u32, columns: vec4f) -> vec4f {
  var x = vec4f(0.0);
  let level = normal() * scale;
  for (var j = 0u; j < 4u; j++) {
    var value = normal();
    switch family {
      case 1u: { value = round(2.0 * value); }
      case 2u: { value = between(-40.0, 40.0); }
      case 3u: { value = value + select(0.0, 4.0 * scale, (row + shift) % 4u == j); }
      case 4u: { value = level + columns[j] + exp2(-2.0 * scale) * value; }
      case 5u: { value = select(-1.0, 1.0, (bits() & 1u) == 1u) * exp2(between(-20.0, 5.0)); }
      default: { value = scale * value; }
    }
    x[j] = value;
  }
  return x;
}
fn draw(index: u32, item: u32) {
  state = mixed(index ^ mixed(sizes.depth));
  let family = bits() % 6u;
  let scale = exp2(between(-4.0, 4.0));
  let shift = bits() % 4u;
  let columns = vec4f(normal(), normal(), normal(), normal()) * scale;
  for (var row = 0u; row < 4u; row++) {
    ${inputs.includes('logits') ? 'store_logits(item * 4u + row, array<vec4f, 1>(row_of_logits(row, family, scale, shift, columns)));' : ''}
  }
  ${inputs.includes('cotangent') ? `let alone = select(16u, bits() % 16u, bits() % 4u == 0u);
  for (var row = 0u; row < 4u; row++) {
    var g = vec4f(normal(), normal(), normal(), normal());
    if (alone < 16u) { g = select(vec4f(0.0), g, vec4u(0u, 1u, 2u, 3u) == vec4u(alone - 4u * row)); }
    store_cotangent(item * 4u + row, array<vec4f, 1>(g));
  }` : ''}
}
${entry(drawWorkgroup, `  if (item >= sizes.x) { return; }\n  if (sizes.n == 1u) { draw(indices[item], item); } else { draw(sizes.y + item, item); }`)}`;
}
