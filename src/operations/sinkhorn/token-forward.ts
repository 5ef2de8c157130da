/** The forward bound of one token at a time, for logits that may themselves be off: what `sinkhorn` and the operations around it share. */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import type { Term } from '../operation.ts';
import type { SinkhornDialect } from './dialect.ts';
import { EarlyStop, type Ends } from './early-stop.ts';
import { forwardError, nameTerms, type ForwardTerms } from './forward-bound.ts';
import { stepsOf } from './steps.ts';
import { Trajectory } from './trajectory.ts';

/** Up to this n each entry has its own adjoint, at n⁴ a token and step; beyond it the contraction of trajectory.ts bounds all of them at n³. */
const adjointStreams = 5;

/** Where the bound comes from. */
export function forwardDerivation(n: number, dialect: SinkhornDialect, arithmetic: Arithmetic): string {
  const steps = stepsOf(dialect).length;
  return n <= adjointStreams
    ? `instance-wise forward error under ${arithmetic.name}: adjoint of the ${steps} linearised steps (src/operations/sinkhorn/forward-bound.ts)`
    : `instance-wise forward error under ${arithmetic.name}: contraction over ${steps} steps (src/operations/sinkhorn/trajectory.ts)`;
}

export class TokenForward {
  private readonly trajectory: Trajectory;
  private readonly n: number;
  private readonly lambda: Float64Array;
  private readonly terms: ForwardTerms = { start: 0, lines: 0, entries: 0 };
  private readonly stop: EarlyStop;
  private ends: Ends;
  /** What an end elsewhere than the exact one adds to the last `errorOf`. */
  private stopping = 0;

  constructor(n: number, dialect: SinkhornDialect, arithmetic: Arithmetic) {
    this.n = n;
    this.trajectory = new Trajectory(n, dialect, arithmetic);
    this.lambda = new Float64Array(n * n);
    const steps = this.trajectory.steps.length;
    this.stop = new EarlyStop(n, dialect, arithmetic, steps);
    this.ends = { exact: steps, possible: [steps] };
  }

  /**
   * Looks at the n×n logits at `offset`, of which the kernel's may be off by `logitErrors` (n², from `errorsAt`). False when nothing can be claimed.
   */
  prepare(logits: Float64Array, offset: number, logitErrors?: Float64Array, errorsAt = 0): boolean {
    this.trajectory.compute(logits, offset, logitErrors, errorsAt);
    this.ends = this.stop.of(this.trajectory, logits, offset, logitErrors, errorsAt);
    return this.trajectory.certified;
  }

  /** Absolute error bound of entry `out`, whose reference value is x, before it is rounded to another dtype: the worst of all ends of the loop. */
  errorOf(x: number, out: number): number {
    const { trajectory, ends: { exact, possible } } = this;
    const end = trajectory.matrices[exact]![out]!;
    let computed = 0;
    this.stopping = 0;
    for (const count of possible) {
      const there = trajectory.matrices[count]![out]!;
      const away = Math.abs(there - end) * (1 + 2 ** -40);
      const error = this.computedError(count === exact ? x : there, count, out);
      if (!(away + error <= this.stopping + computed)) [this.stopping, computed] = [away, error];
    }
    return this.stopping + computed;
  }

  /** The parts of the last `errorOf`; `storage` is what rounding the result adds. */
  explain(x: number, out: number, storage: number): readonly Term[] {
    const { exact, possible } = this.ends;
    this.logarithmic(exact, out);
    const named = nameTerms(this.terms, x, this.trajectory.absolute[exact]![out]!, storage);
    return possible.length === 1 ? named : [...named, { name: 'where rounding may decide the early stop', value: this.stopping }].sort((a, b) => b.value - a.value);
  }

  /** The error of a kernel whose loop ends after `count` steps. */
  private computedError(x: number, count: number, out: number): number {
    const relative = Math.expm1(this.logarithmic(count, out));
    // e^Λ − 1 ≥ 1 − e^−Λ covers both sides; the last term is the reference's own, and expm1's
    return x * relative * (1 + 2 ** -40) + this.trajectory.absolute[count]![out]! + x * 2 ** -52;
  }

  private logarithmic(count: number, out: number): number {
    const { trajectory, n, terms } = this;
    if (n <= adjointStreams) return forwardError(trajectory, n, count, out, this.lambda, terms);
    terms.start = trajectory.own[0]![out]!;
    terms.entries = trajectory.own[count]![out]! - terms.start + trajectory.exponentialOf(count, out);
    terms.lines = trajectory.shared[count]!;
    return trajectory.errorOf(count, out);
  }
}
