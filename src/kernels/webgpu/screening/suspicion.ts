/**
 * How suspect a matrix is of breaking a claim, as a number that grows with what the claim bounds, in WGSL. It decides which problems are judged, in f64 and by the claim's own bound; it judges none. What is no number is
 * the most suspect of all.
 *
 * Beside the kernel the iterations are done once more, plainly: factors u, v with reciprocals r, c; K is what the start leaves. That gives
 *   line sums     |Σ − φ|, φ = s/(s + ε) = 1 − ε·c₋/c, c₋ before and c after the last half-step: exact to ε·(error of c), far below the rounding of a sum. Σ − 1 is taken by TwoSum (Knuth; a + b = s + e exactly, whatever is
 *                 rounded), because the claim leaves a sum of four only some u, and adding them in f32 would take three of them. Mesa's compiler takes the errors of TwoSum for zero unless it is
 *                 kept from seeing what is subtracted.
 *   positivity    what is negative, or 0 where the plain result is above 2⁻¹⁰⁰, most of all; else what exceeds 1
 *   cross ratios  (x_ij·x_00)·(k_i0·k_0j) / ((x_i0·x_0j)·(k_ij·k_00)) − 1, for i, j ≥ 1, over 1 + the range of the logits, with which a device's exponentials may err; a few u of its own against the hundred that T
 *                 iterations are allowed. Products out of the normal range are passed over.
 *   gradient sums |Σ| of each line that is normalised first, by TwoSum, over Σ |g|·x of the matrix
 */
import { firstNormalised, type SinkhornDialect } from '../../../operations/sinkhorn/dialect.ts';
import type { ScreenedFor } from '../../screening.ts';
import { startPieces } from '../sinkhorn-four.ts';
import { bindings, entry } from '../wgsl.ts';

/** Threads of a workgroup of the pass. */
export const suspicionWorkgroup = 64;

/** Buffers of the pass after the uniform (x matrices, y first index, blocks: threads): inputs and the output of the kernel, then for each thread its most suspect matrix: how much, and the index. */
export const seenBy: Readonly<Record<ScreenedFor, readonly string[]>> = {
  'line-sums': ['logits', 'residualMapping'],
  positivity: ['logits', 'residualMapping'],
  'cross-ratios': ['logits', 'residualMapping'],
  'gradient-sums': ['logits', 'cotangent', 'logitsGradient'],
};

const suspicion: Readonly<Record<ScreenedFor, string>> = {
  'line-sums': /* wgsl */ `
  var most = 0.0;
  for (var j = 0u; j < 4u; j++) {
    let sum = exactly(out[0][j], out[1][j], out[2][j], out[3][j]);
    most = larger(most, abs(kept(sum.x - 1.0) + (sum.y + epsilon * (p.before[j] / p.after[j]))));
  }
  return most;`,
  positivity: /* wgsl */ `
  var most = 0.0;
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      let x = out[i][j];
      if (!(x >= 0.0) || (x == 0.0 && p.x[i][j] > 0x1p-100f)) { return worst; }
      most = larger(most, x - 1.0);
    }
  }
  return most;`,
  'cross-ratios': /* wgsl */ `
  var most = 0.0;
  for (var i = 1u; i < 4u; i++) {
    for (var j = 1u; j < 4u; j++) {
      let own = vec4f(out[i][j] * out[0][0], out[i][0] * out[0][j], p.k[i][0] * p.k[0][j], p.k[i][j] * p.k[0][0]);
      if (own.x != own.x || own.y != own.y) { return worst; }
      if (all(own >= vec4f(0x1p-60f))) { most = larger(most, abs((own.x * own.z) / (own.y * own.w) - 1.0)); }
    }
  }
  let high = max(max(largest(l[0]), largest(l[1])), max(largest(l[2]), largest(l[3])));
  let low = -max(max(largest(-l[0]), largest(-l[1])), max(largest(-l[2]), largest(-l[3])));
  return most / (1.0 + (high - low) / temperature);`,
  'gradient-sums': /* wgsl */ `
  var most = 0.0;
  var size = 0x1p-100f;
  for (var i = 0u; i < 4u; i++) {
    let sum = exactly(out[i].x, out[i].y, out[i].z, out[i].w);
    most = larger(most, abs(sum.x + sum.y));
    size += dot(abs(g[i]), p.x[i]);
  }
  return most / size;`,
};

