/** What the claims about Sinkhorn's gradient share: the limit's slack for one token, and comparisons of numbers that belong to a whole token. */
import { startOf } from '../sinkhorn/start.ts';
import { tokenMatrix } from '../sinkhorn/agreement.ts';
import { responseOf, type Response } from './response.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import type { CheckContext } from '../../src/verify/property.ts';

export type VjpContext = CheckContext<SinkhornVjpDialect>;

/** Scales at which twenty iterations come close to the projection, for claims about its derivative. */
export const convergingScales: readonly number[] = [0, 0.1, 0.5, 1];

/** Cotangents that are not constant and that every dtype stores. */
export const cotangents: readonly string[] = ['normal', 'one-hot', 'rank-one', 'integers'];

export function tokenResponse(context: VjpContext, token: number): Response {
  const { dialect, arithmetic } = context.kernel;
  const logits = tokenMatrix(context, 'logits', token);
  return responseOf(startOf(dialect, arithmetic, logits, context.sizes.streams), dialect, logits);
}

/** Bound of Σ|g|·X: each line of the last side has a sum of at most `last.high`. */
export function weightedSize(context: VjpContext, cotangent: Float64Array, response: Response): number {
  const n = context.sizes.streams;
  const largest = new Float64Array(n);
  cotangent.forEach((value, k) => {
    const line = context.kernel.dialect.lastNormalised === 'rows' ? Math.floor(k / n) : k % n;
    largest[line] = Math.max(largest[line]!, Math.abs(value));
  });
  return largest.reduce((sum, value) => sum + value, 0) * response.limit.marginals.last.high;
}

/** How far an entry of the gradient for a cotangent can be from that of the exact projection. */
export function limitSlack(context: VjpContext, cotangent: Float64Array, response: Response): number {
  return response[context.kernel.dialect.derivative] * weightedSize(context, cotangent, response);
}

export function inner(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0);
}

/** Σ|a|·|b|. */
export function innerSize(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, k) => sum + Math.abs(value * b[k]!), 0);
}
