/**
 * The derivative of Sinkhorn's T iterations for n = 4, one matrix a thread, by cross ratios (sinkhorn-four.ts). What lines and places were multiplied with after every half-step is kept in registers, and a little of it in
 * workgroup memory, where each thread has a column of its own. Of more than twenty pairs of half-steps what stood before every seven is kept, and the seven are done again before they are walked back.
 *
 * Backward in logarithms: with H = G∘X for the cotangent G, γ the sums of its places and ρ those of its lines, the half-step v = 1/(Σ_i k_ij·u_i + ε·c) takes q = v∘γ; ∂log k_ij loses u_i·k_ij·q_j, ρ_i loses
 * u_i·Σ_j k_ij·q_j, and γ becomes ε·q∘c = ε·q/v', v' what v was before and c = 1/v'. A half-step of lines, with p = u∘ρ, is the same with sides changed. So what comes before it is q' = v'∘γ' = ε·q − v'∘(v'∘Σ_i k_ij·p_i): no
 * γ is needed, and no reciprocal. All that ∂log k loses is Z∘k with Z = Σ u·qᵀ + p·vᵀ; what is kept is H/k − Z, for H/k is G∘u·vᵀ, and multiplied with k at the end.
 *
 * Moves 192 bytes a matrix in f32. Operations of a half-step: 12 for the sums, 8 for reciprocals in pairs (6 with ε, where one pair and two alone are quicker), 4 for ε; 12 for the sums back, 16 for Z, 8 for q and 4 for ε: 56 without ε, 62 with it, so
 * 2,440 and 2,620 for T = 20: 1.2 and 1.3 ms for 2²⁴ matrices on an H200 at 33·10¹² a second, where the copy of the bytes takes 0.75 ms. Multiply-adds of three registers take 1.2 to 1.4 of an operation.
 *
 * Within the declared arithmetic: forward as sinkhorn-four.ts, with reciprocals in pairs (7u); at the beginning of a segment ε is multiplied with a reciprocal of u instead of r, 12u·ε. Back, a sum of four is rounded three times, its products with v'
 * twice, the last in its sum with what ε leaves once: 6u of the (n + 10)u that a half-step may err on a line (at the end, where what follows is 1/ε of what it is, twice more); Z takes a product from what is there, once for each half-step, as
 * h − X·sum does.
 *   Range with ε: that of sinkhorn-four.ts. Without, u and v keep their true scale here, and products of two are within 2^±58, for Σ L² ≤ 64 and so D = 16: sums of the other side have the mean 1 after a half-step, so neither Π u nor
 *   Π v falls (inequality of the means), and Σ log X ≤ −16 log 4 bounds the one by the other: their logarithmic means m are from −7.1 (v begins as exp(L_0j − L_00), u as 1/Σ_j exp(L_ij − L_i0); Cauchy) to 11.7,
 *   and a product of two of four numbers that differ by e^D at most lies within e^(2m ± D).
 */
