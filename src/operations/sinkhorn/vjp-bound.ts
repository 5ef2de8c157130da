/**
 * Instance-wise error of the unrolled derivative. With h = g∘X the exact backward step is h = h' − X'·S, S the line sums of h'. A kernel has
 * iterates X̂' = X'·exp(e), |e| ≤ E (trajectory), and rounds: products and their sum by γ_{n+2}·Σ|h'|, the difference and the scaling by 3u.
 * Local error of step k: b = X'·((exp(E) − 1)·|S| + γ_{n+4}·Σ|h'|) + γ_4·(|h'| + X'|S|) + a·(|S| + |g|) + underflow, a the absolute error of X̂'. It reaches output o through the exact maps of the steps
 * before: μ ← μ − (line sums of μ∘X'), started at o, which is the tangent map of Sinkhorn. |Δ_o| ≤ Σ_k Σ |μ_k|·b_k.
 * The computed maps act on computed stages, which are off by Δ with ‖Δ‖₁ ≤ D. At entry i of step k that adds at most s_ki·D + γ_4·D to b,
 * s = X'·(exp(E) − 1 + γ_{n+4} + γ_4), so the second order of one entry is D·Σ_k (Σ |μ_k|·s_k + γ_4·max |μ_k|). With c_k = max over lines of
 * Σ s_k, plus γ_4, and P the 1-norm of exact maps between two stages (trajectory.propagation, the ∞-norm of the tangent):
 * D_k ≤ P·(‖b‖₁ + Σ_{l ≥ k} c_l·D_{l+1}), so D ≤ P·‖b‖₁·Π (1 + P·c_k) (Grönwall's inequality for sums). Nothing is claimed where that product
 * says that errors of the iterates compound to more than two digits.
 * Assumes the backward uses the forward's own iterates or recomputes them in the same arithmetic.
 */
import { computeUnit, gamma, type Arithmetic } from '../../numerics/arithmetic.ts';
import { maxFinite } from '../../tensor/dtype.ts';
import { exponentialExcess } from './exponential-excess.ts';
import type { Trajectory } from './trajectory.ts';

/** Where the header's expansion stops saying anything. */
export const compounded = 2 ** 7;

export interface VjpTerms {
  forward: number;
  rounding: number;
  second: number;
}

/** Local errors of one token, by step: from the iterates, from rounding, and per unit of error of the stage before. */
export interface LocalVjpErrors {
  readonly forward: readonly Float64Array[];
  readonly rounding: readonly Float64Array[];
  readonly sensitivity: readonly Float64Array[];
  /** γ_4: what an entry's own error adds. */
  own: number;
  /** D of the header; infinite where nothing is claimed. */
  inner: number;
}

/** What an arithmetic's rounding means for lines of n entries. */
export interface VjpUnits {
  /** γ_{n+4} and γ_4 of the header. */
  readonly sumError: number;
  readonly ownError: number;
  /** Unit roundoff, with that of the reference. */
  readonly unit: number;
  /** What gradients with respect to the entries of an iterate, and the gradient itself, have to stay below. */
  readonly slopeLimit: number;
  readonly gradientLimit: number;
}

export function vjpUnits(arithmetic: Arithmetic, n: number): VjpUnits {
  const unit = computeUnit(arithmetic) + 2 ** -53;
  const { perLine, perEntry } = arithmetic.division;
  const largest = maxFinite[arithmetic.compute];
  return { sumError: gamma(n + 4 + perLine, unit), ownError: gamma(4 + perEntry, unit), unit, slopeLimit: largest / (4 * n), gradientLimit: largest / 4 };
}

/**
 * Local errors of the first `count` steps of one token, backwards. `slopes` enters as the cotangent and carries the gradient with respect to the
 * entries themselves, which is what kernels store: it says what an underflowed entry is multiplied with, and what can overflow. False when the arithmetic cannot carry the token. */
