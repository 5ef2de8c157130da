/**
 * The exact iterates of one matrix together with the local errors of each step: what the forward bound and the derivative's bound
 * walk over. A computed entry is X·exp(e) + a. The logarithmic part e splits into what the entry has of its own (start, divisions) and
 * what lines share, e = own + ρ_i + σ_j; the absolute part a is what underflow can leave.
 *
 *   A half-step with exact weights W (the matrix after it; a share w0 is missing where ε is in the divisor):
 *     osc σ' ≤ κ·osc ρ + 2·max Σ W·own + 2θ + 2·w0·|ρ|∞ ,  κ = Dobrushin coefficient of W: all that is nonlinear is in θ;
 *     θ = sum and ε (rounding.ts) + second order + Σ a/s. Jensen: 0 ≤ log Σ W exp(e) − Σ W e ≤ 0.55·Σ W (e − c)² for |e − c| ≤ 1/4 and any c, since a common
 *     factor passes both logarithm and mean. σ_j is common to line j, and c centres ρ: |e − c| ≤ own + osc ρ/2; the missing share has e = 0, so w0·|c|², |c| ≤ |ρ + σ|∞.
 *     0.55: exp(e) ≤ 1 + e + 0.55·e² up to 1/4. An entry of no weight with a larger e counts with W·exp(e) instead.
 *   A line that is clamped or stays undivided keeps its ρ_i: |ρ_i + σ_j| ≤ what it was, ρ_i − ρ_k ≤ max(osc ρ, that) against lines that follow.
 *   Absolute part: a' = a/s + U, U the arithmetic's underflow.
 *
 * Nothing is claimed (`certified` false) where a sum or an exponential leaves the range of the arithmetic, where rounding decides whether a
 * sum exceeds a threshold, or where these assumptions fail. All T iterations are walked; early-stop.ts says where a kernel may have ended.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { maxFinite } from '../../tensor/dtype.ts';
import { smallArray } from '../../tensor/small.ts';
import type { SinkhornDialect } from './dialect.ts';
import { dobrushin } from './dobrushin.ts';
import { logDomainStep } from './log-domain-errors.ts';
import { needsLogarithms, normaliseLogarithms } from './reference.ts';
import { constantError, divisionError, localErrors, type LocalErrors } from './rounding.ts';
import { computeStart, disturbStart, type Start } from './start-errors.ts';
import { divisorOf, followsSum, stepsOf, type Normalisation, type Side, type Step } from './steps.ts';

/** Underflow may change a sum by this much; beyond it the second-order terms below are not bounds. */
export const certifiedUnderflow = 2 ** -7;
export const certifiedError = 2 ** -2;
/** 0.55 of the header. */
export const jensen = 0.55;
/** An entry that stays below this has no weight: its own error may be anything. */
const weightless = 2 ** -100;

/** No entry of the start may reach this: a line of them would leave the range of the arithmetic. */
export function largestStart(arithmetic: Arithmetic, n: number): number {
  return maxFinite[arithmetic.compute] / (2 * n);
}

export class Trajectory {
  readonly steps: readonly Step[];
  /** matrices[k]: the exact matrix after step k − 1; matrices[0] is the exponential, or |L| + ε. */
  readonly matrices: readonly Float64Array[];
  /** own[k]: bound of what each entry of matrices[k] has of its own. own[0] is the error of the start. */
  readonly own: readonly Float64Array[];
  /** shared[k]: bound of |ρ_i + σ_j| in matrices[k]. */
  readonly shared: Float64Array;
  /** absolute[k]: what underflow can leave in each entry of matrices[k]. */
  readonly absolute: readonly Float64Array[];
  /** lineErrors[k][l]: θ of line l in step k. entryErrors[k][i]: what step k gives entry i alone. */
  readonly lineErrors: readonly Float64Array[];
  readonly entryErrors: readonly Float64Array[];
  /** exponentials[k]: what taking matrices[k] out of the log domain gives each entry; zeros for matrices[0], and all of them in the linear domain. */
  private readonly exponentials: readonly Float64Array[];
  /** 1 where the divisor follows the line's sum, 0 where it is constant (clamped at ε, below a threshold), 2 where rounding decides which. */
  readonly responds: readonly Uint8Array[];
  /** 1 where the exact divisor follows the line's sum. */
  readonly follows: readonly Uint8Array[];
  readonly divisors: readonly Float64Array[];
  /** The exponential in the kernel's own scale, which is not shifted when the dialect does not shift. */
  readonly startScale: Float64Array;
  private readonly start: Start;
  /** Bound of the ∞-norm of the tangent map (of log X) between any two stages: what a unit error of an entry can become. */
  propagation = 0;
  certified = true;

