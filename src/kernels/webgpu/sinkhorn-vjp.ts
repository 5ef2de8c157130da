/**
 * The derivative of Sinkhorn's T iterations for n = 1…16, one matrix a thread, n read from the uniform but for 4. Recomputes the forward, keeping K as the first half-step leaves it and what rows and columns are multiplied
 * with after every half-step (n numbers, not n²), and walks back with h = X∘∂X, from which each half-step takes X times its line sums.
 *
 * Moves 12n² bytes a matrix in f32. Operations of a half-step: n² multiply-adds and n divisions forward; 2n² products, n² multiply-adds and n² additions back: for n = 4 and T = 20 some 3,000 a matrix,
 * 1.5 ms for 2²⁴ matrices on an H200 where the copy of the bytes takes 0.76 ms.
 *
 * Within the declared arithmetic: as sinkhorn-four.ts, but each factor is divided by its divisor where that file takes a new sum: product and sum n, the factor 1, ε 1, division 5: (n + 7)u of the
 * (n + 10)u that a half-step may err on a line. X in the walk back is two products of the forward's own factors and K.
 */
import { halfSteps, firstNormalised, type SinkhornDialect, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import { bindings, entry, literal, streamCount } from './wgsl.ts';
import { packedStore, perThread } from './words.ts';
import { tensorPlan } from './frame.ts';
import type { GpuDtype, Plan } from './plan.ts';
import type { Sizes } from '../../operations/operation.ts';

const workgroup = 64;

/** Whether the dialect is one that this kernel computes: unrolled, in the linear domain, all lines divided, T iterations. */
export function hasVjp({ domain, start, divisor, stopBelow }: SinkhornDialect, derivative: SinkhornVjpDialect['derivative'] = 'unrolled'): boolean {
  return derivative === 'unrolled' && domain === 'linear' && start !== 'absolute' && (divisor === 'add' || divisor === 'plain') && stopBelow === 0;
}

export function sinkhornVjp(dialect: SinkhornDialect, dtype: GpuDtype, sizes: Sizes): Plan {
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
 * WGSL: `forward` takes logits in `start` and leaves the result in x; `backward` turns the cotangent in h into the gradient of the logits. In `line_of(side)` side 0 is the first normalised.
 * What they keep is the module's, or a `State` of the caller's, which costs nothing where it is not called: variables of a module are set to zero in every invocation.
 */
export function vjpPieces(dialect: SinkhornDialect, { n, most }: ReturnType<typeof streamCount>, keeper: 'module' | 'caller' = 'module'): string {
  const { start, epsilon, epsilonInStart, stabilisation, temperature, divisor } = dialect;
  const steps = halfSteps(dialect).length;
  const softmax = start === 'softmax';
  const adds = epsilonInStart && epsilon > 0;
  const held: readonly (readonly [name: string, count: number, what: string])[] = [
    ['start', most * most, 'softmax, or K'],
    ['kept', most * most, 'K: what enters the alternation, the side 0 of it normalised'],
    ['h', most * most, ''],
    ['factors', (steps + 2) * most, 'of side 0 before the first half-step, and of the side of each half-step'],
  ];
  const ofModule = keeper === 'module';
  const declared = ofModule ? held.map(([name, count, what]) => `var<private> ${name}: array<f32, ${count}>; // ${what}`).join('\n') : `struct State { ${held.map(([name, count]) => `${name}: array<f32, ${count}>`).join(', ')} }`;
  const [my, taken, given] = ofModule ? ['', '', ''] : ['(*state).', 'state: ptr<function, State>, ', 'state, '];
  // side 0: lines l·stride0 + k·stride1
  const [line, step] = firstNormalised(dialect) === 'rows' ? [n, '1u'] : ['1u', n];
  const shift = { none: '', 'line-max': `for (var l = 0u; l < n; l++) { shift(${given}l * ${line}, ${step}, n); }`, 'matrix-max': `shift(${given}0u, 1u, n * n);` }[stabilisation];
  return /* wgsl */ `
const epsilon = ${literal(epsilon)};
const steps = ${softmax ? steps : steps - 1}u; // half-steps after K
${declared}
fn shift(${taken}begin: u32, entry: u32, count: u32) {
  var most = ${my}start[begin];
  for (var k = 1u; k < count; k++) { most = max(most, ${my}start[begin + k * entry]); }
  for (var k = 0u; k < count; k++) { ${my}start[begin + k * entry] -= most; }
}
fn forward(${taken}) {
  let n = ${n};
  ${temperature === 1 ? '' : `for (var i = 0u; i < n * n; i++) { ${my}start[i] /= ${literal(temperature)}; }`}
  ${shift}
  for (var l = 0u; l < n; l++) {
    var sum = 0.0;
    for (var k = 0u; k < n; k++) {
      let at = l * ${line} + k * ${step};
      ${my}start[at] = exp(${my}start[at]);
      sum += ${my}start[at];
    }
    let by = sum${!softmax && divisor === 'add' ? ' + epsilon' : ''};
    for (var k = 0u; k < n; k++) {
      let at = l * ${line} + k * ${step};
      ${my}start[at] /= by;
      ${my}kept[at] = ${my}start[at]${softmax && adds ? ' + epsilon' : ''};
    }
  }
  for (var l = 0u; l < 2u * n; l++) { ${my}factors[l] = 1.0; }
  for (var t = 0u; t < steps; t++) {
    // half-step t normalises side 1 first; its factors go to slot t + 2, those of the other side are in t + 1, its own before in t
    let line_stride = select(${step}, ${line}, t % 2u == 1u);
    let entry_stride = select(${line}, ${step}, t % 2u == 1u);
    for (var l = 0u; l < n; l++) {
      var sum = 0.0;
      for (var k = 0u; k < n; k++) { sum += ${my}kept[l * line_stride + k * entry_stride] * ${my}factors[(t + 1u) * n + k]; }
      let mine = ${my}factors[t * n + l];
      ${my}factors[(t + 2u) * n + l] = mine / (mine * sum${divisor === 'add' ? ' + epsilon' : ''});
    }
  }
}
// X after half-step t: line l of its side, entry k
fn iterate_of(${taken}t: u32, at: u32, l: u32, k: u32) -> f32 { let n = ${n}; return (${my}kept[at] * ${my}factors[(t + 2u) * n + l]) * ${my}factors[(t + 1u) * n + k]; }
fn backward(${taken}) {
  let n = ${n};
  for (var t = steps; t > 0u; t--) {
    let line_stride = select(${step}, ${line}, t % 2u == 0u);
    let entry_stride = select(${line}, ${step}, t % 2u == 0u);
    for (var l = 0u; l < n; l++) {
      if (t == steps) {
        for (var k = 0u; k < n; k++) { ${my}h[l * line_stride + k * entry_stride] *= iterate_of(${given}t - 1u, l * line_stride + k * entry_stride, l, k); }
      }
      var sum = 0.0;
      for (var k = 0u; k < n; k++) { sum += ${my}h[l * line_stride + k * entry_stride]; }
      for (var k = 0u; k < n; k++) {
        let at = l * line_stride + k * entry_stride;
        ${my}h[at] -= iterate_of(${given}t - 1u, at, l, k) * sum;
      }
    }
  }
  ${softmax && adds ? `for (var i = 0u; i < n * n; i++) { ${my}h[i] *= ${my}start[i] / ${my}kept[i]; }` : ''}
  for (var l = 0u; l < n; l++) {
    var sum = 0.0;
    for (var k = 0u; k < n; k++) { sum += ${my}h[l * ${line} + k * ${step}]; }
    for (var k = 0u; k < n; k++) { ${my}h[l * ${line} + k * ${step}] -= ${my}start[l * ${line} + k * ${step}] * sum; }
  }
  ${temperature === 1 ? '' : `for (var i = 0u; i < n * n; i++) { ${my}h[i] /= ${literal(temperature)}; }`}
}`;
}
