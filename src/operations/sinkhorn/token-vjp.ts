/**
 * The gradient of one token at a time and its bound, for logits and cotangents that may themselves be off.
 *
 * A kernel's logits that differ by d have other iterates; the bound is about iterates that are off, so d only widens the trajectory. A cotangent that is off by Δ
 * starts the backward with a seed h = g∘X that is off by Δ∘X̂, X̂ ≤ X·e^E + a; what Δ adds to the gradients with respect to underflowed entries (`slopes`)
 * is bounded by the same recursion on magnitudes.
 *
 * All of it works on h, the gradient with respect to log X⁰ = L/τ − shift. ∂ℓ/∂L is h/τ, and for X⁰ = |L/τ| + ε it is ±h/(X⁰·τ): the error of h is divided
 * alike, the kernel's own X⁰ is off as the start is, and the last products and quotients round three times at most, and by τ's own rounding.
 * Where the loop may end elsewhere (early-stop.ts), the distance to that gradient and its own bound count.
 */
import { gamma, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { smallArray } from '../../tensor/small.ts';
import type { Term } from '../operation.ts';
import type { SinkhornVjpDialect } from './dialect.ts';
import { EarlyStop, type Ends } from './early-stop.ts';
import { exponentialExcess } from './exponential-excess.ts';
import { Trajectory } from './trajectory.ts';
import { disturbSlopes, localVjpErrors, vjpError, vjpUnits, weightedError, type LocalVjpErrors, type VjpTerms } from './vjp-bound.ts';
import { implicit, startSlope, toLogits, unrolled } from './vjp-reference.ts';

export class TokenVjp {
  /** The gradient of the token that was prepared, n². */
  readonly gradient: Float64Array;

  private readonly trajectory: Trajectory;
  private readonly n: number;
  private readonly dialect: SinkhornVjpDialect;
  private readonly arithmetic: Arithmetic;
  private readonly stages: readonly Float64Array[];
  private readonly local: LocalVjpErrors;
  private readonly seedError: Float64Array;
  private readonly mu: Float64Array;
  private readonly multipliers: Float64Array;
  private readonly slopes: Float64Array;
  private readonly terms: VjpTerms = { forward: 0, rounding: 0, second: 0 };
  private readonly underflow: number;
  private readonly unit: number;
  private readonly gradientLimit: number;
  private readonly stop: EarlyStop;
  /** Steps of the run that was looked at last, and its logits. */
  private count: number;
  private readonly logits: Float64Array;
  /** Bounds of all entries where the loop may end elsewhere; what that adds. */
  private elsewhere: Float64Array | undefined;

  constructor(n: number, dialect: SinkhornVjpDialect, arithmetic: Arithmetic) {
    this.n = n;
    this.dialect = dialect;
    this.arithmetic = arithmetic;
    this.trajectory = new Trajectory(n, dialect, arithmetic);
    const size = n * n;
    const count = this.trajectory.steps.length;
    const arrays = (length: number): Float64Array[] => Array.from({ length }, () => smallArray(size));
    this.stages = arrays(count + 1);
    this.local = { forward: arrays(count), rounding: arrays(count), sensitivity: arrays(count), own: 0, inner: 0 };
    this.seedError = new Float64Array(size);
    this.mu = new Float64Array(size);
    this.multipliers = new Float64Array(2 * n);
    this.gradient = new Float64Array(size);
    this.slopes = new Float64Array(size);
    this.underflow = underflowUnit(arithmetic);
    const { unit, gradientLimit } = vjpUnits(arithmetic, n);
    this.unit = unit;
    this.gradientLimit = gradientLimit;
    this.stop = new EarlyStop(n, dialect, arithmetic, count);
    this.count = count;
    this.logits = new Float64Array(size);
  }

  /**
   * Computes the gradient of the n×n logits and cotangent at their offsets. A kernel's may be off by `logitErrors` and `cotangentErrors` (n² each). False when nothing can
   * be claimed about the token.
   */
  prepare(logits: Float64Array, offset: number, cotangent: Float64Array, cotangentAt: number, logitErrors?: Float64Array, cotangentErrors?: Float64Array): boolean {
    this.trajectory.compute(logits, offset, logitErrors);
    this.logits.set(logits.subarray(offset, offset + this.n * this.n));
    this.elsewhere = undefined;
    const ends = this.stop.of(this.trajectory, logits, offset, logitErrors);
    const holds = this.through(ends.exact, cotangent, cotangentAt, cotangentErrors);
    return ends.possible.length === 1 || !holds ? holds : this.allEnds(ends, cotangent, cotangentAt, cotangentErrors);
  }

  /** Absolute error bound of entry `out` of the gradient, before it is rounded to another dtype. */
  errorOf(out: number): number {
    return this.elsewhere?.[out] ?? this.ownError(out);
  }

  /** The gradient through `count` steps. False when nothing can be claimed about it. */
  private through(count: number, cotangent: Float64Array, at: number, cotangentErrors: Float64Array | undefined): boolean {
    const { dialect, trajectory, gradient } = this;
    this.count = count;
    const holds = dialect.derivative === 'unrolled' ? this.unroll(cotangent, at, cotangentErrors) : this.solve(cotangent, at, cotangentErrors);
    toLogits(gradient, trajectory, this.logits, dialect);
    // a gradient may be larger than the arithmetic holds once it is divided by a small start or temperature
    return holds && trajectory.certified && gradient.every((value) => Math.abs(value) < this.gradientLimit);
  }

  /** Bounds that cover every end of the loop; leaves the gradient of the exact one. */
  private allEnds({ exact, possible }: Ends, cotangent: Float64Array, at: number, cotangentErrors: Float64Array | undefined): boolean {
    const bounds = this.gradient.map((_, out) => this.ownError(out));
    const values = this.gradient.slice();
    let holds = true;
    for (const count of possible) {
      if (count === exact || !holds) continue;
      holds = this.through(count, cotangent, at, cotangentErrors);
      for (let out = 0; out < bounds.length; out++) {
        const away = Math.abs(this.gradient[out]! - values[out]!) * (1 + 2 ** -40);
        bounds[out] = Math.max(bounds[out]!, away + this.ownError(out));
      }
    }
    holds &&= this.through(exact, cotangent, at, cotangentErrors);
    this.elsewhere = bounds;
    return holds;
  }

  /** Bound of entry `out` of the gradient through the steps looked at last. */
  private ownError(out: number): number {
    const { trajectory, n, count, terms, seedError, dialect } = this;
    const { start, temperature, derivative } = dialect;
    const fromZero = start === 'absolute' && startSlope(this.logits[out]!, dialect) === 0;
    let error: number;
    if (derivative === 'unrolled') {
      error = vjpError(trajectory, n, count, out, seedError, this.local, this.mu, terms) * (1 + 2 ** -30);
    } else {
      const x = trajectory.matrices[count]![out]!;
      error = x * (2 * terms.forward * 1.5 + seedError[out]! * terms.rounding) + trajectory.absolute[count]![out]! * seedError[out]! + 4 * this.underflow;
    }
    if (fromZero) return this.underflow;
    if (start !== 'absolute' && temperature === 1) return error;
    const entry = trajectory.matrices[0]![out]!;
    error /= (start === 'absolute' ? entry : 1) * temperature;
    const ownStart = start === 'absolute' ? Math.expm1(trajectory.own[0]![out]!) + trajectory.absolute[0]![out]! / entry : 0;
    const { perEntry, perLine } = this.arithmetic.division;
    const rounding = ownStart + gamma(3 + 2 * (perEntry + perLine), this.unit);
    return error + rounding * (Math.abs(this.gradient[out]!) + error) + 2 * this.underflow * Math.max(1, 1 / temperature);
  }

  /** The parts of the last `errorOf`; `storage` is what rounding the result adds. */
  explain(out: number, storage: number): readonly Term[] {
    const { terms, dialect, trajectory, count } = this;
    const own = this.ownError(out);
    const iterated = dialect.derivative === 'unrolled';
    const toLogit = 1 / ((dialect.start === 'absolute' ? trajectory.matrices[0]![out]! : 1) * dialect.temperature);
    const x = iterated ? toLogit : trajectory.matrices[count]![out]! * toLogit;
    const stopping = this.elsewhere === undefined ? [] : [{ name: 'where rounding may decide the early stop', value: Math.max(0, this.elsewhere[out]! - own) }];
    return [
      { name: iterated ? 'error of the forward iterates' : 'solution of the marginal system', value: x * terms.forward },
      { name: 'rounding of the backward steps', value: x * terms.rounding * (iterated ? 1 : this.seedError[out]!) },
      { name: 'second order', value: iterated ? x * terms.second : 0 },
      { name: 'rounding of the stored result', value: storage },
      ...stopping,
    ].sort((a, b) => b.value - a.value);
  }

  private unroll(cotangent: Float64Array, at: number, cotangentErrors: Float64Array | undefined): boolean {
    const { trajectory, n, count, stages, seedError, slopes, unit } = this;
    unrolled(trajectory, n, count, cotangent, at, stages);
    this.gradient.set(stages[0]!);
    for (let i = 0; i < n * n; i++) {
      const growth = exponentialExcess(trajectory.errorOf(count, i)) + unit;
      const tiny = trajectory.absolute[count]![i]!;
      const disturbed = cotangentErrors === undefined ? 0 : cotangentErrors[i]! * (trajectory.matrices[count]![i]! * (1 + growth) + tiny);
      seedError[i] = Math.abs(stages[count]![i]!) * growth + Math.abs(cotangent[at + i]!) * tiny + this.underflow + disturbed;
    }
    slopes.set(cotangent.subarray(at, at + n * n));
    const holds = localVjpErrors(trajectory, n, count, this.arithmetic, stages, this.underflow, slopes, seedError, this.local);
    return holds && (cotangentErrors === undefined || disturbSlopes(trajectory, n, count, this.arithmetic, cotangentErrors, seedError, this.local));
  }

  private solve(cotangent: Float64Array, at: number, cotangentErrors: Float64Array | undefined): boolean {
    const { trajectory, n, count, multipliers, seedError, terms, unit } = this;
    const size = n * n;
    const norm = implicit(trajectory.matrices[count]!, n, cotangent, at, this.gradient, multipliers);
    let largest = 0;
    let disturbed = 0;
    for (let i = 0; i < size; i++) {
      const row = Math.abs(multipliers[Math.floor(i / n)]!);
      const column = Math.abs(multipliers[n + (i % n)]!);
      const off = cotangentErrors?.[i] ?? 0;
      seedError[i] = Math.abs(cotangent[at + i]!) + off + row + column;
      largest = Math.max(largest, seedError[i]!);
      disturbed = Math.max(disturbed, off);
    }
    // a solve to rounding level: residual of each of the 2n equations at most (E + γ_{4n²})·(|X∘g| + |X|(|a| + |b|)) summed over a line.
    // A cotangent that is off by Δ is off by X∘Δ on the right and moves a and b by at most ‖K⁺‖·n·max Δ, line sums being at most n
    const relative = weightedError(trajectory, n, count) + gamma(4 * size, unit);
    terms.forward = norm * relative * (1 + relative) * largest * n + disturbed * (1 + norm * n);
    terms.rounding = gamma(4, unit) + relative;
    return trajectory.certified && norm * relative * n < 0.25;
  }
}
