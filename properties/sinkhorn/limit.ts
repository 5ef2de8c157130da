/**
 * How far the result of T iterations can be from the exact projection (MATHS.md §6.6), from the logits alone.
 *
 * Let A be the matrix that enters the loop, P(A) its doubly stochastic scaling. Continue a result X with exact (ε-free) half-steps: the first divides the
 * free side by f, |log f| ≤ max |log free|, and leaves sums of the last side with osc ≤ σ = κ·osc(log f) + osc(log last) and mean 1, so |log| ≤ σ; every
 * further half-step contracts by κ. Hence |log X_ij − log P(A)_ij| ≤ d = max|log f| + σ/(1 − κ).
 * An ε in the start makes A differ from exp(L): log A = log softmax + h, h_ij = log(1 + ε/softmax_ij). The projection moves by at most ½‖h‖ in the
 * Frobenius norm, because its Jacobian is D^½(I − Π)D^½ ≼ that of a softmax, whose norm is at most ½ (MATHS.md B2).
 */
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { marginals, type Marginals, type Spread } from './marginals.ts';
import type { Start } from './start.ts';

export interface Limit {
  /** |log X − log P(A)| of every entry; Infinity where nothing contracts. */
  readonly distance: number;
  /** ‖P(A) − P(exp L)‖ in the Frobenius norm. */
  readonly startShift: number;
  readonly marginals: Marginals;
}

export function limitOf(start: Start, dialect: SinkhornDialect): Limit {
  const exact = marginals(start, dialect, false);
  const sigma = exact.kappa * exact.free.oscillation + exact.last.oscillation;
  let shift = 0;
  for (const entry of start.matrix) shift += start.epsilon === 0 ? 0 : Math.log1p(start.epsilon / (entry - start.epsilon)) ** 2;
  const distance = largestLog(exact.free) + sigma / (1 - exact.kappa);
  return { distance: distance >= 0 ? distance : Infinity, startShift: Math.sqrt(shift) / 2, marginals: exact };
}

/** Largest |log s| for s in a spread. */
export function largestLog(sums: Spread): number {
  return sums.low > 0 ? Math.max(Math.abs(Math.log(sums.low)), Math.abs(Math.log(sums.high))) : Infinity;
}
