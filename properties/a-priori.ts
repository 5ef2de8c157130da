/**
 * What is known of a Sinkhorn result before looking at it: from the logits, the dialect and the arithmetic, without iterating.
 *
 * Exact side (MATHS.md §6.2): the last half-step divides every line by its sum s (plus ε, or at least ε), so a line sums to f(s)·(1+θ) with f(s) = s/(s+ε),
 * min(1, s/ε) or 1, and |θ| ≤ γ_k, k = n + division (n − 1 additions, + ε, the division). f ≤ 1 always. From below, s is traced through the iterations by one
 * inequality: a line of sum q after its own half-step is, after the other side's, at least q / (largest divisor there), and a sum there is at most n lines of at
 * most 1. So s ≥ q·g with g = 1/(n + ε), starting from the first sums, which are a closed form of the logits.
 *
 * Free side (§6.6): the oscillation of the logarithms of the sums contracts by κ = tanh(Δ/4) per half-step (Birkhoff–Hopf), Δ the largest cross log-ratio of the
 * starting matrix; ε adds at most −log q per half-step, the spread of the sums that it leaves. The mean of the sums is at most 1.
 *
 * Contraction: two lines of the exact side, as distributions, are at most tanh(d/4) apart in total variation, d their Hilbert distance, which no
 * scaling of lines changes: it is that of the logits (plus ε). Proof: with density ratio in [a, b], TV ≤ (1−a)(b−1)/(b−a) ≤ (√(b/a)−1)/(√(b/a)+1).
 */
import { firstNormalised, type SinkhornDialect } from '../src/operations/sinkhorn/dialect.ts';
import type { Bounded } from '../src/operations/operation.ts';
import { computeUnit, gamma, underflowUnit } from '../src/numerics/arithmetic.ts';
import { minNormal, minSubnormal, unitRoundoff } from '../src/tensor/dtype.ts';
import type { ResolvedKernel } from '../src/verify/property.ts';

/** Statements about one token's computed result. Lines are those of the side that was normalised last. Each is worked out when it is read: `free` and `contractionError` need the kernel's bounds, `high` hardly anything. */
export interface APriori {
  /** Every line sum of the exact side lies in [low, high]. */
  readonly low: number;
  readonly high: number;
  /** Every line sum of the free side is at most this. */
  readonly free: number;
  /** At most `free`, and without the kernel's bounds: for `suffices`. */
  readonly freeAtLeast: number;
  /** Total variation between any two lines of the exact side, each divided by its sum, is at most contraction + contractionError ≤ 1. */
  readonly contraction: number;
  /** What rounding adds to that. */
  readonly contractionError: number;
}

/** Above this cross log-ratio tanh(Δ/4) is 1 to seven digits: no contraction is claimed, and underflow need not be thought of. */
const largestDiameter = 32;

/** The closed forms are a few f64 operations each. */
const f64 = 1 + 2 ** -40;

/** The a-priori statements for the token whose logits start at `offset`; `bounded` supplies rounding errors only. */
export function aPriori(kernel: ResolvedKernel<SinkhornDialect>, logits: Float64Array, offset: number, n: number, bounded: Bounded): APriori {
  return new TokenAPriori(kernel, logits, offset, n, bounded);
}

class TokenAPriori implements APriori {
  private readonly kernel: ResolvedKernel<SinkhornDialect>;
  private readonly logits: Float64Array;
  private readonly offset: number;
  private readonly n: number;
  private readonly bounded: Bounded;
  private knownRounding: SideRounding | undefined;
  private knownStart: Float64Array | undefined;
  private knownSums: Sums | undefined;
  private knownDiameter = -1;
  private knownErrors: LineErrors | undefined;

  constructor(kernel: ResolvedKernel<SinkhornDialect>, logits: Float64Array, offset: number, n: number, bounded: Bounded) {
    this.kernel = kernel;
    this.logits = logits;
    this.offset = offset;
    this.n = n;
    this.bounded = bounded;
  }

  get low(): number {
    return this.leastSum / f64;
  }

  get high(): number {
    return this.largestSum * f64;
  }

  get free(): number {
    return Math.min(this.n * this.largestSum, this.settled + this.errors.across) * f64;
  }

  get freeAtLeast(): number {
    return Math.min(this.n * this.largestSum, this.settled) * f64;
  }

  get contraction(): number {
    return this.contracts ? this.kappa : 1;
  }

  get contractionError(): number {
    if (!this.contracts) return 0;
    const spreadError = (2 * this.errors.along) / Math.max(this.leastSum, minNormal.f64) + (f64 - 1);
    return Math.min(1 - this.kappa, spreadError);
  }

  private get contracts(): boolean {
    return this.diameter <= largestDiameter;
  }

