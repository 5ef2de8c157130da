/**
 * The derivative of Sinkhorn's T iterations for n = 4, one matrix a thread, by cross ratios (sinkhorn-four.ts). What lines and places were multiplied with after every half-step is kept in registers for a segment of some
 * iterations; of each segment what stood before it is kept, and its half-steps are done again before they are walked back.
 *
 * Backward in logarithms: with H = G∘X for the cotangent G, γ the sums of its places and ρ those of its lines, the half-step v = 1/(Σ_i k_ij·u_i + ε·c) takes q = v∘γ; ∂log k_ij loses u_i·k_ij·q_j, ρ_i loses
 * u_i·Σ_j k_ij·q_j, and γ becomes ε·q∘c, what the c before it contributed. A half-step of lines is the same with sides changed. All that ∂log k loses is Z∘k with Z = Σ u·qᵀ, multiplied once at the end.
 *
 * Moves 192 bytes a matrix in f32. Operations of a half-step: 12 for the sums, 8 for reciprocals in pairs, 4 for ε forward, twice but for the last segment; 4 + 12 + 4 + 16 and 12 for ε back: 24 + 24 + 48 of them 39 times for T = 20: 1.9 ms
 * for 2²⁴ matrices on an H200 at 33·10¹² a second, where the copy of the bytes takes 0.75 ms. Measured there before sums were added by fma: 2.9 ms.
 *
 * Within the declared arithmetic: forward as sinkhorn-four.ts, with reciprocals in pairs (7u); at the beginning of a segment, and back, ε is multiplied with a reciprocal of u instead of r, 12u·ε. Back, q is rounded once, a sum of four three times, its product
 * with u once: 5u of the (n + 10)u that a half-step may err on a line; Z adds a product to what is there, once for each half-step, as h − X·sum does.
 *   Range with ε: that of sinkhorn-four.ts. Without, u and v keep their true scale here, and products of two are within 2^±58, for Σ L² ≤ 64 and so D = 16: sums of the other side have the mean 1 after a half-step, so neither Π u nor
 *   Π v falls (inequality of the means), and Σ log X ≤ −16 log 4 bounds the one by the other: their logarithmic means m are from −7.1 (v begins as exp(L_0j − L_00), u as 1/Σ_j exp(L_ij − L_i0); Cauchy) to 11.7,
 *   and a product of two of four numbers that differ by e^D at most lies within e^(2m ± D).
 */
