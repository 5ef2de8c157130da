/**
 * The derivative of Sinkhorn for n = 1…16 in any dialect, one matrix a thread, n read from the uniform but for 4: in the log domain sinkhorn-vjp-log.ts, of the exact projection sinkhorn-implicit.ts, and here through T iterations
 * in the linear domain. Recomputes the forward, keeping K as the first half-step leaves it and what rows and columns are multiplied with after every half-step (n numbers, not n²), and walks back with h = X∘∂X, from which each
 * half-step takes X times its line sums. A line whose divisor does not move with its sum (clamped, below a threshold) has its factor with a minus, and passes h on; a line that became zero has the factor 0.
 *
 * Moves 12n² bytes a matrix in f32. Operations of a half-step: n² multiply-adds and n divisions forward; 2n² products, n² multiply-adds and n² additions back: for n = 4 and T = 20 some 3,000 a matrix,
 * 1.5 ms for 2²⁴ matrices on an H200 where the copy of the bytes takes 0.76 ms.
 *
 * Within the declared arithmetic: as sinkhorn-four.ts, but each factor is divided by its divisor where that file takes a new sum: product and sum n, the factor 1, ε 1, division 5: (n + 7)u of the
 * (n + 10)u that a half-step may err on a line. X in the walk back is two products of the forward's own factors and K.
 */