  private get kappa(): number {
    return Math.tanh(this.diameter / 4);
  }

  private get largestSum(): number {
    return 1 + this.rounding.above;
  }

  private get leastSum(): number {
    const { below, lost } = this.rounding;
    return Math.max(0, this.sums.low * (1 - below) - lost);
  }

  /** The free side's largest sum in the reals. */
  private get settled(): number {
    const { kappa, sums, kernel: { dialect: { iterations } } } = this;
    let { oscillation } = sums;
    for (let step = 1; step < 2 * iterations; step++) oscillation = kappa * oscillation + (step % 2 === 1 ? sums.spreadOther : sums.spread);
    return Number.isFinite(oscillation) ? Math.exp(oscillation) : Infinity; // NaN where a sum may be lost altogether
  }

  private get rounding(): SideRounding {
    this.knownRounding ??= sideRounding(this.kernel, this.offset, this.n, this.bounded);
    return this.knownRounding;
  }

  private get start(): Float64Array {
    this.knownStart ??= startingMatrix(this.kernel.dialect, this.logits, this.offset, this.n);
    return this.knownStart;
  }

  private get sums(): Sums {
    this.knownSums ??= traceSums(this.kernel, this.start, this.n);
    return this.knownSums;
  }

  private get diameter(): number {
    if (this.knownDiameter === -1) this.knownDiameter = largestDistance(this.start, this.n);
    return this.knownDiameter;
  }

  private get errors(): LineErrors {
    this.knownErrors ??= lineErrors(this.bounded.errors['residualMapping']!, this.offset, this.n, this.kernel.dialect.lastNormalised === 'rows');
    return this.knownErrors;
  }
}

/** The largest sums of the entries' errors along a line of the exact side, and across. */
interface LineErrors {
  readonly along: number;
  readonly across: number;
}

function lineErrors(errors: Float64Array, offset: number, n: number, rows: boolean): LineErrors {
  let [most, mostAcross] = [0, 0];
  for (let line = 0; line < n; line++) {
    let [along, across] = [0, 0];
    for (let k = 0; k < n; k++) {
      along += errors[offset + (rows ? line * n + k : k * n + line)]!;
      across += errors[offset + (rows ? k * n + line : line * n + k)]!;
    }
    most = Math.max(most, along);
    mostAcross = Math.max(mostAcross, across);
  }
  return { along: most, across: mostAcross };
}

/** The ε that enters divisors. */
function divisorEpsilon(dialect: SinkhornDialect): number {
  return dialect.divisor === 'plain' || dialect.domain === 'log' ? 0 : dialect.epsilon;
}

/** θ of the last half-step, storage included: upwards, downwards, and what underflow may take absolutely. */
interface SideRounding {
  readonly above: number;
  readonly below: number;
  readonly lost: number;
}

function sideRounding(kernel: ResolvedKernel<SinkhornDialect>, offset: number, n: number, bounded: Bounded): SideRounding {
  const { arithmetic, dialect } = kernel;
  const stored = kernel.dtypes['residualMapping']!;
  const unit = computeUnit(arithmetic);
  const epsilon = divisorEpsilon(dialect);
  // a logarithm's error depends on its size, and flushed sums on s: there the instance-wise bound of the entries takes over
  if (dialect.domain === 'log' || (arithmetic.flushToZero && epsilon === 0)) {
    const errors = bounded.errors['residualMapping']!;
    let total = 0;
    for (let k = 0; k < n * n; k++) total += errors[offset + k]!;
    return { above: total, below: 0, lost: total };
  }
  const flushed = arithmetic.flushToZero ? (n * minNormal[arithmetic.compute]) / epsilon : 0;
  const division = gamma(n + arithmetic.division.perLine + arithmetic.division.perEntry, unit) + 2 * flushed;
  const storage = unitRoundoff[stored] > unit ? unitRoundoff[stored] : 0;
  const lost = n * (underflowUnit(arithmetic, arithmetic.compute) + underflowUnit(arithmetic, stored) + minSubnormal[stored]);
  return { above: division + storage + division * storage + lost, below: division + storage, lost };
}

/** The matrix that enters the loop up to the scaling of lines, as logarithms; lines of the first side are rows of it. */
function startingMatrix(dialect: SinkhornDialect, logits: Float64Array, offset: number, n: number): Float64Array {
  const rows = firstNormalised(dialect) === 'rows';
  const start = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) start[i * n + k] = logits[offset + (rows ? i * n + k : k * n + i)]!;
  }
  if (!dialect.epsilonInStart) return start;
  for (let i = 0; i < n; i++) {
    const line = start.subarray(i * n, (i + 1) * n);
    const max = Math.max(...line);
    const sum = line.reduce((total, value) => total + Math.exp(value - max), 0);
    line.forEach((value, k) => (line[k] = Math.log(Math.exp(value - max) / sum + dialect.epsilon)));
  }
  return start;
}

