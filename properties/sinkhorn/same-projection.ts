/**
 * Slack of claims that hold for the exact projection P(e^L) only: two results whose logits have the same projection are each within their own distance
 * d of P(A) (a factor e^d) and their starts' shift of P(e^L) (limit.ts), hence within the sum of each other.
 */
import type { Slack } from './agreement.ts';
import { limitOf } from './limit.ts';
import { startOf } from './start.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import type { CheckContext } from '../../src/verify/property.ts';

/** Slack between the results for logits of tokens with one projection. */
export function sameProjectionSlack(context: CheckContext<SinkhornDialect>, ...logits: readonly Float64Array[]): Slack {
  const { dialect, arithmetic } = context.kernel;
  let distance = 0;
  let absolute = 0;
  for (const matrix of logits) {
    const limit = limitOf(startOf(dialect, arithmetic, matrix, context.sizes.streams), dialect);
    distance += limit.distance;
    // the shift moves P(A), of which the result is within the factor e^distance
    if (limit.startShift > 0) absolute += limit.startShift * Math.exp(limit.distance);
  }
  return { relative: Math.expm1(distance), absolute };
}

/** Scales at which twenty iterations come close to the projection. */
export const convergingScales: readonly number[] = [0, 0.1, 0.5, 1];
