/**
 * Derivative of the Sinkhorn projection, reverse mode. `unrolled` stores every half-step's result and walks the T iterations
 * backwards (paper §4.3); `implicit` differentiates the exact projection at the result of the T iterations. The maximum that is
 * subtracted before the exponential is held constant: it carries no derivative.
 *
 * The walk carries h = X∘∂X, the gradient with respect to log X, which neither divides nor overflows where ∂X itself would:
 * the exponential at the start gives ∂L = h.
 */
import { firstNormalised, halfSteps, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { projectionGradient } from './sinkhorn-implicit.ts';
import { sinkhornKernel } from './sinkhorn.ts';
import { addEpsilon, entryStride, exponentiate, lineStride, normalise, normaliseLog, subtractMaximum, type Side } from './sinkhorn-steps.ts';

/** logits, cotangent [B,n,n] → logitsGradient [B,n,n]. */
export function sinkhornVjpKernel(dialect: SinkhornVjpDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  if (dialect.derivative === 'unrolled') return unrolled(dialect, round, storage);
  const forward = sinkhornKernel(dialect, round, 'f64'); // f64 storage: what `round` left is kept as it is
  return (inputs, sizes) => {
    const { tokens, streams: n } = sizes;
    const mapping = valuesOf(forward(inputs, sizes)['residualMapping']!);
    const gradient = valuesOf(inputs['cotangent']!);
    const backward = projectionGradient(n, round);
    for (let token = 0; token < tokens; token++) {
      const at = token * n * n;
      backward(mapping.subarray(at, at + n * n), gradient.subarray(at, at + n * n));
    }
    return { logitsGradient: tensor(gradient, [tokens, n, n], storage) };
  };
}

function unrolled(dialect: SinkhornVjpDialect, round: Round, storage: Dtype): ReferenceRun {
  const steps: readonly Side[] = halfSteps(dialect);
  const first = firstNormalised(dialect);
  const linear = dialect.domain === 'linear';
  return (inputs, { tokens, streams: n }) => {
    const size = n * n;
    const logits = valuesOf(inputs['logits']!);
    const gradient = valuesOf(inputs['cotangent']!);
    const x = new Float64Array(size);
    const start = new Float64Array(size);
    const history = new Float64Array(steps.length * size); // X after each half-step
    const divisors = new Float64Array(steps.length * n);
    for (let token = 0; token < tokens; token++) {
      subtractMaximum(logits, token * size, x, n, dialect, round);
      if (linear) exponentiate(x, n, dialect, round);
      else if (dialect.start === 'softmax') normaliseLog(x, n, first, round);
      store(x, start, 0, linear, round);
      if (linear) addEpsilon(x, n, dialect, round);
      for (let t = 0; t < steps.length; t++) {
        if (linear) normalise(x, n, steps[t]!, dialect, round, divisors, t * n);
        else normaliseLog(x, n, steps[t]!, round);
        store(x, history, t * size, linear, round);
      }

      const h = gradient.subarray(token * size, (token + 1) * size);
      const result = steps.length === 0 ? start : history.subarray((steps.length - 1) * size);
      for (let at = 0; at < size; at++) h[at] = round(h[at]! * result[at]!);
      for (let t = steps.length - 1; t >= 0; t--) normaliseVjp(h, history, t * size, n, steps[t]!, round, divisors, t * n);
      if (dialect.epsilonInStart) for (let at = 0; at < size; at++) h[at] = round(h[at]! * round(start[at]! / round(start[at]! + dialect.epsilon)));
      if (dialect.start === 'softmax') normaliseVjp(h, start, 0, n, first, round);
    }
    return { logitsGradient: tensor(gradient, [tokens, n, n], storage) };
  };
}

/** Stores X, which `x` holds itself or as logarithms. */
function store(x: Float64Array, to: Float64Array, at: number, linear: boolean, round: Round): void {
  for (let k = 0; k < x.length; k++) to[at + k] = linear ? x[k]! : round(Math.exp(x[k]!));
}

/**
 * y = x/(Σx + ε) gives h_k ← h_k − y_k·Σ_j h_j, whatever ε. A line divided by the constant ε (its divisor is stored as −ε) passes h unchanged.
 * `y` holds the matrix after the half-step, from `yAt` on.
 */
function normaliseVjp(h: Float64Array, y: Float64Array, yAt: number, n: number, side: Side, round: Round, divisors?: Float64Array, divisorsAt = 0): void {
  const line = lineStride(side, n);
  const entry = entryStride(side, n);
  for (let l = 0; l < n; l++) {
    if (divisors !== undefined && divisors[divisorsAt + l]! < 0) continue;
    let sum = 0;
    for (let k = 0; k < n; k++) sum = round(sum + h[l * line + k * entry]!);
    for (let k = 0; k < n; k++) {
      const at = l * line + k * entry;
      h[at] = round(h[at]! - round(y[yAt + at]! * sum));
    }
  }
}
