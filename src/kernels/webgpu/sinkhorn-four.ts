/**
 * Sinkhorn for n = 4, one matrix a thread, all in registers.
 *
 * Moves 64 bytes in and 64 out a matrix (f32; 32 and 32 in bf16). Keeps the matrix K that the first half-step leaves and iterates what its rows and columns are multiplied with, X = diag(u)·K·diag(v): a
 * half-step is 16 multiply-adds and four reciprocals instead of 12 additions, 16 products and four reciprocals. With r = 1/u the new r is K·v + ε·r, which is the division by (row sum + ε).
 * T = 20: 624 multiply-adds, and 156 reciprocals; a reciprocal of a product of two makes two for one of them and three products. 2²⁴ matrices on an H200 (33.4·10¹² multiply-adds and
 * 3.7·10¹² special functions a second): 0.31 ms of multiply-adds, 0.72 ms of reciprocals one by one, 0.36 ms in pairs with 0.12 ms of products; the copy of the same bytes takes 0.50 ms.
 *
 * Is it within the declared arithmetic (`wgsl-f32`, where a half-step may err by γ_{n+5} a line and by 5u an entry, so by (n + 10)u on a whole line)?
 *   A new r is a sum of n products, rounded 1 + (n − 1) times, plus ε·r, 1: (n + 1)u. Reciprocal: 5u. In pairs, 1/r₀ = r₁·(1/(r₀·r₁)): 1 + 5 + 1 = 7u. So (n + 8)u at most, 2u less than declared; that r₀
 *   itself is 7u off 1/u₀ where it is multiplied with ε costs 7u·ε. The last half-step takes reciprocals one by one, (n + 6)u, and two products, 2u of an entry's own.
 *   Underflow: a product K·u that is flushed loses U of a new r where plain division loses n·U·mean(u) of it (U from each entry, times all divisions since). By the inequality of the means the mean of u is
 *   at least 1: after a half-step the sums of the other side have the mean 1 (less with ε), so the product of the r does not grow. The last products are ordered so that one that is flushed is not
 *   multiplied with more than max(1, u·v).
 *   Range: with ε in the start, ε ≥ 2⁻²⁷ and T·ε ≤ 2⁻⁴, K is within [ε, 1 + ε], u and v are within [ε/2, 2/ε] (u·K·v ≤ 1, means at least 1 − 2⁻⁴, ratios at most 1/ε), so a product of two is within 2^±58. Otherwise products
 *   out of [2⁻¹⁰⁰, 2¹⁰⁰] are seen, and the reciprocals taken one by one.
 */