  private readonly n: number;
  private readonly dialect: SinkhornDialect;
  private readonly local: LocalErrors;
  private readonly largest: number;
  private readonly logarithms: Float64Array;
  private readonly potentials: Float64Array;
  private readonly epsilonError: number;
  /** Bounds of osc ρ and osc σ; the same, and of |ρ_i + σ_j|, for the unit recursion of `propagation`. */
  private readonly oscillation = { rows: 0, columns: 0 };
  private readonly unit = { rows: 0, columns: 0, shared: 0 };
  private size = 0;
  private unitOwn = 1;

  constructor(n: number, dialect: SinkhornDialect, arithmetic: Arithmetic) {
    this.n = n;
    this.dialect = dialect;
    this.steps = stepsOf(dialect);
    this.local = localErrors(arithmetic, n, dialect.stabilisation !== 'none');
    this.epsilonError = constantError(arithmetic, dialect.epsilon);
    this.largest = largestStart(arithmetic, n);
    const count = this.steps.length;
    const arrays = (length: number, size: number): Float64Array[] => Array.from({ length }, () => smallArray(size));
    this.matrices = arrays(count + 1, n * n);
    this.own = arrays(count + 1, n * n);
    this.shared = new Float64Array(count + 1);
    this.absolute = arrays(count + 1, n * n);
    this.lineErrors = arrays(count, n);
    this.entryErrors = arrays(count, n * n);
    const zeros = smallArray(n * n);
    this.exponentials = [zeros, ...(dialect.domain === 'log' ? arrays(count, n * n) : Array.from({ length: count }, () => zeros))];
    this.responds = Array.from({ length: count }, () => new Uint8Array(n));
    this.follows = Array.from({ length: count }, () => new Uint8Array(n));
    this.divisors = arrays(count, n);
    this.startScale = new Float64Array(n * n);
    this.start = { matrix: this.matrices[0]!, own: this.own[0]!, absolute: this.absolute[0]!, scale: this.startScale, shifts: new Float64Array(n) };
    this.logarithms = new Float64Array(n * n);
    this.potentials = new Float64Array(2 * n);
  }

  /** Bound of the logarithmic error of entry i of matrices[k]. */
  errorOf(k: number, i: number): number {
    return this.shared[k]! + this.own[k]![i]! + this.exponentialOf(k, i);
  }

  /** What of that entry i has from the exponential. */
  exponentialOf(k: number, i: number): number {
    return this.exponentials[k]![i]!;
  }

  /** Computes everything for the matrix of logits at `offset`. A kernel's logits may differ from these by `logitErrors` (n², from `errorsAt`). */
  compute(logits: Float64Array, offset: number, logitErrors?: Float64Array, errorsAt = 0): void {
    const { n } = this;
    Object.assign(this.oscillation, { rows: 0, columns: 0 });
    Object.assign(this.unit, { rows: 0, columns: 0, shared: 0 });
    this.size = 0;
    this.unitOwn = 1;
    this.propagation = 1;
    this.shared[0] = 0;
    const slice = logits.subarray(offset, offset + n * n);
    const logDomain = this.dialect.domain === 'log';
    const logs = logDomain || needsLogarithms(this.dialect, slice, 0, n);
    const { start } = this;
    this.certified = computeStart(start, logits, offset, n, this.dialect, this.local, this.epsilonError, this.largest);
    if (logitErrors !== undefined) {
      const errors = logitErrors.subarray(errorsAt, errorsAt + n * n);
      this.certified = disturbStart(start, slice, errors, n, this.dialect, this.local, this.largest) && this.certified;
    }
    for (let i = 0; i < n * n; i++) this.logarithms[i] = slice[i]! / this.dialect.temperature;
    this.potentials.fill(0);
    for (let k = 0; k < this.steps.length; k++) {
      const step = this.steps[k]!;
      if (step.kind === 'add') this.add(k, step.epsilon);
      else if (logDomain) this.normaliseInLogDomain(k, step.side);
      else this.normalise(k, step, logs);
    }
  }

