/**
 * Instance-wise error of the unrolled derivative. With h = g∘X the exact backward step is h = h' − X'·S, S the line sums of h'. A kernel has
 * iterates X̂' = X'·exp(e), |e| ≤ E (trajectory), and rounds: products and their sum by γ_{n+2}·Σ|h'|, the difference and the scaling by 3u.
 * Local error of step k: b = X'·((exp(E) − 1)·|S| + γ_{n+4}·Σ|h'|) + γ_4·(|h'| + X'|S|) + a·(|S| + |g|) + underflow, a the absolute error of X̂'. It reaches output o through the exact maps of the steps
 * before: μ ← μ − (line sums of μ∘X'), started at o, which is the tangent map of Sinkhorn. |Δ_o| ≤ Σ_k Σ |μ_k|·b_k.
 * The computed maps act on computed stages; with q = 2K(E + γ)n the second-order part is at most q times the bound, hence the factor 1/(1 − q).
 * That step takes the error of inner stages in the 1-norm to be at most 2n times the largest error of the result, as the maps are projections
 * along lines; tests/unit/operations tries to break it. Assumes the backward uses the forward's own iterates or recomputes them in the same arithmetic.
 */
import { computeUnit, gamma, type Arithmetic } from '../../numerics/arithmetic.ts';
import { maxFinite } from '../../tensor/dtype.ts';
import type { Trajectory } from './trajectory.ts';

export interface VjpTerms {
  forward: number;
  rounding: number;
}

/**
 * Local errors of all backward steps of one token. `slopes` enters as the cotangent and carries the gradient with respect to the
 * entries themselves, which is what kernels store: it says what an underflowed entry is multiplied with, and what can overflow. False when the arithmetic cannot carry the token. */
export function localVjpErrors(
  trajectory: Trajectory,
  n: number,
  arithmetic: Arithmetic,
  stages: readonly Float64Array[],
  underflow: number,
  slopes: Float64Array,
  forward: readonly Float64Array[],
  rounding: readonly Float64Array[],
): boolean {
  const u = computeUnit(arithmetic) + 2 ** -53;
  const sumError = gamma(n + 4 + arithmetic.division.perLine, u);
  const ownError = gamma(4 + arithmetic.division.perEntry, u);
  const count = trajectory.steps.length;
  const limit = maxFinite[arithmetic.compute] / (4 * n);
  for (let k = count - 1; k >= 0; k--) {
    const step = trajectory.steps[k]!;
    const from = stages[k + 1]!;
    const after = trajectory.matrices[k + 1]!;
    const toForward = forward[k]!;
    const toRounding = rounding[k]!;
    if (step.kind === 'add') {
      for (let i = 0; i < n * n; i++) {
        const error = Math.expm1(trajectory.errorOf(k, i) + trajectory.errorOf(k + 1, i));
        toForward[i] = Math.abs(from[i]!) * error + trajectory.absolute[k]![i]! * Math.abs(slopes[i]!); // X̂ and X̂ + ε both enter
        toRounding[i] = Math.abs(from[i]!) * ownError + underflow;
      }
      continue;
    }
    const [lineStride, entryStride] = step.side === 'rows' ? [n, 1] : [1, n];
    for (let line = 0; line < n; line++) {
      const first = line * lineStride;
      let sum = 0;
      let size = 0;
      for (let e = 0; e < n; e++) {
        sum += from[first + e * entryStride]!;
        size += Math.abs(from[first + e * entryStride]!);
      }
      const branch = trajectory.responds[k]![line]!;
      if (branch === 0) sum = 0;
      for (let e = 0; e < n; e++) {
        const i = first + e * entryStride;
        const x = after[i]!;
        const error = Math.expm1(trajectory.errorOf(k + 1, i));
        // where rounding decides whether the divisor is clamped, the whole term is in doubt
        toForward[i] = x * (branch === 2 ? 1 : error) * Math.abs(sum) + trajectory.absolute[k + 1]![i]! * (Math.abs(sum) + Math.abs(slopes[i]!));
        toRounding[i] = x * (sumError * size + (n + 3) * underflow) + ownError * (Math.abs(from[i]!) + x * Math.abs(sum)) + underflow;
        // an underflowed gradient of the unnormalised exponential is multiplied by that exponential
        if (k === 0) toRounding[i] = toRounding[i]! + 2 * underflow * trajectory.startScale[i]!;
        slopes[i] = (slopes[i]! - sum) / trajectory.divisors[k]![line]!;
        if (!(Math.abs(slopes[i]!) + size < limit)) return false;
        // in the kernel's own scale the gradient of a small exponential is as large as the exponential is small
        if (k === 0 && !(Math.abs(slopes[i]!) * (trajectory.matrices[0]![i]! / trajectory.startScale[i]!) < limit)) return false;
      }
    }
  }
  return trajectory.certified;
}

/** Error bound of the gradient's entry `out`. */
export function vjpError(
  trajectory: Trajectory,
  n: number,
  out: number,
  seedError: Float64Array,
  forward: readonly Float64Array[],
  rounding: readonly Float64Array[],
  mu: Float64Array,
  terms: VjpTerms,
): number {
  mu.fill(0);
  mu[out] = 1;
  let forwardSum = 0;
  let roundingSum = 0;
  for (let k = 0; k < trajectory.steps.length; k++) {
    const step = trajectory.steps[k]!;
    const after = trajectory.matrices[k + 1]!;
    const stepForward = forward[k]!;
    const stepRounding = rounding[k]!;
    for (let i = 0; i < n * n; i++) {
      const weight = Math.abs(mu[i]!);
      forwardSum += weight * stepForward[i]!;
      roundingSum += weight * stepRounding[i]!;
    }
    if (step.kind === 'add') {
      const before = trajectory.matrices[k]!;
      for (let i = 0; i < n * n; i++) mu[i] = (mu[i]! * before[i]!) / after[i]!;
      continue;
    }
    const [lineStride, entryStride] = step.side === 'rows' ? [n, 1] : [1, n];
    for (let line = 0; line < n; line++) {
      if (step.divisor === 'clamp' && trajectory.divisors[k]![line] === step.epsilon) continue;
      const first = line * lineStride;
      let sum = 0;
      for (let e = 0; e < n; e++) sum += mu[first + e * entryStride]! * after[first + e * entryStride]!;
      for (let e = 0; e < n; e++) mu[first + e * entryStride] = mu[first + e * entryStride]! - sum;
    }
  }
  for (let i = 0; i < n * n; i++) forwardSum += Math.abs(mu[i]!) * seedError[i]!;
  terms.forward = forwardSum;
  terms.rounding = roundingSum;
  return forwardSum + roundingSum;
}