import { halfSteps, firstNormalised, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import { evenPieces } from './even.ts';
import { implicitPieces } from './sinkhorn-implicit.ts';
import { logVjpPieces } from './sinkhorn-vjp-log.ts';
import { bindings, entry, literal, streamCount } from './wgsl.ts';
import { packedStore, perThread } from './words.ts';
import { tensorPlan } from './frame.ts';
import type { GpuDtype, Plan } from './plan.ts';
import type { Sizes } from '../../operations/operation.ts';

const workgroup = 64;

export function sinkhornVjp(dialect: SinkhornVjpDialect, dtype: GpuDtype, sizes: Sizes): Plan {
  const elements = sizes.streams ** 2;
  const count = streamCount(sizes.streams);
  const code = /* wgsl */ `
${bindings([{ name: 'logits', dtype, as: 'items' }, { name: 'cotangent', dtype, as: 'items' }, { name: 'logitsGradient', dtype, as: 'items', writable: true }])}
${vjpPieces(dialect, count)}
fn matrix(token: u32) {
  let n = ${count.n};
  for (var i = 0u; i < n * n; i++) {
    start[i] = load_logits(token * n * n + i);
    h[i] = load_cotangent(token * n * n + i);
  }
  forward();
  backward();
}
${entry(workgroup, `  let n = ${count.n};\n${packedStore({ dtype, elements: 'n * n', output: 'logitsGradient', compute: 'matrix(token)', value: 'h' })}`)}`;
  return tensorPlan(sizes, {
    label: `sinkhorn-vjp, n = ${sizes.streams}`,
    inputs: { logits: { elements, dtype }, cotangent: { elements, dtype } },
    outputs: { logitsGradient: { elements, dtype } },
    code,
    groups: (tokens) => Math.ceil(tokens / (workgroup * perThread(dtype, elements))),
  });
}

/**
 * WGSL: `forward` takes logits in `start` and leaves what `backward` needs, which turns the cotangent in h into the gradient of the logits.
 */
export function vjpPieces(dialect: SinkhornVjpDialect, count: ReturnType<typeof streamCount>): string {
  if (dialect.derivative === 'implicit') return implicitPieces(dialect, count);
  return dialect.domain === 'log' ? logVjpPieces(dialect, count) : linearPieces(dialect, count);
}

function linearPieces(dialect: SinkhornVjpDialect, { n, most }: ReturnType<typeof streamCount>): string {
  const { start, epsilon, epsilonInStart, stabilisation, temperature, divisor, stopBelow, slopeAtZero = 0 } = dialect;
  const steps = halfSteps(dialect).length;
  const softmax = start === 'softmax';
  const absolute = start === 'absolute';
  const adds = epsilonInStart && epsilon > 0;
  const first = firstNormalised(dialect);
  // side 0: lines l·stride0 + k·stride1
  const [line, step] = first === 'rows' ? [n, '1u'] : ['1u', n];
  const shift = { none: '', 'line-max': `for (var l = 0u; l < n; l++) { shift(l * ${line}, ${step}, n); }`, 'matrix-max': 'shift(0u, 1u, n * n);' }[stabilisation];
  const small = { rows: dialect.smallRows, columns: dialect.smallColumns };
  const other = first === 'rows' ? 'columns' : 'rows';
  const branches = divisor === 'clamp' || divisor === 'threshold';
  const magnitude = (factor: string): string => (branches ? `abs(${factor})` : factor);
  /** The new factor of a line: of side 0 where t is odd. */
  const factor = {
    add: 'mine / (mine * sum + epsilon)',
    plain: 'mine / (mine * sum)',
    clamp: 'select(mine / (mine * sum), -mine / epsilon, mine * sum < epsilon)',
    threshold: `select(${small[first] === small[other] ? undivided(small[first]) : `select(${undivided(small[other])}, ${undivided(small[first])}, t % 2u == 1u)`}, mine / (mine * sum), mine * sum > epsilon)`,
  }[divisor];
  /** What the first half-step multiplies a line of K with where it is no softmax. */
  const firstFactor = { add: '', plain: '', clamp: 'select(1.0, -1.0, sum < epsilon)', threshold: `select(${undivided(small[first], '1.0')}, 1.0, sum > epsilon)` }[divisor];
  const by = softmax || divisor === 'plain' ? 'sum' : { add: 'sum + epsilon', clamp: 'select(sum, epsilon, sum < epsilon)', threshold: 'select(1.0, sum, sum > epsilon)' }[divisor];
  const starts = absolute ? `abs(start[at])${adds ? ' + epsilon' : ''}` : 'exp(start[at])';
  return /* wgsl */ `
const epsilon = ${literal(epsilon)};
const steps = ${softmax ? steps : steps - 1}u; // half-steps after K
var<private> start: array<f32, ${most * most}>; // softmax, or K
var<private> kept: array<f32, ${most * most}>; // K: what enters the alternation, the side 0 of it normalised
var<private> h: array<f32, ${most * most}>;
var<private> factors: array<f32, ${(steps + 2) * most}>; // of side 1 and side 0 before the first half-step, and of the side of each half-step
${absolute ? `var<private> given: array<f32, ${most * most}>; // L` : ''}
${stopBelow > 0 ? 'var<private> done: u32; // half-steps' : ''}
fn shift(begin: u32, entry: u32, count: u32) {
  var most = start[begin];
  for (var k = 1u; k < count; k++) { most = max(most, start[begin + k * entry]); }
  for (var k = 0u; k < count; k++) { start[begin + k * entry] -= most; }
}
fn forward() {
  let n = ${n};
  ${absolute ? 'given = start;' : ''}
  ${temperature === 1 ? '' : `for (var i = 0u; i < n * n; i++) { start[i] /= ${literal(temperature)}; }`}
  ${shift}
  for (var l = 0u; l < 2u * n; l++) { factors[l] = 1.0; }
  for (var l = 0u; l < n; l++) {
    var sum = 0.0;
    for (var k = 0u; k < n; k++) {
      let at = l * ${line} + k * ${step};
      start[at] = ${starts};
      sum += start[at];
    }
    let by = ${by};
    for (var k = 0u; k < n; k++) {
      let at = l * ${line} + k * ${step};
      start[at] /= by;
      kept[at] = start[at]${softmax && adds ? ' + epsilon' : ''};
    }
    ${branches && !softmax ? `factors[n + l] = ${firstFactor};` : ''}
  }
  for (var t = 0u; t < steps; t++) {
    // half-step t normalises side 1 first; its factors go to slot t + 2, those of the other side are in t + 1, its own before in t
    let line_stride = select(${step}, ${line}, t % 2u == 1u);
    let entry_stride = select(${line}, ${step}, t % 2u == 1u);
    for (var l = 0u; l < n; l++) {
      var sum = 0.0;
      for (var k = 0u; k < n; k++) { sum += kept[l * line_stride + k * entry_stride] * ${magnitude('factors[(t + 1u) * n + k]')}; }
      let mine = ${magnitude('factors[t * n + l]')};
      factors[(t + 2u) * n + l] = ${factor};
    }
    ${stopBelow > 0 ? 'done = t + 1u;\n    if (t % 2u == 0u && even(t)) { break; }' : ''}
  }
}
// X after half-step t: line l of its side, entry k
fn iterate_of(t: u32, at: u32, l: u32, k: u32) -> f32 { let n = ${n}; return (kept[at] * ${magnitude('factors[(t + 2u) * n + l]')}) * ${magnitude('factors[(t + 1u) * n + k]')}; }
${stopBelow > 0 ? evenPieces(stopBelow, n, `iterate_of(t, l * ${step} + k * ${line}, l, k)`, `iterate_of(t, k * ${step} + l * ${line}, k, l)`) : ''}
fn backward() {
  let n = ${n};
  ${stopBelow > 0 ? 'let steps = done;' : ''}
  for (var t = steps; t > 0u; t--) {
    let line_stride = select(${step}, ${line}, t % 2u == 0u);
    let entry_stride = select(${line}, ${step}, t % 2u == 0u);
    for (var l = 0u; l < n; l++) {
      if (t == steps) {
        for (var k = 0u; k < n; k++) { h[l * line_stride + k * entry_stride] *= iterate_of(t - 1u, l * line_stride + k * entry_stride, l, k); }
      }
      ${branches ? 'if (factors[(t + 1u) * n + l] < 0.0) { continue; }' : ''}
      var sum = 0.0;
      for (var k = 0u; k < n; k++) { sum += h[l * line_stride + k * entry_stride]; }
      for (var k = 0u; k < n; k++) {
        let at = l * line_stride + k * entry_stride;
        h[at] -= iterate_of(t - 1u, at, l, k) * sum;
      }
    }
  }
  ${softmax && adds ? 'for (var i = 0u; i < n * n; i++) { h[i] *= start[i] / kept[i]; }' : ''}
  for (var l = 0u; l < n; l++) {
    ${branches && !softmax ? 'if (factors[n + l] <= 0.0) { continue; }' : ''}
    var sum = 0.0;
    for (var k = 0u; k < n; k++) { sum += h[l * ${line} + k * ${step}]; }
    for (var k = 0u; k < n; k++) { h[l * ${line} + k * ${step}] -= start[l * ${line} + k * ${step}] * sum; }
  }
  ${absolute ? toLogits(adds, temperature, slopeAtZero) : ''}
  ${temperature === 1 ? '' : `for (var i = 0u; i < n * n; i++) { h[i] /= ${literal(temperature)}; }`}
}`;
}

/** The factor of a line that its threshold leaves undivided. */
function undivided(small: SinkhornVjpDialect['smallRows'], mine = 'mine'): string {
  return small === 'zeroed' ? '0.0' : `-${mine}`;
}

/** From h to ∂ℓ/∂|L|, and by the sign of L, which is told by its bits: a device may take small numbers for zero. What starts at zero stays zero, whatever is done to it. */
function toLogits(adds: boolean, temperature: number, slopeAtZero: number): string {
  return /* wgsl */ `
  for (var i = 0u; i < n * n; i++) {
    let entry = abs(given[i]${temperature === 1 ? '' : ` / ${literal(temperature)}`})${adds ? ' + epsilon' : ''};
    let bits = bitcast<u32>(given[i]);
    let slope = select(select(1.0, -1.0, (bits >> 31u) == 1u), ${literal(slopeAtZero)}, (bits << 1u) == 0u);
    h[i] = select(slope * (h[i] / entry), 0.0, slope == 0.0 || entry == 0.0);
  }`;
}