  /** X + ε: an entry keeps the share w = X/(X + ε) of its error; what it shared with its lines becomes its own where w differs. */
  private add(k: number, epsilon: number): void {
    const { n, local } = this;
    const before = this.matrices[k]!;
    const after = this.matrices[k + 1]!;
    for (let i = 0; i < n * n; i++) {
      after[i] = before[i]! + epsilon;
      const weight = before[i]! / after[i]!;
      const error = this.errorOf(k, i);
      this.entryErrors[k]![i] = local.addition + (1 - weight) * this.epsilonError + weight * (1 - weight) * error * error;
      this.own[k + 1]![i] = weight * this.own[k]![i]! + (1 - weight) * this.shared[k]! + this.entryErrors[k]![i]!;
      this.absolute[k + 1]![i] = this.absolute[k]![i]! + local.underflow;
    }
    this.shared[k + 1] = this.shared[k]!;
    this.unitOwn = 2; // ±1 minus a mean of ±1, which only the entry's own share of X + ε keeps
  }

  private normalise(k: number, step: Normalisation, logs: boolean): void {
    const { n, local } = this;
    const before = this.matrices[k]!;
    const after = this.matrices[k + 1]!;
    const own = this.own[k]!;
    const ownAfter = this.own[k + 1]!;
    const absolute = this.absolute[k]!;
    const absoluteAfter = this.absolute[k + 1]!;
    const entryErrors = this.entryErrors[k]!;
    const inherited = this.shared[k]!;
    if (logs) {
      normaliseLogarithms(this.logarithms, 0, n, step.side);
      for (let i = 0; i < n * n; i++) after[i] = Math.exp(this.logarithms[i]!);
    }
    const [lineStride, entryStride] = step.side === 'rows' ? [n, 1] : [1, n];
    const centred = Math.min(this.oscillation[step.side === 'rows' ? 'columns' : 'rows'] / 2, inherited);
    let worst = 0;
    let missing = 0;
    let follows = true;
    for (let line = 0; line < n; line++) {
      const from = line * lineStride;
      let sum = 0;
      let lost = 0;
      for (let e = 0; e < n; e++) {
        sum += before[from + e * entryStride]!;
        lost += absolute[from + e * entryStride]!;
      }
      const divisor = divisorOf(step, sum);
      this.divisors[k]![line] = divisor;
      this.follows[k]![line] = followsSum(step, sum) ? 1 : 0;
      if (step.divisor === 'threshold' && this.undivided(k, step, from, entryStride, sum, lost)) {
        this.responds[k]![line] = 0;
        this.lineErrors[k]![line] = 0;
        follows = false;
        continue;
      }
      const underflow = (lost / divisor) * (1 + 2 * certifiedUnderflow);
      if (!(underflow <= certifiedUnderflow) || !(divisor > 0)) this.certified = false;
      let first = 0;
      const share = step.divisor === 'clamp' || step.divisor === 'threshold' ? 0 : step.epsilon / divisor;
      let second = jensen * share * inherited * inherited;
      for (let e = 0; e < n; e++) {
        const i = from + e * entryStride;
        if (!logs) after[i] = before[i]! / divisor;
        const weight = after[i]!;
        const its = own[i]!;
        const division = divisionError(local, weight, its + inherited);
        first += weight * its;
        second += this.secondOrder(weight, its + centred);
        entryErrors[i] = division;
        ownAfter[i] = its + division;
        absoluteAfter[i] = (absolute[i]! / divisor) * (1 + 2 * certifiedUnderflow) + local.underflow;
      }
      // for two terms and more the constant's own error fits into the roundings that line counts for the sum
      let error = local.line + second + underflow + (n === 1 ? this.epsilonError : 0);
      this.responds[k]![line] = 1;
      if (step.divisor === 'clamp') {
        const doubt = 2 * (inherited + first + error + this.epsilonError);
        if (sum < step.epsilon * (1 + doubt)) {
          // at the kink the divisor may or may not follow: it does not, and its whole change counts as error
          const undecided = !(sum <= step.epsilon * (1 - doubt));
          this.responds[k]![line] = undecided ? 2 : 0;
          error = undecided ? error + inherited + first : local.line + underflow;
          follows = false;
        }
      } else {
        missing = Math.max(missing, share);
      }
      this.lineErrors[k]![line] = error;
      worst = Math.max(worst, first + error);
    }
    this.contract(k, step.side, worst, missing, follows);
  }