import { firstNormalised, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { tensorPlan } from './frame.ts';
import type { GpuDtype, Plan } from './plan.ts';
import type { Sizes } from '../../operations/operation.ts';
import { bindings, entry, literal } from './wgsl.ts';

const workgroup = 64;

/** Whether the dialect divides by sums, to which ε may be added, and starts with exponentials: what this kernel is for. */
export function isForFour(dialect: SinkhornDialect): boolean {
  return dialect.domain === 'linear' && dialect.start !== 'absolute' && (dialect.divisor === 'add' || dialect.divisor === 'plain') && dialect.stopBelow === 0;
}

export function sinkhornFour(dialect: SinkhornDialect, dtype: GpuDtype, sizes: Sizes): Plan {
  return tensorPlan(sizes, {
    label: 'sinkhorn, n = 4',
    inputs: { logits: { elements: 16, dtype } },
    outputs: { residualMapping: { elements: 16, dtype } },
    code: sinkhornFourShader(dialect, dtype),
    groups: (tokens) => Math.ceil(tokens / workgroup),
  });
}

export function sinkhornFourShader(dialect: SinkhornDialect, dtype: GpuDtype): string {
  const transposed = firstNormalised(dialect) === 'columns';
  const addsEpsilon = dialect.divisor === 'add' && dialect.epsilon > 0;
  const load = dtype === 'f32'
    ? 'mat4x4f(load_logits(at)[0], load_logits(at + 1u)[0], load_logits(at + 2u)[0], load_logits(at + 3u)[0])'
    : 'mat4x4f(load_logits(at)[0], load_logits(at)[1], load_logits(at + 1u)[0], load_logits(at + 1u)[1])';
  const store = dtype === 'f32'
    ? [0, 1, 2, 3].map((k) => `  store_residualMapping(at + ${k}u, array<vec4f, 1>(y[${k}]));`).join('\n')
    : '  store_residualMapping(at, array<vec4f, 2>(y[0], y[1]));\n  store_residualMapping(at + 1u, array<vec4f, 2>(y[2], y[3]));';
  return /* wgsl */ `
${bindings([{ name: 'logits', dtype, as: 'lanes' }, { name: 'residualMapping', dtype, as: 'lanes', writable: true }])}
${fourPieces(dialect)}
${entry(workgroup, /* wgsl */ `
  if (item >= sizes.x) { return; }
  let at = item * ${dtype === 'f32' ? 4 : 2}u;
  let l = ${load};
  let k = start(${transposed ? 'transpose(l)' : 'l'});
  var u = vec4f(1.0);
  var v = vec4f(1.0);
  var r = vec4f(1.0);
  var c = vec4f(1.0);
  for (var t = 1; t < ${dialect.iterations}; t++) {
    c = column_sums(k, u)${addsEpsilon ? ' + epsilon * c' : ''};
    v = reciprocals(c);
    r = row_sums(k, v)${addsEpsilon ? ' + epsilon * r' : ''};
    u = reciprocals(r);
  }
  c = column_sums(k, u)${addsEpsilon ? ' + epsilon * c' : ''};
  v = 1.0 / c;
  let x = mat4x4f(scaled(k[0], u.x, v), scaled(k[1], u.y, v), scaled(k[2], u.z, v), scaled(k[3], u.w, v));
  let y = ${transposed ? 'transpose(x)' : 'x'};
${store}`)}`;
}

/** What forward and backward have in common: the start, the sums and the reciprocals, for matrices whose first normalised side is their rows (mat4x4f holds a row in each column). */
export function fourPieces(dialect: SinkhornDialect): string {
  const { temperature, stabilisation, epsilon } = dialect;
  const inRange = dialect.start === 'softmax' && dialect.epsilonInStart && epsilon >= 2 ** -27 && dialect.iterations * epsilon <= 2 ** -4;
  const addsEpsilon = dialect.divisor === 'add' && epsilon > 0 && dialect.start !== 'softmax';
  const scale = temperature === 1 ? '' : ` / ${literal(temperature)}`;
  const shift = { none: '0.0', 'line-max': 'largest(row)', 'matrix-max': 'most' }[stabilisation];
  const most = stabilisation === 'matrix-max' ? 'let most = max(max(largest(l[0]), largest(l[1])), max(largest(l[2]), largest(l[3])))' : '';
  const added = dialect.start === 'softmax' && dialect.epsilonInStart && epsilon > 0 ? ' + epsilon' : '';
  const row = (k: number): string => `first(l[${k}]${stabilisation === 'matrix-max' ? ', most' : ''})`;
  return /* wgsl */ `
const epsilon = ${literal(epsilon)};
fn largest(row: vec4f) -> f32 { return max(max(row.x, row.y), max(row.z, row.w)); }
fn first(row: vec4f${stabilisation === 'matrix-max' ? ', most: f32' : ''}) -> vec4f {
  let e = exp(${stabilisation === 'none' ? `row${scale}` : temperature === 1 ? `row - ${shift}` : `row${scale} - ${shift}${scale}`});
  return e * (1.0 / ((e.x + e.y) + (e.z + e.w)${addsEpsilon ? ' + epsilon' : ''}))${added};
}
fn start(l: mat4x4f) -> mat4x4f {
  ${most === '' ? '' : `${most};`}
  return mat4x4f(${[0, 1, 2, 3].map(row).join(', ')});
}
fn column_sums(k: mat4x4f, u: vec4f) -> vec4f { return k[0] * u.x + k[1] * u.y + k[2] * u.z + k[3] * u.w; }
fn row_sums(k: mat4x4f, v: vec4f) -> vec4f { return vec4f(dot(k[0], v), dot(k[1], v), dot(k[2], v), dot(k[3], v)); }
fn reciprocals(r: vec4f) -> vec4f {
  let p = r.xz * r.yw;
  ${inRange ? '' : 'if (!(min(p.x, p.y) >= 0x1p-100f && max(p.x, p.y) <= 0x1p100f)) { return 1.0 / r; }'}
  let q = 1.0 / p;
  return q.xxyy * r.yxwz;
}
fn scaled(row: vec4f, u: f32, v: vec4f) -> vec4f { return ${inRange ? '(row * u) * v' : 'select((row * u) * v, (row * v) * u, v >= vec4f(1.0))'}; }
`;
}
