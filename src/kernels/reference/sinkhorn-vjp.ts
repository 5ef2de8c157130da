/**
 * Derivative of the Sinkhorn projection, reverse mode. `unrolled` stores every half-step's result and walks the T iterations
 * backwards (paper §4.3); `implicit` differentiates the exact projection at the result of the T iterations. The maximum that is
 * subtracted before the exponential is held constant: it carries no derivative.
 *
 * The walk carries h = X∘∂X, the gradient with respect to log X, which neither divides nor overflows where ∂X itself would:
 * the exponential at the start gives ∂L = h/τ, and |L/τ| + ε gives ±h/(X·τ).
 */
import { firstNormalised, halfSteps, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { projectionGradient } from './sinkhorn-implicit.ts';
import { sinkhornKernel } from './sinkhorn.ts';
import { addEpsilon, entryStride, exponentiate, lineStride, mayStop, normalise, normaliseLog, subtractMaximum, type Side } from './sinkhorn-steps.ts';

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
    if (dialect.temperature !== 1) for (let at = 0; at < gradient.length; at++) gradient[at] = round(gradient[at]! / dialect.temperature);
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
      if (dialect.start === 'absolute') store(x, start, 0, linear, round); // + ε included, there is nothing to normalise
      let done = 0;
      for (let t = 0; t < steps.length; t++) {
        if (linear) normalise(x, n, steps[t]!, dialect, round, divisors, t * n);
        else normaliseLog(x, n, steps[t]!, round);
        store(x, history, t * size, linear, round);
        done = t + 1;
        if (steps[t] === dialect.lastNormalised && mayStop(x, n, dialect, round)) break;
      }

      const h = gradient.subarray(token * size, (token + 1) * size);
      const result = done === 0 ? start : history.subarray((done - 1) * size, done * size);
      for (let at = 0; at < size; at++) h[at] = round(h[at]! * result[at]!);
      for (let t = done - 1; t >= 0; t--) normaliseVjp(h, history, t * size, n, steps[t]!, round, divisors, t * n);
      if (dialect.epsilonInStart && dialect.start === 'softmax') for (let at = 0; at < size; at++) h[at] = round(h[at]! * round(start[at]! / round(start[at]! + dialect.epsilon)));
      if (dialect.start === 'softmax') normaliseVjp(h, start, 0, n, first, round);
      if (dialect.start === 'absolute') absoluteVjp(h, start, logits, token * size, dialect, round);
      if (dialect.temperature !== 1) for (let at = 0; at < size; at++) h[at] = round(h[at]! / dialect.temperature);
    }
    return { logitsGradient: tensor(gradient, [tokens, n, n], storage) };
  };
}

/** From log(|L| + ε) to |L|, and to L by its sign, which at ±0 is what the dialect says. */
function absoluteVjp(h: Float64Array, start: Float64Array, logits: Float64Array, from: number, dialect: SinkhornVjpDialect, round: Round): void {
  for (let at = 0; at < h.length; at++) {
    const logit = logits[from + at]!;
    const slope = logit === 0 ? (dialect.slopeAtZero ?? 0) : Math.sign(logit);
    h[at] = slope === 0 ? 0 : slope * round(h[at]! / start[at]!);
  }
}

/** Stores X, which `x` holds itself or as logarithms. */
function store(x: Float64Array, to: Float64Array, at: number, linear: boolean, round: Round): void {
  for (let k = 0; k < x.length; k++) to[at + k] = linear ? x[k]! : round(Math.exp(x[k]!));
}

/**
 * y = x/(Σx + ε) gives h_k ← h_k − y_k·Σ_j h_j, whatever ε. A line with a constant divisor (stored with a minus) passes h unchanged.
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