  /** A line that its threshold leaves undivided: it is copied, or becomes zero, both without rounding. False for lines that are divided. */
  private undivided(k: number, step: Normalisation, from: number, entryStride: number, sum: number, lost: number): boolean {
    const { n, local } = this;
    const [before, after, own] = [this.matrices[k]!, this.matrices[k + 1]!, this.own[k]!];
    let relative = this.shared[k]! + local.line + this.epsilonError;
    for (let e = 0; e < n; e++) {
      const i = from + e * entryStride;
      if (sum > 0) relative += (before[i]! / sum) * own[i]!;
    }
    // twice the first order covers the second where errors are below certifiedError
    const doubt = 2 * relative * sum + this.epsilonError * step.epsilon + 2 * lost;
    if (!(relative < certifiedError) || !(Math.abs(sum - step.epsilon) > doubt)) this.certified = false;
    if (followsSum(step, sum)) return false;
    const kept = step.small === 'kept' ? 1 : 0;
    for (let e = 0; e < n; e++) {
      const i = from + e * entryStride;
      after[i] = kept * before[i]!;
      this.own[k + 1]![i] = kept * own[i]!;
      this.absolute[k + 1]![i] = kept * this.absolute[k]![i]!;
      this.entryErrors[k]![i] = 0;
    }
    return true;
  }

  private normaliseInLogDomain(k: number, side: Side): void {
    const { n, local } = this;
    logDomainStep(this.logarithms, this.potentials, n, side, local, this.lineErrors[k]!, this.entryErrors[k]!, this.exponentials[k + 1]!);
    const own = this.own[k]!;
    const after = this.matrices[k + 1]!;
    const [lineStride, entryStride] = side === 'rows' ? [n, 1] : [1, n];
    const centred = Math.min(this.oscillation[side === 'rows' ? 'columns' : 'rows'] / 2, this.shared[k]!);
    let worst = 0;
    for (let line = 0; line < n; line++) {
      let first = 0;
      let second = 0;
      for (let e = 0; e < n; e++) {
        const i = line * lineStride + e * entryStride;
        after[i] = Math.exp(this.logarithms[i]!);
        first += after[i] * own[i]!;
        second += this.secondOrder(after[i], own[i]! + centred);
        this.own[k + 1]![i] = own[i]! + this.entryErrors[k]![i]!;
        this.absolute[k + 1]![i] = local.underflow;
      }
      this.divisors[k]![line] = 1;
      this.responds[k]![line] = 1;
      this.follows[k]![line] = 1;
      this.lineErrors[k]![line] = this.lineErrors[k]![line]! + second;
      worst = Math.max(worst, first + this.lineErrors[k]![line]!);
    }
    this.contract(k, side, worst, 0, true);
  }

  /** An entry's part of the second order of its line, for its weight and its centred error. */
  private secondOrder(weight: number, error: number): number {
    if (error < certifiedError) return jensen * weight * error * error;
    const whole = 2 * weight * Math.exp(error);
    if (!(whole <= weightless)) this.certified = false;
    return whole;
  }

  /** The recursion of the header for what lines share. `missing` is the largest w0, `follows` whether every divisor follows its sum. */
  private contract(k: number, side: Side, worst: number, missing: number, follows: boolean): void {
    const other = side === 'rows' ? 'columns' : 'rows';
    const { oscillation, unit } = this;
    const still = follows ? 0 : this.shared[k]! + worst;
    const spread = Math.max(oscillation[other] + worst + missing * this.size, still);
    this.shared[k + 1] = spread;
    const kappa = Math.min(1, dobrushin(this.matrices[k + 1]!, this.n, side) + 2 ** -40);
    const settled = (mine: number, others: number, shared: number): number => (follows ? kappa * others : Math.max(kappa * others, mine, shared));
    oscillation[side] = settled(oscillation[side], oscillation[other], this.shared[k]!) + 2 * (worst + missing * this.size);
    this.size += worst;
    // the same recursion for entries that are off by 1 and make no errors on the way; |ρ| of them grows by at most 1 a step
    const step = this.unitOwn * (1 + missing * k);
    const unitShared = Math.max(unit[other] + step, follows ? 0 : unit.shared);
    unit[side] = settled(unit[side], unit[other], unit.shared) + 2 * step;
    unit.shared = unitShared;
    this.propagation = Math.max(this.propagation, this.unitOwn + unitShared);
    if (!(spread < certifiedError)) this.certified = false;
  }
}