/** WGSL of the pass. */
export function suspicionShader(of: ScreenedFor, dialect: SinkhornDialect): string {
  const transposed = firstNormalised(dialect) === 'columns';
  const added = dialect.divisor === 'add' && dialect.epsilon > 0;
  const read = (name: string): string => {
    const matrix = `mat4x4f(${[0, 1, 2, 3].map((row) => `load_${name}(item * 4u + ${row}u)[0]`).join(', ')})`;
    return transposed ? `transpose(${matrix})` : matrix;
  };
  const names = seenBy[of];
  return /* wgsl */ `
${bindings([...names.map((name) => ({ name, dtype: 'f32', as: 'lanes' }) as const), { name: 'most_suspect', dtype: 'f32', as: 'words', writable: true }])}
${startPieces(dialect)}
const worst = 0x1p127f;
struct Plain { k: mat4x4f, x: mat4x4f, before: vec4f, after: vec4f }
fn plain(l: mat4x4f) -> Plain {
  let k = start(l);
  var u = vec4f(1.0);
  var v = vec4f(1.0);
  var r = vec4f(1.0);
  var c = vec4f(1.0);
  var before = c;
  for (var t = 0u; t < ${dialect.iterations}u; t++) {
    if (t > 0u) {
      r = vec4f(dot(k[0], v), dot(k[1], v), dot(k[2], v), dot(k[3], v))${added ? ' + epsilon * r' : ''};
      u = 1.0 / r;
    }
    before = c;
    c = k[0] * u.x + k[1] * u.y + k[2] * u.z + k[3] * u.w${added ? ' + epsilon * c' : ''};
    v = 1.0 / c;
  }
  return Plain(k, mat4x4f(k[0] * u.x * v, k[1] * u.y * v, k[2] * u.z * v, k[3] * u.w * v), before, c);
}
// NaN is larger than anything
fn larger(a: f32, b: f32) -> f32 { return select(select(b, a, a >= b), worst, b != b); }
// a driver may put b for (a + b) - a; what has passed through here it knows nothing of, for sizes.n is 0 in this pass
fn kept(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ sizes.n); }
fn two_sum(a: f32, b: f32) -> vec2f {
  let s = kept(a + b);
  let t = kept(s - a);
  return vec2f(s, kept(a - kept(s - t)) + kept(b - t));
}
// a + b + c + d as a number and what it lacks
fn exactly(a: f32, b: f32, c: f32, d: f32) -> vec2f {
  let first = two_sum(a, b);
  let second = two_sum(c, d);
  let both = two_sum(first.x, second.x);
  return two_sum(both.x, both.y + (first.y + second.y));
}
fn suspicion(l: mat4x4f, ${names.length === 3 ? 'g: mat4x4f, ' : ''}out: mat4x4f) -> f32 {
  let p = plain(l);
${suspicion[of]}
}
${entry(suspicionWorkgroup, /* wgsl */ `
  let slot = item;
  if (slot >= sizes.blocks) { return; }
  var most = bitcast<f32>(most_suspect[2u * slot]);
  var which = most_suspect[2u * slot + 1u];
  for (var item = slot; item < sizes.x; item += sizes.blocks) {
    let its = suspicion(${names.map(read).join(', ')});
    if (its > most) {
      most = its;
      which = sizes.y + item;
    }
  }
  most_suspect[2u * slot] = bitcast<u32>(most);
  most_suspect[2u * slot + 1u] = which;`)}`;
}