export function localVjpErrors(
  trajectory: Trajectory,
  n: number,
  count: number,
  arithmetic: Arithmetic,
  stages: readonly Float64Array[],
  underflow: number,
  slopes: Float64Array,
  seedError: Float64Array,
  local: LocalVjpErrors,
): boolean {
  const { forward, rounding, sensitivity } = local;
  const { sumError, ownError, slopeLimit: limit } = vjpUnits(arithmetic, n);
  for (let k = count - 1; k >= 0; k--) {
    const step = trajectory.steps[k]!;
    const from = stages[k + 1]!;
    const after = trajectory.matrices[k + 1]!;
    const toForward = forward[k]!;
    const toRounding = rounding[k]!;
    if (step.kind === 'add') {
      const before = trajectory.matrices[k]!;
      for (let i = 0; i < n * n; i++) {
        // h = h'·w, w = X/(X + ε), of which both X̂ and X̂ + ε are computed
        const weight = before[i]! / after[i]!;
        const error = weight * exponentialExcess(trajectory.errorOf(k, i) + trajectory.errorOf(k + 1, i));
        toForward[i] = Math.abs(from[i]!) * error + trajectory.absolute[k]![i]! * Math.abs(slopes[i]!);
        toRounding[i] = Math.abs(from[i]!) * weight * ownError + underflow;
        sensitivity[k]![i] = error;
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
        const error = exponentialExcess(trajectory.errorOf(k + 1, i));
        // where rounding decides whether the divisor is clamped, the whole term is in doubt
        toForward[i] = x * (branch === 2 ? 1 : error) * Math.abs(sum) + trajectory.absolute[k + 1]![i]! * (Math.abs(sum) + Math.abs(slopes[i]!));
        toRounding[i] = x * (sumError * size + (n + 3) * underflow) + ownError * (Math.abs(from[i]!) + x * Math.abs(sum)) + underflow;
        sensitivity[k]![i] = x * ((branch === 2 ? 1 : error) + sumError + ownError);
        // an underflowed gradient of the unnormalised exponential is multiplied by that exponential
        if (k === 0) toRounding[i] = toRounding[i] + 2 * underflow * trajectory.startScale[i]!;
        slopes[i] = (slopes[i]! - sum) / trajectory.divisors[k]![line]!;
        if (!(Math.abs(slopes[i]) + size < limit)) return false;
        // in the kernel's own scale the gradient of a small exponential is as large as the exponential is small
        if (k === 0 && !(Math.abs(slopes[i]) * (trajectory.matrices[0]![i]! / trajectory.startScale[i]!) < limit)) return false;
      }
    }
  }
  local.own = ownError;
  local.inner = innerError(trajectory, n, count, seedError, local);
  return trajectory.certified && local.inner < Infinity;
}

/**
 * Adds what cotangents that are off by `errors` do to entries that underflowed: the recursion of `slopes` on magnitudes, times what each entry can have lost.
 * False when it overflows.
 */
export function disturbSlopes(trajectory: Trajectory, n: number, count: number, arithmetic: Arithmetic, errors: Float64Array, seedError: Float64Array, local: LocalVjpErrors): boolean {
  const slopes = errors.slice(0, n * n);
  const limit = maxFinite[arithmetic.compute] / (4 * n);
  for (let k = count - 1; k >= 0; k--) {
    const step = trajectory.steps[k]!;
    const forward = local.forward[k]!;
    if (step.kind === 'add') {
      for (let i = 0; i < n * n; i++) forward[i] = forward[i]! + trajectory.absolute[k]![i]! * slopes[i]!;
      continue;
    }
    const [lineStride, entryStride] = step.side === 'rows' ? [n, 1] : [1, n];
    for (let line = 0; line < n; line++) {
      const first = line * lineStride;
      let sum = 0;
      for (let e = 0; e < n; e++) sum += slopes[first + e * entryStride]! * trajectory.matrices[k + 1]![first + e * entryStride]!;
      for (let e = 0; e < n; e++) {
        const i = first + e * entryStride;
        forward[i] = forward[i]! + trajectory.absolute[k + 1]![i]! * (sum + slopes[i]!);
        slopes[i] = (slopes[i]! + sum) / trajectory.divisors[k]![line]!;
        if (!(slopes[i] < limit)) return false;
      }
    }
  }
  local.inner = innerError(trajectory, n, count, seedError, local);
  return local.inner < Infinity;
}

