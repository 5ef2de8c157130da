/**
 * Where the loop of a dialect with `stopBelow` ends, exactly and in a kernel. The exact loop ends after the first iteration whose sums are
 * all off 1 by less than that. A kernel sees sums of its own iterates: each is off by at most Σ (X·(exp(E) − 1) + a) over the line, γ_{n+1} of
 * itself for the additions and the difference. It may end wherever that leaves room for it, up to the first iteration where it must.
 * A bound then covers every such end: the distance of its iterate from the exact one, plus that iterate's own error.
 * Where f64 itself could not tell, reference, double-double and truth may end differently: nothing is claimed.
 */
import { arithmeticPresets, computeUnit, gamma, type Arithmetic } from '../../numerics/arithmetic.ts';
import type { SinkhornDialect } from './dialect.ts';
import { deviationOf, endsIteration } from './steps.ts';
import { Trajectory } from './trajectory.ts';

/** Numbers of steps after which the loop ends. */
export interface Ends {
  /** In exact arithmetic. */
  readonly exact: number;
  /** In a kernel of the declared arithmetic; contains `exact`. */
  readonly possible: readonly number[];
}

export class EarlyStop {
  private readonly everything: Ends;
  private readonly reference: Trajectory | undefined;
  private readonly n: number;
  private readonly dialect: SinkhornDialect;
  private readonly arithmetic: Arithmetic;

  constructor(n: number, dialect: SinkhornDialect, arithmetic: Arithmetic, steps: number) {
    this.n = n;
    this.dialect = dialect;
    this.arithmetic = arithmetic;
    this.everything = { exact: steps, possible: [steps] };
    this.reference = dialect.stopBelow > 0 ? new Trajectory(n, dialect, arithmeticPresets['ieee-f64']!) : undefined;
  }

  /**
   * The ends for the logits at `offset`, whose trajectory has been computed; takes the token's certificate away where f64 cannot tell. Logits that are
   * off in a kernel are off in the reference too, by 2⁻²⁹ of that where the kernel computes in f32.
   */
  of(trajectory: Trajectory, logits: Float64Array, offset: number, logitErrors?: Float64Array, errorsAt = 0): Ends {
    if (this.reference === undefined) return this.everything;
    const share = this.arithmetic.compute === 'f64' ? 1 : 2 ** -20;
    const errors = logitErrors?.slice(errorsAt, errorsAt + this.n * this.n).map((error) => share * error);
    this.reference.compute(logits, offset, errors);
    if (!this.reference.certified || this.endsOf(this.reference, arithmeticPresets['ieee-f64']!).possible.length > 1) trajectory.certified = false;
    return this.endsOf(trajectory, this.arithmetic);
  }

  private endsOf(trajectory: Trajectory, arithmetic: Arithmetic): Ends {
    const { n, dialect } = this;
    const { steps } = trajectory;
    const possible: number[] = [];
    let exact = 0;
    for (let k = 0; k < steps.length; k++) {
      if (!endsIteration(steps[k]!, dialect)) continue;
      const deviation = deviationOf(trajectory.matrices[k + 1]!, 0, n);
      const doubt = doubtOf(trajectory, k + 1, n, arithmetic);
      if (exact === 0 && deviation < dialect.stopBelow) exact = k + 1;
      if (!(deviation - doubt >= dialect.stopBelow)) possible.push(k + 1);
      if (deviation + doubt < dialect.stopBelow) return { exact, possible };
    }
    if (exact === 0) exact = steps.length;
    return { exact, possible: possible.includes(steps.length) ? possible : [...possible, steps.length] };
  }
}

/** How far the deviation that a kernel finds in matrices[k] can be from the exact one. */
function doubtOf(trajectory: Trajectory, k: number, n: number, arithmetic: Arithmetic): number {
  const matrix = trajectory.matrices[k]!;
  const absolute = trajectory.absolute[k]!;
  const additions = gamma(n + 1, computeUnit(arithmetic) + 2 ** -53);
  let largest = 0;
  for (let line = 0; line < n; line++) {
    let [row, column] = [0, 0];
    for (let e = 0; e < n; e++) {
      for (const [i, isRow] of [[line * n + e, true], [e * n + line, false]] as const) {
        const error = matrix[i]! * Math.expm1(trajectory.errorOf(k, i)) + absolute[i]!;
        const share = error + additions * (matrix[i]! + error);
        if (isRow) row += share;
        else column += share;
      }
    }
    largest = Math.max(largest, row, column);
  }
  return largest + additions; // the difference from 1
}