/** Largest Hilbert distance between two columns of a matrix of logarithms: max over j, k of osc_i(M_ij − M_ik). */
function largestDistance(start: Float64Array, n: number): number {
  let largest = 0;
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) {
      let [least, most] = [Infinity, -Infinity];
      for (let i = 0; i < n; i++) {
        const difference = start[i * n + j]! - start[i * n + k]!;
        least = Math.min(least, difference);
        most = Math.max(most, difference);
      }
      largest = Math.max(largest, most - least);
    }
  }
  return largest;
}

interface Sums {
  /** Lower bound of the exact line sums after the last half-step. */
  readonly low: number;
  /** Oscillation of the logarithms of the second side's sums before it is first normalised. */
  readonly oscillation: number;
  /** What ε may add to that per half-step of the second and of the first side. */
  readonly spread: number;
  readonly spreadOther: number;
}

/** Traces lower bounds of the sums through the half-steps. */
function traceSums(kernel: ResolvedKernel<SinkhornDialect>, start: Float64Array, n: number): Sums {
  const { dialect, arithmetic } = kernel;
  const { iterations } = dialect;
  const epsilon = divisorEpsilon(dialect);
  const first = new Float64Array(n);
  let smallestFirst = 1;
  const shift = dialect.stabilisation === 'matrix-max' ? Math.max(...start) : 0;
  for (let i = 0; i < n; i++) {
    const line = start.subarray(i * n, (i + 1) * n);
    const max = Math.max(...line);
    const sum = line.reduce((total, value) => total + Math.exp(value - max), 0);
    // with a softmax in front, the loop begins on the second side; epsilonInStart has made the lines sum to 1 + nε
    const scale = dialect.start === 'softmax' ? (dialect.epsilonInStart ? Math.exp(max) : 1 / sum) : firstScale(dialect, epsilon, sum, max - shift);
    smallestFirst = Math.min(smallestFirst, scale * sum);
    line.forEach((value, k) => (first[k]! += Math.exp(value - max) * scale));
  }
  const least = Math.min(...first);
  const oscillation = Math.log(Math.max(...first)) - Math.log(least);
  if (epsilon === 0) return { low: 1, oscillation, spread: 0, spreadOther: 0 };

  const kept = (sum: number): number => (dialect.divisor === 'add' ? sum / (sum + epsilon) : Math.min(1, sum / epsilon));
  const divisor = (sum: number): number => (dialect.divisor === 'add' ? sum + epsilon : Math.max(sum, epsilon));
  // computed sums obey the same inequalities up to the roundings of one half-step; the start's exponentials are off by their own
  const step = 1 - 2 * gamma(n + 2 + arithmetic.division.perLine + arithmetic.division.perEntry, computeUnit(arithmetic));
  const range = 8 + Math.max(...start) - Math.min(...start) + (dialect.stabilisation === 'none' ? Math.max(...start.map(Math.abs)) : 0);
  const entry = 1 - 2 * gamma(2 * n + 8 + arithmetic.exp.constant + (arithmetic.exp.slope + 1) * range, computeUnit(arithmetic));
  const underflow = n * minNormal[arithmetic.compute];
  const largest = n * (2 - step);
  let second = kept(Math.max(0, least * entry - underflow));
  let other = smallestFirst;
  let [worstSecond, worstOther] = [second, Math.min(1, other)];
  for (let t = 2; t <= iterations; t++) {
    other = kept(Math.max(0, (other / divisor(largest)) * step - underflow));
    second = kept(Math.max(0, (second / divisor(largest)) * step - underflow));
    worstSecond = Math.min(worstSecond, second);
    worstOther = Math.min(worstOther, other);
  }
  return { low: second, oscillation, spread: -Math.log(worstSecond), spreadOther: -Math.log(worstOther) };
}

/** Factor by which the first half-step multiplies a line exp(value − max) of sum `sum`; `above` is max minus what the kernel subtracts. */
function firstScale(dialect: SinkhornDialect, epsilon: number, sum: number, above: number): number {
  if (epsilon === 0 || dialect.stabilisation === 'line-max') return 1 / (dialect.divisor === 'add' ? sum + epsilon : Math.max(sum, epsilon));
  const lifted = Math.exp(above); // exp(max − subtracted): the line as the kernel sees it is `lifted` times larger
  if (lifted === Infinity) return 1 / sum;
  return lifted / (dialect.divisor === 'add' ? lifted * sum + epsilon : Math.max(lifted * sum, epsilon));
}
