/**
 * The closed form of the forward bound: what holds for every matrix of a box of logits, without looking at it. For documentation, and for
 * screening on a device, where one number a launch is all that can be afforded.
 *
 * With e = own + ρ_i + σ_j as in trajectory.ts and κ = 1 (log-mean-exp is monotone and moves with a constant, so it lies between the extremes of its
 * arguments, exactly, at any size of error): own_t = δ_exp(range) + t·δ_div, osc_{t+1} ≤ osc_t + 2·own_t + 2θ, and at the end
 * |log X̂/X| ≤ osc_{K−1} + 2·own_K + θ. No second order is dropped. An added ε only weakens what an entry inherits; it costs one addition.
 * Assumes the linear domain, and that nothing underflows: X ≥ ε or range below the arithmetic's.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import type { SinkhornDialect } from './dialect.ts';
import { constantError, localErrors } from './rounding.ts';
import { stepsOf } from './steps.ts';

/**
 * Largest relative error |X̂ − X|/X of any entry for n×n logits whose entries differ by at most `range`. Infinite for the log domain
 * and for other temperatures than 1, where errors grow with the logits themselves, for |L|, for thresholds, and for an early stop, where rounding may decide.
 */
export function sinkhornClosedForm(n: number, dialect: SinkhornDialect, arithmetic: Arithmetic, range: number): number {
  if (dialect.domain === 'log' || dialect.temperature !== 1 || dialect.start === 'absolute') return Infinity;
  if (dialect.divisor === 'threshold' || dialect.stopBelow > 0) return Infinity;
  const constant = constantError(arithmetic, dialect.epsilon);
  const local = localErrors(arithmetic, n, dialect.stabilisation !== 'none');
  const line = local.line + (n === 1 ? constant : 0);
  const division = local.divisionExcess + local.divisionRounding / (1 - 2 * local.divisionRounding);
  let own = local.expConstant + local.expSlope * range;
  let oscillation = 0;
  let entry = own;
  for (const step of stepsOf(dialect)) {
    if (step.kind === 'add') {
      // what a row shared becomes an entry's own, in proportion to what it keeps
      own += oscillation + local.addition + constant;
      continue;
    }
    entry = oscillation + 2 * own + line + division;
    oscillation += 2 * own + 2 * line;
    own += division;
  }
  return Math.expm1(entry) * (1 + 2 ** -40);
}