/** D of the header. */
function innerError(trajectory: Trajectory, n: number, count: number, seedError: Float64Array, { forward, rounding, sensitivity, own }: LocalVjpErrors): number {
  let firstOrder = 0;
  let growth = 1;
  for (let i = 0; i < n * n; i++) firstOrder += seedError[i]!;
  for (let k = 0; k < count; k++) {
    const step = trajectory.steps[k]!;
    let largest = 0;
    for (let line = 0; line < n; line++) {
      let sum = 0;
      for (let e = 0; e < n; e++) {
        const i = step.kind === 'add' || step.side === 'rows' ? line * n + e : e * n + line;
        firstOrder += forward[k]![i]! + rounding[k]![i]!;
        // an added ε acts on each entry alone
        sum = step.kind === 'add' ? Math.max(sum, sensitivity[k]![i]!) : sum + sensitivity[k]![i]!;
      }
      largest = Math.max(largest, sum);
    }
    growth *= 1 + trajectory.propagation * (largest + own);
  }
  return growth < compounded ? trajectory.propagation * firstOrder * growth : Infinity;
}

/** Error bound of the gradient's entry `out`. */
export function vjpError(
  trajectory: Trajectory,
  n: number,
  count: number,
  out: number,
  seedError: Float64Array,
  local: LocalVjpErrors,
  mu: Float64Array,
  terms: VjpTerms,
): number {
  mu.fill(0);
  mu[out] = 1;
  let forwardSum = 0;
  let roundingSum = 0;
  let sensitivitySum = 0;
  for (let k = 0; k < count; k++) {
    const step = trajectory.steps[k]!;
    const after = trajectory.matrices[k + 1]!;
    const stepForward = local.forward[k]!;
    const stepRounding = local.rounding[k]!;
    const stepSensitivity = local.sensitivity[k]!;
    let largest = 0;
    for (let i = 0; i < n * n; i++) {
      const weight = Math.abs(mu[i]!);
      forwardSum += weight * stepForward[i]!;
      roundingSum += weight * stepRounding[i]!;
      sensitivitySum += weight * stepSensitivity[i]!;
      if (weight > largest) largest = weight;
    }
    sensitivitySum += largest * local.own;
    if (step.kind === 'add') {
      const before = trajectory.matrices[k]!;
      for (let i = 0; i < n * n; i++) mu[i] = (mu[i]! * before[i]!) / after[i]!;
      continue;
    }
    const [lineStride, entryStride] = step.side === 'rows' ? [n, 1] : [1, n];
    for (let line = 0; line < n; line++) {
      if (trajectory.follows[k]![line] === 0) continue;
      const first = line * lineStride;
      let sum = 0;
      for (let e = 0; e < n; e++) sum += mu[first + e * entryStride]! * after[first + e * entryStride]!;
      for (let e = 0; e < n; e++) mu[first + e * entryStride] = mu[first + e * entryStride]! - sum;
    }
  }
  for (let i = 0; i < n * n; i++) forwardSum += Math.abs(mu[i]!) * seedError[i]!;
  terms.forward = forwardSum;
  terms.rounding = roundingSum;
  terms.second = sensitivitySum * local.inner;
  return forwardSum + roundingSum + terms.second;
}

/** Largest of Σ X·(exp(E) − 1) over the rows and columns of one iterate. */
export function weightedError(trajectory: Trajectory, n: number, k: number): number {
  const matrix = trajectory.matrices[k]!;
  let largest = 0;
  for (let line = 0; line < n; line++) {
    let row = 0;
    let column = 0;
    for (let e = 0; e < n; e++) {
      row += matrix[line * n + e]! * Math.expm1(trajectory.errorOf(k, line * n + e));
      column += matrix[e * n + line]! * Math.expm1(trajectory.errorOf(k, e * n + line));
    }
    largest = Math.max(largest, row, column);
  }
  return largest;
}
