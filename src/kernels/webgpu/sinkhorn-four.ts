/**
 * Sinkhorn for n = 4, one matrix a thread, all in registers.
 *
 * Moves 64 bytes in and 64 out a matrix (f32; 32 and 32 in bf16). A thread reads its matrix, and writes the rows of four: 16 bytes beside 16 bytes (tile.ts).
 *
 * What is iterated are not matrices but what lines and places are multiplied with, X = diag(u)·K·diag(v), and K is not the matrix but its cross ratios k_ij = A_ij·A_00/(A_i0·A_0j): scaling lines and places
 * by anything changes nothing but where u and v start (u = A_i0, v = A_0j/A_00), and leaves ones in the first line and place. The sums of a half-step are then 12 operations instead of 16.
 * Without ε the common factor of u is free, and that of v: u = s₀/s is one product and two reciprocals with five products, 19 operations a half-step; where the factor may grow, v = s₀s₁/s is (s₁, s₀, g·s₃, g·s₂)
 * with g = s₀s₁/(s₂s₃), 18. With ε, r = 1/u becomes s + ε·r: 24 and 22, with two reciprocals for the four numbers of lines and three for those of places. T = 20 on an H200 (33·10¹² operations, 4·10¹² special functions a second; 2²⁴ matrices): 0.37 ms and 0.47 ms, where the copy of the bytes takes 0.50.
 *
 * Is it within the declared arithmetic (`wgsl-f32`, where a half-step may err by γ_{n+5} a line and by 5u an entry, so by (n + 10)u = 14u on a whole line, 13u without ε)?
 *   A sum has n − 1 = 3 roundings, ε·r one. Reciprocals in pairs, 1/r₀ = r₁·(1/(r₀·r₁)): 1 + 5 + 1 = 7u; s₀·(1/(s₂s₃))·s₃: 8u; s₀s₁·(1/(s₂s₃))·s₃: 8u. So 11u at most on a line, none on an entry. The last
 *   half-step has two products besides, 2u of an entry's own.
 *   Cross ratios are rounded once for all. With ε: three reciprocals and four products, 19u of an entry, which is less than what four half-steps are allowed and do not use (5u an entry each); what enters earlier
 *   passes through more half-steps, none of which enlarges it. Fewer than four half-steps (T < 3) are done plainly. Without ε nothing but cross ratios matters, and one is allowed what the exponentials of its four entries are,
 *   3 + 2|L| ulp each; here it is one exponential of L_ij − L_i0 − (L_0j − L_00), at most 3 + 2Σ|L|.
 *   Range with ε: it must enter the start, 2⁻²⁷ ≤ ε and T·ε ≤ 2⁻⁴. Then A is within [ε, 1 + ε], all factors and their reciprocals within 2^±58 (X ≤ 1, the sums of the other side have the mean 1 − 2⁻⁴ or more), k within 2^±55, and products
 *   of two reciprocals within range.
 *   Range without ε: Σ L² ≤ 64 (of L over the temperature) puts the logarithm of every cross ratio of four entries within D = 2·√64 = 16 (Cauchy). u_i/u₀ = s₀/s_i ≤ max_j 1/k_ij, so k_ij·u_i ≤ e^D: with u₀ = 1 the sums t are within
 *   [1, 4e^D], v₀ = t₁ too; k_ij·v_j ≤ v₀·max_l k_ij/k_lj, so the sums s are within [1, 16e^(2D)] = [1, 2^50.2], and products of two below 2^101. What is flushed is lost beside u₀ or v₀ in the same sum. Matrices beyond, or with
 *   what is no number, are iterated plainly; each decides for itself, whatever stands beside it.
 *
 * Plainly: K is what the first half-step leaves, and with r = 1/u the new r is K·v + ε·r. A new r is a sum of n products, rounded 1 + (n − 1) times, plus ε·r, 1: (n + 1)u. Reciprocal: 5u. In pairs 7u: (n + 8)u at most.
 *   Underflow: a product K·u that is flushed loses U of a new r where plain division loses n·U·mean(u) of it (U from each entry, times all divisions since). By the inequality of the means the mean of u is
 *   at least 1: after a half-step the sums of the other side have the mean 1 (less with ε), so the product of the r does not grow. The last products are ordered so that one that is flushed is not
 *   multiplied with more than max(1, u·v). Products out of [2⁻¹⁰⁰, 2¹⁰⁰] are seen, and the reciprocals taken one by one.
 */