import { firstNormalised, type SinkhornDialect, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import { crossedStart, isNarrow, k, lines, waysOf } from './crossed.ts';
import { isForFour, startPieces } from './sinkhorn-four.ts';
import { vjpPieces } from './sinkhorn-vjp.ts';
import { matrixTile } from './tile.ts';
import type { GpuDtype, Plan } from './plan.ts';
import type { Sizes } from '../../operations/operation.ts';
import { tensorPlan } from './frame.ts';
import { each, literal } from './wgsl.ts';

const workgroup = 64;
/** Pairs of half-steps whose factors are held in registers at once; what was quickest of 2 to 20 on an H200. */
const segmentOf = (isFree: boolean): number => (isFree ? 20 : 7);
/** More would keep too much before segments. */
const mostIterations = 256;
/** What the factors of a side are the reciprocals of. */
const inverse = { u: 'r', v: 'c' } as const;
/** The cross ratios of each line as a factor; those of the first are 1. */
const ratios = ['', 'vec4f(1.0, k.one) * ', 'vec4f(1.0, k.two) * ', 'vec4f(1.0, k.three) * '] as const;

/** Whether a dialect is for this kernel: cross ratios do for it, and there are not too many iterations. */
export function isVjpForFour(dialect: SinkhornVjpDialect): boolean {
  return dialect.derivative === 'unrolled' && isForFour(dialect) && waysOf(dialect) !== 'plain' && dialect.iterations <= mostIterations;
}

export function sinkhornVjpFour(dialect: SinkhornDialect, dtype: GpuDtype, sizes: Sizes): Plan {
  return tensorPlan(sizes, {
    label: 'sinkhorn-vjp, n = 4',
    inputs: { logits: { elements: 16, dtype }, cotangent: { elements: 16, dtype } },
    outputs: { logitsGradient: { elements: 16, dtype } },
    ...shader(dialect, dtype),
    groups: (tokens) => Math.ceil(tokens / workgroup),
  });
}

function shader(dialect: SinkhornDialect, dtype: GpuDtype): ReturnType<typeof matrixTile> {
  const transposed = firstNormalised(dialect) === 'columns';
  const own = (name: string): string => (transposed ? `transpose(own_${name})` : `own_${name}`);
  const isFree = waysOf(dialect) === 'free';
  const compute = `
  let l = ${own('logits')};
  let g = ${own('cotangent')};
  var x: mat4x4f;
  ${isFree ? `if (${isNarrow(dialect)}) { x = crossed(l, g); } else { x = ${transposed ? 'transpose(plainly(own_logits, own_cotangent))' : 'plainly(own_logits, own_cotangent)'}; }` : 'x = crossed(start(l), g);'}
  m = ${transposed ? 'transpose(x)' : 'x'};`;
  const functions = `${isFree ? `const temperature = ${literal(dialect.temperature)};\n${plainGradient(dialect)}` : startPieces(dialect)}
${crossedGradient(dialect)}`;
  return matrixTile({ inputs: ['logits', 'cotangent'], output: 'logitsGradient', dtype, workgroup, functions, compute });
}

/** For logits that are far apart: the shader of sinkhorn-vjp.ts, matrices in and out. */
function plainGradient(dialect: SinkhornDialect): string {
  const entries = lines.flatMap((row) => lines.map((column) => ({ row, column, at: 4 * row + column })));
  return /* wgsl */ `${vjpPieces({ ...dialect, derivative: 'unrolled' }, { n: '4u', most: 4 })}
fn plainly(logits: mat4x4f, cotangent: mat4x4f) -> mat4x4f {
  ${entries.map(({ row, column, at }) => `start[${at}] = logits[${row}][${column}]; h[${at}] = cotangent[${row}][${column}];`).join('\n  ')}
  forward();
  backward();
  return mat4x4f(${entries.map(({ at }) => `h[${at}]`).join(', ')});
}`;
}

/**
 * What a thread keeps: the factors of both sides after every half-step of a segment, in registers, and those before each segment. `u_t` and `v_t` are the factors after t pairs of half-steps of the
 * segment at hand.
 */
function crossedGradient(dialect: SinkhornDialect): string {
  const isFree = waysOf(dialect) === 'free';
  // with ε a half-step of places follows the pairs, without it one of lines precedes each
  const pairs = isFree ? dialect.iterations : dialect.iterations - 1;
  const segmentPairs = segmentOf(isFree);
  const [segments, rest] = [Math.floor(pairs / segmentPairs), pairs % segmentPairs];
  const [first, second] = isFree ? (['u', 'v'] as const) : (['v', 'u'] as const);
  // what the half-step that makes one side of the other is the reciprocal of; with ε, of what its own factors were the reciprocals of too
  const summed = (side: 'u' | 'v', other: string): string => {
    const sum = `${side === 'u' ? 'over_places' : 'over_lines'}(${other}, k)`;
    return isFree ? sum : `fma(vec4f(epsilon), ${inverse[side]}, ${sum})`;
  };
  const halfStep = (side: 'u' | 'v', factors: string, other: string): string => (isFree ? `${factors} = reciprocals_of(${summed(side, other)});` : `${inverse[side]} = ${summed(side, other)}; ${factors} = reciprocals_of(${inverse[side]});`);
  const forward = (count: number): string => `for (var t = 0u; t < ${count}u * once; t++) { ${halfStep(first, first, second)} ${halfStep(second, second, first)} }`;
  const again = (count: number): string => `${isFree ? '' : `  ${inverse.u} = 1.0 / u_0; ${inverse.v} = 1.0 / v_0;\n`}${each(count, (t) => `  var ${first}_${t + 1}: vec4f; ${halfStep(first, `${first}_${t + 1}`, `${second}_${t}`)}\n  var ${second}_${t + 1}: vec4f; ${halfStep(second, `${second}_${t + 1}`, `${first}_${t + 1}`)}`)}`;
  // what a half-step's factors, made of those of the other side, hand on
  const back = (side: 'u' | 'v', factors: string, other: string, before: string): string => {
    const [own, its, sums, outer] = side === 'u' ? ['of_lines', 'of_places', 'over_lines', (line: number) => `vec4f(q[${line}]), ${other}`] as const : ['of_places', 'of_lines', 'over_places', (line: number) => `vec4f(${other}[${line}]), q`] as const;
    return `  { let q = ${factors} * ${own}; ${lines.map((line) => `z${line} = fma(${outer(line)}, z${line});`).join(' ')} ${its} = fma(-${other}, ${sums}(q, k), ${its}); ${own} = ${isFree ? 'vec4f(0.0)' : `q * epsilon_over(${before})`}; }`;
  };
  const walked = (count: number): string => each(count, (t) => `${back(second, `${second}_${count - t}`, `${first}_${count - t}`, `${second}_${count - t - 1}`)}\n${back(first, `${first}_${count - t}`, `${second}_${count - t - 1}`, `${first}_${count - t - 1}`)}`);
  const segment = (count: number, u: string, v: string, end: string): string => `
    let u_0 = ${u};
    let v_0 = ${v};
${again(count)}
${end}
${walked(count)}`;
  return /* wgsl */ `
struct Ratios { one: vec3f, two: vec3f, three: vec3f }
// Σ_j k_ij·q_j of all i, Σ_i k_ij·q_i of all j
fn over_places(q: vec4f, k: Ratios) -> vec4f {
  return vec4f(q.x + (q.y + (q.z + q.w)), ${['one', 'two', 'three'].map((line) => `fma(k.${line}.z, q.w, fma(k.${line}.y, q.z, fma(k.${line}.x, q.y, q.x)))`).join(', ')});
}
fn over_lines(q: vec4f, k: Ratios) -> vec4f {
  return vec4f(q.x + (q.y + (q.z + q.w)), ${['x', 'y', 'z'].map((place) => `fma(k.three.${place}, q.w, fma(k.two.${place}, q.z, fma(k.one.${place}, q.y, q.x)))`).join(', ')});
}
fn reciprocals_of(r: vec4f) -> vec4f {
  let q = 1.0 / (r.xz * r.yw);
  return q.xxyy * r.yxwz;
}
${isFree ? '' : `fn epsilon_over(r: vec4f) -> vec4f {
  let q = epsilon / (r.xz * r.yw);
  return q.xxyy * r.yxwz;
}
`}fn crossed(a: mat4x4f, g: mat4x4f) -> mat4x4f {
${crossedStart(dialect)}
  let k = Ratios(${[1, 2, 3].map((line) => `vec3f(${[1, 2, 3].map((place) => k(line, place)).join(', ')})`).join(', ')});
  let once = sizes.n / 4u; // 1, which no compiler knows: it would write loops out, and keep what is to be computed again
  var u = vec4f(u0, u1, u2, u3);
  var v = vec4f(v0, v1, v2, v3);
${isFree ? '' : `  var ${inverse.u} = vec4f(r0, r1, r2, r3);\n  var ${inverse.v} = vec4f(c0, c1, c2, c3);`}
  let begin_u = u;
  let begin_v = v;
  var h: mat4x4f;
  var of_lines: vec4f;
  var of_places: vec4f;
  ${lines.map((line) => `var z${line} = vec4f(0.0);`).join(' ')}
${segments === 0 ? '' : `  ${rest === 0 ? '' : forward(rest)}
  var kept_u = array<vec4f, ${segments}>();
  var kept_v = array<vec4f, ${segments}>();
  for (var s = 0u; s < ${segments}u * once; s++) {
    kept_u[s] = u;
    kept_v[s] = v;
    if (s + 1u < ${segments}u) { ${forward(segmentPairs)} }
  }
  for (var s = ${segments}u * once; s > 0u; s--) {${segment(segmentPairs, 'kept_u[s - 1u]', 'kept_v[s - 1u]', `    if (s == ${segments}u) {\n${ending(isFree, `u_${segmentPairs}`, `v_${segmentPairs}`)}\n    }`)}
  }`}
${rest === 0 ? '' : `  {${segment(rest, 'begin_u', 'begin_v', segments === 0 ? ending(isFree, `u_${rest}`, `v_${rest}`) : '')}\n  }`}
  ${lines.map((line) => `let w${line} = h[${line}] - ${ratios[line]}z${line};`).join(' ')}
  return mat4x4f(${lines.map((line) => (isFree ? (dialect.temperature === 1 ? `w${line}` : `w${line} / temperature`) : `of_start(a[${line}], w${line})`)).join(', ')});
}
${isFree ? '' : `// from ∂log(softmax + ε) of a line to ∂L
fn of_start(a: vec4f, w: vec4f) -> vec4f {
  let s = a - epsilon;
  let h = w * (s / a);
  return (h - s * ((h.x + h.y) + (h.z + h.w)))${dialect.temperature === 1 ? '' : ' / temperature'};
}`}`;
}

/** After the last pair, which left u and v: what is left to do forward, H and its sums, and what is left to do backward. */
function ending(isFree: boolean, u: string, v: string): string {
  const last = isFree ? v : 'last';
  return `${isFree ? '' : `  let last = reciprocals_of(fma(vec4f(epsilon), ${inverse.v}, over_lines(${u}, k)));\n`}  h = mat4x4f(${lines.map((line) => `g[${line}] * ((${ratios[line]}${u}[${line}]) * ${last})`).join(', ')});
  of_lines = vec4f(${lines.map((line) => `(h[${line}].x + h[${line}].y) + (h[${line}].z + h[${line}].w)`).join(', ')});
  of_places = (h[0] + h[1]) + (h[2] + h[3]);
${isFree ? '' : `  { let q = last * of_places; ${lines.map((line) => `z${line} = fma(vec4f(${u}[${line}]), q, z${line});`).join(' ')} of_lines = fma(-${u}, over_places(q, k), of_lines); of_places = q * epsilon_over(${v}); }`}`;
}
