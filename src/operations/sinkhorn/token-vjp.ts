/**
 * The gradient of one token at a time and its bound, for logits and cotangents that may themselves be off.
 *
 * A kernel's logits that differ by d have other iterates; the bound is about iterates that are off, so d only widens the trajectory. A cotangent that is off by Δ
 * starts the backward with a seed h = g∘X that is off by Δ∘X̂, X̂ ≤ X·e^E + a; what Δ adds to the gradients with respect to underflowed entries (`slopes`)
 * is bounded by the same recursion on magnitudes.
 */
import { computeUnit, gamma, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import type { Term } from '../operation.ts';
import type { SinkhornVjpDialect } from './dialect.ts';
import { Trajectory } from './trajectory.ts';
import { disturbSlopes, localVjpErrors, vjpError, weightedError, type LocalVjpErrors, type VjpTerms } from './vjp-bound.ts';
import { implicit, unrolled } from './vjp-reference.ts';

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

  constructor(n: number, dialect: SinkhornVjpDialect, arithmetic: Arithmetic) {
    this.n = n;
    this.dialect = dialect;
    this.arithmetic = arithmetic;
    this.trajectory = new Trajectory(n, dialect, arithmetic);
    const size = n * n;
    const count = this.trajectory.steps.length;
    const arrays = (length: number): Float64Array[] => Array.from({ length }, () => new Float64Array(size));
    this.stages = arrays(count + 1);
    this.local = { forward: arrays(count), rounding: arrays(count), sensitivity: arrays(count), own: 0, inner: 0 };
    this.seedError = new Float64Array(size);
    this.mu = new Float64Array(size);
    this.multipliers = new Float64Array(2 * n);
    this.gradient = new Float64Array(size);
    this.slopes = new Float64Array(size);
    this.underflow = underflowUnit(arithmetic);
  }

  /**
   * Computes the gradient of the n×n logits and cotangent at their offsets. A kernel's may be off by `logitErrors` and `cotangentErrors` (n² each). False when nothing can
   * be claimed about the token.
   */
  prepare(logits: Float64Array, offset: number, cotangent: Float64Array, cotangentAt: number, logitErrors?: Float64Array, cotangentErrors?: Float64Array): boolean {
    this.trajectory.compute(logits, offset, logitErrors);
    return this.dialect.derivative === 'unrolled' ? this.unroll(cotangent, cotangentAt, cotangentErrors) : this.solve(cotangent, cotangentAt, cotangentErrors);
  }

  /** Absolute error bound of entry `out` of the gradient, before it is rounded to another dtype. */
  errorOf(out: number): number {
    const { trajectory, n, terms, seedError } = this;
    if (this.dialect.derivative === 'unrolled') return vjpError(trajectory, n, out, seedError, this.local, this.mu, terms) * (1 + 2 ** -30);
    const x = trajectory.result[out]!;
    return x * (2 * terms.forward * 1.5 + seedError[out]! * terms.rounding) + trajectory.resultAbsolute[out]! * seedError[out]! + 4 * this.underflow;
  }

  /** The parts of the last `errorOf`; `storage` is what rounding the result adds. */
  explain(out: number, storage: number): readonly Term[] {
    const { terms } = this;
    const iterated = this.dialect.derivative === 'unrolled';
    const x = iterated ? 1 : this.trajectory.result[out]!;
    return [
      { name: iterated ? 'error of the forward iterates' : 'solution of the marginal system', value: x * terms.forward },
      { name: 'rounding of the backward steps', value: iterated ? terms.rounding : x * this.seedError[out]! * terms.rounding },
      { name: 'second order', value: iterated ? terms.second : 0 },
      { name: 'rounding of the stored result', value: storage },
    ].sort((a, b) => b.value - a.value);
  }

  private unroll(cotangent: Float64Array, at: number, cotangentErrors: Float64Array | undefined): boolean {
    const { trajectory, n, stages, seedError, slopes } = this;
    const count = trajectory.steps.length;
    const u = computeUnit(this.arithmetic) + 2 ** -53;
    unrolled(trajectory, n, cotangent, at, stages);
    this.gradient.set(stages[0]!);
    for (let i = 0; i < n * n; i++) {
      const growth = Math.expm1(trajectory.errorOf(count, i)) + u;
      const tiny = trajectory.resultAbsolute[i]!;
      const disturbed = cotangentErrors === undefined ? 0 : cotangentErrors[i]! * (trajectory.result[i]! * (1 + growth) + tiny);
      seedError[i] = Math.abs(stages[count]![i]!) * growth + Math.abs(cotangent[at + i]!) * tiny + this.underflow + disturbed;
    }
    slopes.set(cotangent.subarray(at, at + n * n));
    const holds = localVjpErrors(trajectory, n, this.arithmetic, stages, this.underflow, slopes, seedError, this.local);
    return holds && (cotangentErrors === undefined || disturbSlopes(trajectory, n, this.arithmetic, cotangentErrors, seedError, this.local));
  }

  private solve(cotangent: Float64Array, at: number, cotangentErrors: Float64Array | undefined): boolean {
    const { trajectory, n, multipliers, seedError, terms } = this;
    const size = n * n;
    const count = trajectory.steps.length;
    const u = computeUnit(this.arithmetic) + 2 ** -53;
    const norm = implicit(trajectory.result, n, cotangent, at, this.gradient, multipliers);
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
    const relative = weightedError(trajectory, n, count) + gamma(4 * size, u);
    terms.forward = norm * relative * (1 + relative) * largest * n + disturbed * (1 + norm * n);
    terms.rounding = gamma(4, u) + relative;
    return trajectory.certified && norm * relative * n < 0.25;
  }
}