import { firstNormalised, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { crossedStart, epsilonInRange, isNarrow, k, lines, sums, waysOf } from './crossed.ts';
import { tensorPlan } from './frame.ts';
import type { GpuDtype, Plan } from './plan.ts';
import type { Sizes } from '../../operations/operation.ts';
import { matrixTile } from './tile.ts';
import { each, literal } from './wgsl.ts';

/** Pairs of half-steps that are written out one after the other; more are a loop. */
const mostPairs = 20;

/** Iterations with ε from which on exchanging rows costs more operations than it saves time of the memory, on an H200. */
const mostExchanged = 16;

/** Whether the dialect divides by sums, to which ε may be added, and starts with exponentials: what this kernel is for. */
export function isForFour(dialect: SinkhornDialect): boolean {
  return dialect.domain === 'linear' && dialect.start !== 'absolute' && (dialect.divisor === 'add' || dialect.divisor === 'plain') && dialect.stopBelow === 0;
}

export function sinkhornFour(dialect: SinkhornDialect, dtype: GpuDtype, sizes: Sizes): Plan {
  return tensorPlan(sizes, {
    label: 'sinkhorn, n = 4',
    inputs: { logits: { elements: 16, dtype } },
    outputs: { residualMapping: { elements: 16, dtype } },
    ...sinkhornFourShader(dialect, dtype),
    groups: (tokens) => Math.ceil(tokens / workgroupOf(dialect)),
  });
}

function sinkhornFourShader(dialect: SinkhornDialect, dtype: GpuDtype): ReturnType<typeof matrixTile> {
  const transposed = firstNormalised(dialect) === 'columns';
  const ways = waysOf(dialect);
  const plainly = 'x = plainly(l);';
  const compute = {
    'with-epsilon': `x = crossed(start(l));`,
    free: `if (${isNarrow(dialect)}) { x = crossed(l); } else { ${plainly} }`,
    plain: plainly,
  }[ways];
  return matrixTile({
    inputs: ['logits'], output: 'residualMapping', dtype, workgroup: workgroupOf(dialect), exchange: ways !== 'with-epsilon' || dialect.iterations < mostExchanged,
    functions: `${startPieces(dialect)}\n${ways === 'with-epsilon' ? crossedWithEpsilon(dialect) : `${plainPieces(dialect)}\n${ways === 'free' ? crossedFree(dialect) : ''}`}`,
    compute: `
  let l = ${transposed ? 'transpose(own_logits)' : 'own_logits'};
  var x: mat4x4f;
  ${compute}
  m = ${transposed ? 'transpose(x)' : 'x'};`,
  });
}

/** What was quickest on an H200. */
function workgroupOf(dialect: SinkhornDialect): number {
  return waysOf(dialect) === 'with-epsilon' ? 32 : 256;
}

function repeated(times: number, step: string): string {
  return times <= mostPairs ? each(times, () => `  { ${step} }`) : `  for (var t = 0; t < ${times}; t++) { ${step} }`;
}

/** diag(u)·K·diag(last). */
const matrix = (last: string): string => `mat4x4f(${lines.map((line) => `u${line} * vec4f(${lines.map((place) => (line === 0 || place === 0 ? `${last}${place}` : `${last}${place} * ${k(line, place)}`)).join(', ')})`).join(', ')})`;

/** r = 1/u and c = 1/v are kept: r becomes s + ε·r. Lines take reciprocals by two pairs, places by one: special functions have an eighth of the speed of operations, and this balances them. */
function crossedWithEpsilon(dialect: SinkhornDialect): string {
  const kept = (of: 'r' | 'c'): string => lines.map((line) => `${of}${line} = fma(epsilon, ${of}${line}, s${line});`).join(' ');
  const pair = (of: 'r' | 'c', to: 'u' | 'v', a: number, b: number, name: string): string => `let ${name} = 1.0 / (${of}${a} * ${of}${b}); ${to}${a} = ${name} * ${of}${b}; ${to}${b} = ${name} * ${of}${a};`;
  const places = `{ ${sums('u', 'u0')} ${kept('c')} ${pair('c', 'v', 0, 1, 'p')} v2 = 1.0 / c2; v3 = 1.0 / c3; }`;
  const inLines = `{ ${sums('v', 'v0')} ${kept('r')} ${pair('r', 'u', 0, 1, 'p')} ${pair('r', 'u', 2, 3, 'q')} }`;
  return /* wgsl */ `
fn crossed(a: mat4x4f) -> mat4x4f {
${crossedStart(dialect)}
${repeated(dialect.iterations - 1, `${places} ${inLines}`)}
  ${places}
  return ${matrix('v')};
}`;
}

/** u₀ stays 1; the common factor of v is whatever it is. */
function crossedFree(dialect: SinkhornDialect): string {
  const lineStep = `{ ${sums('v', 'v0')} u1 = s0 * (1.0 / s1); let q = s0 * (1.0 / (s2 * s3)); u2 = q * s3; u3 = q * s2; }`;
  const placeStep = `{ ${sums('u', '1.0')} let g = (s0 * s1) * (1.0 / (s2 * s3)); v0 = s1; v1 = s0; v2 = g * s3; v3 = g * s2; }`;
  return /* wgsl */ `
fn crossed(a: mat4x4f) -> mat4x4f {
${crossedStart(dialect)}
${repeated(dialect.iterations - 1, `${lineStep} ${placeStep}`)}
  ${lineStep}
  ${sums('u', '1.0')}
  ${lines.map((place) => `let w${place} = 1.0 / s${place};`).join(' ')}
  return ${matrix('w')};
}`;
}

/** The start, and what exponentials divide. A mat4x4f holds a line of the side that is normalised first in each column. */
export function startPieces(dialect: SinkhornDialect): string {
  const { temperature, stabilisation, epsilon } = dialect;
  const addsEpsilon = dialect.divisor === 'add' && epsilon > 0 && dialect.start !== 'softmax';
  const scale = temperature === 1 ? '' : ` / ${literal(temperature)}`;
  const shift = { none: '0.0', 'line-max': 'largest(row)', 'matrix-max': 'most' }[stabilisation];
  const most = stabilisation === 'matrix-max' ? 'let most = max(max(largest(l[0]), largest(l[1])), max(largest(l[2]), largest(l[3])))' : '';
  const added = dialect.start === 'softmax' && dialect.epsilonInStart && epsilon > 0 ? ' + epsilon' : '';
  const row = (line: number): string => `first(l[${line}]${stabilisation === 'matrix-max' ? ', most' : ''})`;
  return /* wgsl */ `
const epsilon = ${literal(epsilon)};
const temperature = ${literal(temperature)};
fn largest(row: vec4f) -> f32 { return max(max(row.x, row.y), max(row.z, row.w)); }
fn first(row: vec4f${stabilisation === 'matrix-max' ? ', most: f32' : ''}) -> vec4f {
  let e = exp(${stabilisation === 'none' ? `row${scale}` : temperature === 1 ? `row - ${shift}` : `row${scale} - ${shift}${scale}`});
  return e * (1.0 / (e.x + e.y + e.z + e.w${addsEpsilon ? ' + epsilon' : ''}))${added};
}
fn start(l: mat4x4f) -> mat4x4f {
  ${most === '' ? '' : `${most};`}
  return mat4x4f(${lines.map(row).join(', ')});
}`;
}

/** What is done where cross ratios are not enough. */
function plainPieces(dialect: SinkhornDialect): string {
  const inRange = epsilonInRange(dialect);
  const divides = dialect.divisor === 'add' && dialect.epsilon > 0;
  return /* wgsl */ `
fn column_sums(k: mat4x4f, u: vec4f) -> vec4f { return k[0] * u.x + k[1] * u.y + k[2] * u.z + k[3] * u.w; }
fn row_sums(k: mat4x4f, v: vec4f) -> vec4f { return vec4f(dot(k[0], v), dot(k[1], v), dot(k[2], v), dot(k[3], v)); }
fn reciprocals(r: vec4f) -> vec4f {
  let p = r.xz * r.yw;
  ${inRange ? '' : 'if (!(min(p.x, p.y) >= 0x1p-100f && max(p.x, p.y) <= 0x1p100f)) { return 1.0 / r; }'}
  let q = 1.0 / p;
  return q.xxyy * r.yxwz;
}
fn scaled(row: vec4f, u: f32, v: vec4f) -> vec4f { return ${inRange ? '(row * u) * v' : 'select((row * u) * v, (row * v) * u, v >= vec4f(1.0))'}; }
fn plainly(l: mat4x4f) -> mat4x4f {
  let k = start(l);
  var u = vec4f(1.0);
  var v = vec4f(1.0);
  var r = vec4f(1.0);
  var c = vec4f(1.0);
  for (var t = 1; t < ${dialect.iterations}; t++) {
    c = column_sums(k, u)${divides ? ' + epsilon * c' : ''};
    v = reciprocals(c);
    r = row_sums(k, v)${divides ? ' + epsilon * r' : ''};
    u = reciprocals(r);
  }
  c = column_sums(k, u)${divides ? ' + epsilon * c' : ''};
  v = 1.0 / c;
  return mat4x4f(scaled(k[0], u.x, v), scaled(k[1], u.y, v), scaled(k[2], u.z, v), scaled(k[3], u.w, v));
}
`;
}