import { firstNormalised, type SinkhornDialect, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import { crossedStart, isNarrow, k, lines, others, waysOf } from './crossed.ts';
import { isForFour, startPieces } from './sinkhorn-four.ts';
import { vjpPieces } from './sinkhorn-vjp.ts';
import { matrixTile } from './tile.ts';
import type { GpuDtype, Plan } from './plan.ts';
import type { Sizes } from '../../operations/operation.ts';
import { tensorPlan } from './frame.ts';
import { each, literal } from './wgsl.ts';

const workgroup = 32;
/** So many pairs of half-steps are one segment, and so many are a segment where there are more: what was quickest on an H200, and what a software GPU compiles in seconds. */
const [mostPairs, pairsOfSegment] = [20, 7];
/** Of one segment alone, the pairs whose factors are on the shelf, in workgroup memory; the others are in registers. What was quickest on an H200. */
const shelfPairs = (isFree: boolean): number => (isFree ? 4 : 2);
/** Iterations from which on each thread writes its own rows, for the arithmetic takes longer than the memory: 0.09 ms an iteration and 0.75 ms for the copy of 2²⁴ matrices on an H200 make it some ten. */
const mostExchanged = 12;
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
  ${isFree ? `if (${isNarrow(dialect)}) { x = crossed(l, g, lane); } else { x = ${transposed ? 'transpose(plainly(own_logits, own_cotangent))' : 'plainly(own_logits, own_cotangent)'}; }` : 'x = crossed(start(l), g, lane);'}
  m = ${transposed ? 'transpose(x)' : 'x'};`;
  const functions = `${isFree ? `const temperature = ${literal(dialect.temperature)};\n${plainGradient(dialect)}` : startPieces(dialect)}
${crossedGradient(dialect)}`;
  return matrixTile({ inputs: ['logits', 'cotangent'], output: 'logitsGradient', dtype, workgroup, exchange: dialect.iterations < mostExchanged, functions, compute });
}

/** For logits that are far apart: the shader of sinkhorn-vjp.ts, matrices in and out. */
function plainGradient(dialect: SinkhornDialect): string {
  const entries = lines.flatMap((row) => lines.map((column) => ({ row, column, at: 4 * row + column })));
  return /* wgsl */ `${ofCaller(vjpPieces({ ...dialect, derivative: 'unrolled' }, { n: '4u', most: 4 }))}
fn plainly(logits: mat4x4f, cotangent: mat4x4f) -> mat4x4f {
  var state: State;
  ${entries.map(({ row, column, at }) => `state.start[${at}] = logits[${row}][${column}]; state.h[${at}] = cotangent[${row}][${column}];`).join('\n  ')}
  forward(&state);
  backward(&state);
  return mat4x4f(${entries.map(({ at }) => `state.h[${at}]`).join(', ')});
}`;
}

/** The same functions with the arrays that they keep in a `State` of their caller's: variables of a module are set to zero in every invocation, which would cost each matrix what one in a million needs. */
function ofCaller(pieces: string): string {
  const arrays = [...pieces.matchAll(/var<private> (\w+): (array<f32, \d+>);[^\n]*\n/g)];
  const functions = [...pieces.matchAll(/\bfn (\w+)\(/g)].map(([, name]) => name!);
  let text = arrays.reduce((rest, [whole]) => rest.replace(whole, ''), pieces);
  for (const [, name] of arrays) text = text.replaceAll(new RegExp(`\\b${name}\\[`, 'g'), `(*state).${name}[`);
  for (const name of functions) text = text.replaceAll(new RegExp(`(\\bfn )?\\b${name}\\(`, 'g'), (_, declared?: string) => (declared === undefined ? `${name}(state, ` : `fn ${name}(state: ptr<function, State>, `));
  return `struct State { ${arrays.map(([, name, type]) => `${name}: ${type}`).join(', ')} }\n${text}`;
}

/**
 * What a thread keeps: the factors of both sides after every half-step of a segment, in registers, and those before each segment. `u_t` and `v_t` are the factors after t pairs of half-steps of the
 * segment at hand.
 */
function crossedGradient(dialect: SinkhornDialect): string {
  const isFree = waysOf(dialect) === 'free';
  // with ε a half-step of places follows the pairs, without it one of lines precedes each
  const pairs = isFree ? dialect.iterations : dialect.iterations - 1;
  const segmentPairs = pairs <= mostPairs ? mostPairs : pairsOfSegment;
  const segments = Math.ceil(pairs / segmentPairs) - 1;
  const rest = pairs - segments * segmentPairs;
  const registerPairs = mostPairs - shelfPairs(isFree);
  const shelves = Math.max(0, (segments === 0 ? rest : segmentPairs) - registerPairs);
  const [first, second] = isFree ? (['u', 'v'] as const) : (['v', 'u'] as const);
  // what the half-step that makes one side of the other is the reciprocal of; with ε, of what its own factors were the reciprocals of too
  const summed = (side: 'u' | 'v', other: string): string => {
    const sum = `${side === 'u' ? 'over_places' : 'over_lines'}(${other}, k)`;
    return isFree ? sum : `fma(vec4f(epsilon), ${inverse[side]}, ${sum})`;
  };
  const halfStep = (side: 'u' | 'v', factors: string, other: string): string => (isFree ? `${factors} = reciprocals_of(${summed(side, other)});` : `${inverse[side]} = ${summed(side, other)}; ${factors} = reciprocals_of(${inverse[side]});`);
  const forward = (count: number): string => `for (var t = 0u; t < once; t++) {\n${each(count, () => `    ${halfStep(first, first, second)} ${halfStep(second, second, first)}`)}\n  }`;
  const pairOf = (t: number): string => `  var ${first}_${t}: vec4f; ${halfStep(first, `${first}_${t}`, `${second}_${t - 1}`)}\n  var ${second}_${t}: vec4f; ${halfStep(second, `${second}_${t}`, `${first}_${t}`)}`;
  const shelf = (side: 'u' | 'v', t: number, place: string): string => `shelf[${(2 * (t - 1) + (side === 'u' ? 0 : 1)) * workgroup}u + ${place}]`;
  // q of a half-step that made its factors of those of the other side
  const back = (side: 'u' | 'v', factors: string, other: string): string => {
    const [its, sum] = side === 'u' ? ['q_u', 'over_places(q_v, k)'] : ['q_v', 'over_lines(q_u, k)'];
    const outer = (line: number): string => (side === 'u' ? `vec4f(q_u[${line}]), ${other}` : `vec4f(${other}[${line}]), q_v`);
    const own = `${factors} * (${factors} * ${sum})`;
    return `  ${its} = ${isFree ? `more_${its} - ${own}` : `fma(vec4f(epsilon), more_${its}, -(${own}))`}; more_${its} = ${isFree ? 'vec4f(0.0)' : its}; ${lines.map((line) => `z${line} = fma(-${outer(line)}, z${line});`).join(' ')}`;
  };
  const segment = (count: number, u: string, v: string, end: string): string => {
    const shelved = Math.max(0, count - registerPairs);
    const before = (t: number): string => (t > shelved || t === 0 ? '' : `  let u_${t}_again = ${shelf('u', t, 'again')}; let v_${t}_again = ${shelf('v', t, 'again')};\n`);
    const named = (side: 'u' | 'v', t: number): string => (t > shelved || t === 0 ? `${side}_${t}` : `${side}_${t}_again`);
    const walked = Array.from({ length: count }, (_, done) => count - done).map((t) => `${before(t - 1)}${back(second, named(second, t), named(first, t))}\n${back(first, named(first, t), named(second, t - 1))}`);
    return `
    let u_0 = ${u};
    let v_0 = ${v};
${isFree || segments === 0 ? '' : `  ${inverse.u} = 1.0 / u_0; ${inverse.v} = 1.0 / v_0;\n`}${each(count, (t) => `${pairOf(t + 1)}${t < shelved ? `\n  ${shelf('u', t + 1, 'lane')} = u_${t + 1}; ${shelf('v', t + 1, 'lane')} = v_${t + 1};` : ''}`)}
${end}
${walked.join('\n')}`;
  };
  return /* wgsl */ `
${shelves === 0 ? '' : `var<workgroup> shelf: array<vec4f, ${2 * shelves * workgroup}>; // each thread has a column of its own\n`}struct Ratios { one: vec3f, two: vec3f, three: vec3f }
// Σ_j k_ij·q_j of all i, Σ_i k_ij·q_i of all j
${sumOver('places')}
${sumOver('lines')}
fn reciprocals_of(r: vec4f) -> vec4f {
  ${isFree ? `let q = 1.0 / (r.xz * r.yw);
  return q.xxyy * r.yxwz;` : `let q = 1.0 / (r.x * r.y);
  return vec4f(q * r.y, q * r.x, 1.0 / r.z, 1.0 / r.w);`}
}
fn crossed(a: mat4x4f, g: mat4x4f, lane: u32) -> mat4x4f {
${crossedStart(dialect)}
  let k = Ratios(${[1, 2, 3].map((line) => `vec3f(${[1, 2, 3].map((place) => k(line, place)).join(', ')})`).join(', ')});
  let once = sizes.n / 4u; // 1, which no compiler knows: it would write loops out, and keep in registers what is on the shelf
  let again = lane * once;
  var u = vec4f(u0, u1, u2, u3);
  var v = vec4f(v0, v1, v2, v3);
${isFree ? '' : `  var ${inverse.u} = vec4f(r0, r1, r2, r3);\n  var ${inverse.v} = vec4f(c0, c1, c2, c3);`}
  let begin_u = u;
  let begin_v = v;
  var q_u = vec4f(0.0);
  var q_v = vec4f(0.0);
  var more_q_u: vec4f;
  var more_q_v: vec4f;
  ${lines.map((line) => `var z${line}: vec4f;`).join(' ')}
${segments === 0 ? '' : `  ${forward(rest)}
  var kept_u = array<vec4f, ${segments}>();
  var kept_v = array<vec4f, ${segments}>();
  for (var s = 0u; s < ${segments}u * once; s++) {
    kept_u[s] = u;
    kept_v[s] = v;
    if (s + 1u < ${segments}u) { ${forward(segmentPairs)} }
  }
  for (var s = ${segments}u * once; s > 0u; s--) {${segment(segmentPairs, 'kept_u[s - 1u]', 'kept_v[s - 1u]', `    if (s == ${segments}u) {\n${ending(isFree, `u_${segmentPairs}`, `v_${segmentPairs}`)}\n    }`)}
  }`}
  {${segment(rest, 'begin_u', 'begin_v', segments === 0 ? ending(isFree, `u_${rest}`, `v_${rest}`) : '')}
  }
  ${lines.map((line) => `let w${line} = ${ratios[line]}z${line};`).join(' ')}
  return mat4x4f(${lines.map((line) => (isFree ? (dialect.temperature === 1 ? `w${line}` : `w${line} / temperature`) : `of_start(a[${line}], w${line})`)).join(', ')});
}
${isFree ? '' : `// from ∂log(softmax + ε) of a line to ∂L
fn of_start(a: vec4f, w: vec4f) -> vec4f {
  let s = a - epsilon;
  let h = w * (s / a);
  return (h - s * ((h.x + h.y) + (h.z + h.w)))${dialect.temperature === 1 ? '' : ' / temperature'};
}`}`;
}

/** A sum of products with cross ratios, in the order of `sums` (crossed.ts). */
function sumOver(sides: 'places' | 'lines'): string {
  const ratio = (sum: number, other: number): string => { const [line, place] = sides === 'places' ? [sum, other] : [other, sum]; return `k.${['one', 'two', 'three'][line - 1]}.${'xyz'[place - 1]}`; };
  const added = others.map((other) => `${others.map((sum) => `s${sum} = fma(${ratio(sum, other)}, q[${other}], s${sum});`).join(' ')} s0 += q[${other}];`);
  return `fn over_${sides}(q: vec4f, k: Ratios) -> vec4f {
  ${lines.map((sum) => `var s${sum} = q.x;`).join(' ')}
  ${added.join('\n  ')}
  return vec4f(s0, s1, s2, s3);
}`;
}

/** After the last pair, which left u and v: what is left to do forward, H, and where the walk back begins. */
function ending(isFree: boolean, u: string, v: string): string {
  const last = isFree ? v : 'last';
  return `${isFree ? '' : `  let last = reciprocals_of(fma(vec4f(epsilon), ${inverse.v}, over_lines(${u}, k)));\n`}  ${lines.map((line) => `z${line} = g[${line}] * (${u}[${line}] * ${last});`).join(' ')}
  ${lines.map((line) => `let h${line} = ${ratios[line]}z${line};`).join(' ')}
  more_q_v = ${last} * ((h0 + h1) + (h2 + h3));
  more_q_u = ${u} * vec4f(${lines.map((line) => `(h${line}.x + h${line}.y) + (h${line}.z + h${line}.w)`).join(', ')});
${isFree ? '' : `  q_v = more_q_v; more_q_u /= epsilon; ${lines.map((line) => `z${line} = fma(-vec4f(${u}[${line}]), q_v, z${line});`).join(' ')}`}`;
}
