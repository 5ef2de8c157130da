/**
 * The derivative of Sinkhorn's T iterations on logarithms, n = 1…16, one matrix a thread. Keeps L/τ and, after every half-step, the potentials of the side that it normalised (n numbers, not n²): an iterate is
 * exp((L/τ + f) + g), and f_l = −log Σ_k exp(L_lk/τ + g_k). Walks back as sinkhorn-vjp.ts does.
 *
 * Moves 12n² bytes a matrix in f32. A half-step is n² exponentials and n logarithms forward, n² exponentials back: for n = 4 and T = 20 some 1,300 exponentials a matrix.
 *
 * Within the declared arithmetic: potentials that are kept and added to L are what log-domain-errors.ts allows besides an update in place. A start that is a softmax is the first half-step, whatever is subtracted
 * before it: a log-sum-exp subtracts its own maximum.
 */
import { firstNormalised, halfSteps, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import { evenPieces } from './even.ts';
import { literal, type streamCount } from './wgsl.ts';

/** WGSL: `forward` takes logits in `start`; `backward` turns the cotangent in h into the gradient of the logits. Side 0 is the first normalised. */
export function logVjpPieces(dialect: SinkhornVjpDialect, { n, most }: ReturnType<typeof streamCount>): string {
  const { stopBelow, temperature } = dialect;
  const steps = halfSteps(dialect).length + (dialect.start === 'softmax' ? 1 : 0);
  const [line, step] = firstNormalised(dialect) === 'rows' ? [n, '1u'] : ['1u', n];
  return /* wgsl */ `
var<private> start: array<f32, ${most * most}>; // L, then L/τ
var<private> h: array<f32, ${most * most}>;
var<private> potentials: array<f32, ${(steps + 1) * most}>; // zeros for side 1, then of the side of each half-step
var<private> done: u32; // half-steps
fn forward() {
  let n = ${n};
  ${temperature === 1 ? '' : `for (var i = 0u; i < n * n; i++) { start[i] /= ${literal(temperature)}; }`}
  for (var l = 0u; l < n; l++) { potentials[l] = 0.0; }
  for (var t = 0u; t < ${steps}u; t++) {
    // half-step t normalises side 0 first; its potentials go to slot t + 1, those of the other side are in t
    let line_stride = select(${line}, ${step}, t % 2u == 1u);
    let entry_stride = select(${step}, ${line}, t % 2u == 1u);
    for (var l = 0u; l < n; l++) {
      var most = start[l * line_stride] + potentials[t * n];
      for (var k = 1u; k < n; k++) { most = max(most, start[l * line_stride + k * entry_stride] + potentials[t * n + k]); }
      var sum = 0.0;
      for (var k = 0u; k < n; k++) { sum += exp((start[l * line_stride + k * entry_stride] + potentials[t * n + k]) - most); }
      potentials[(t + 1u) * n + l] = -(most + log(sum));
    }
    done = t + 1u;
    ${stopBelow > 0 ? 'if (t % 2u == 1u && even(t)) { break; }' : ''}
  }
}
// X after half-step t: line l of its side, entry k
fn iterate_of(t: u32, at: u32, l: u32, k: u32) -> f32 { let n = ${n}; return exp((start[at] + potentials[(t + 1u) * n + l]) + potentials[t * n + k]); }
${stopBelow > 0 ? evenPieces(stopBelow, n, `iterate_of(t, l * ${step} + k * ${line}, l, k)`, `iterate_of(t, k * ${step} + l * ${line}, k, l)`) : ''}
fn backward() {
  let n = ${n};
  for (var t = done; t > 0u; t--) {
    let line_stride = select(${step}, ${line}, t % 2u == 1u);
    let entry_stride = select(${line}, ${step}, t % 2u == 1u);
    for (var l = 0u; l < n; l++) {
      var x = array<f32, ${most}>();
      var sum = 0.0;
      for (var k = 0u; k < n; k++) {
        let at = l * line_stride + k * entry_stride;
        x[k] = iterate_of(t - 1u, at, l, k);
        if (t == done) { h[at] *= x[k]; }
        sum += h[at];
      }
      for (var k = 0u; k < n; k++) { h[l * line_stride + k * entry_stride] -= x[k] * sum; }
    }
  }
  ${temperature === 1 ? '' : `for (var i = 0u; i < n * n; i++) { h[i] /= ${literal(temperature)}; }`}
}`;
}
