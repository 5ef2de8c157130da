/**
 * How far the derivative of T iterations can be from that of the exact projection P (MATHS.md §12 B1–B3), from the logits alone.
 *
 * For a direction V, |V| ≤ 1, write dlog X = V + ρ_i + σ_j. A half-step with weights w (the matrix's lines) and lag e = 1 − dlog D/dlog s sets
 * ρ_i ← −Σ_j w_ij(V_ij + σ_j) + e·m_i, m the mean of dlog X. The limit E* = V + ρ* + σ* has Σ w^P·E* = 0 on all lines, so with δ = ρ − ρ*, σ − σ*
 *   osc δ′ ≤ κ·osc δ + 2p·|E*| + 2e·|dlog X|,   |dlog X| ≤ |E*| + osc δ + p·|E*| + e·|dlog X|,   osc ρ*, σ* ≤ 2/(1 − κ),  |E*| ≤ 2 + 2/(1 − κ);
 * p = exp(osc of what the other side is still scaled by) − 1 bounds w against w^P. An ε in the start takes h = max ε/A of the softmax's derivative away: a
 * second direction of size 2h. Last, X∘dlog X against P∘E* costs (e^d − 1)·|E*|. All of it times Σ|g|·X bounds an entry of the gradient.
 */
import { crossRatioSpan, divisionEntryError, type Start } from '../sinkhorn/start.ts';
import { limitOf, type Limit } from '../sinkhorn/limit.ts';
import { divisorOf } from '../../src/operations/sinkhorn/steps.ts';
import type { Divided, Spread } from '../sinkhorn/marginals.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';

export interface Response {
  /** |X∘dlog X − P∘E*| ≤ unrolled·X for directions of size 1. */
  readonly unrolled: number;
  /** The same for the derivative of the projection taken at X instead of P. */
  readonly implicit: number;
  /** |dlog X| ≤ shift when V is a constant on each line of the last side, of size 1. */
  readonly shift: number;
  /** |dlog X| before the last half-step, whatever κ is. */
  readonly beforeLast: number;
  /**
   * Second-order rounding of an unrolled gradient, per Σ|g|·X: each of K steps rounds a stage by γ_{n+6} of its 1-norm, each later step applies its map with another relative error
   * γ_{n+6} + E, E the iterates' error; stages, noise and result grow by at most `beforeLast` each. Matters where the first-order error cancels.
   */
  readonly secondOrder: number;
  /** Largest lag of the last half-step. */
  readonly lastLag: number;
  readonly limit: Limit;
}

export function responseOf(start: Start, dialect: SinkhornDialect, logits: Float64Array): Response {
  const limit = limitOf(start, dialect);
  const { kappa, free, last, carried, divided } = limit.marginals;
  const steps = [...carried, ...divided];
  const sigma = kappa * free.oscillation + last.oscillation;
  const tail = { free: free.oscillation + (kappa * sigma) / (1 - kappa * kappa), last: sigma / (1 - kappa * kappa) };
  const softmax = dialect.start === 'softmax';
  const h = start.epsilon === 0 ? 0 : start.epsilon / Math.min(...start.matrix);
  const star = 2 / (1 - kappa);
  const general = 1 + 2 * h;
  const walk = walkBack(steps, dialect, kappa, tail);
  const away = Math.expm1(limit.distance);
  const unrolled = walk((softmax ? 2 : 0) + star * general, (2 + star) * general, softmax ? 2 : 1) + 2 * h * (2 + star);
  const weights = Math.expm1(Math.max(tail.free, tail.last));
  const softmaxKappa = Math.tanh(crossRatioSpan(logits, start.n) / 4);
  const unread = { size: (2 + star) * h, oscillation: star * h };
  return {
    unrolled: finite(unrolled + away * (2 + star) * general),
    implicit: finite(((2 * weights) / (1 - kappa) + weights) * (2 + star) + away * (2 + star)),
    shift: finite(walk((softmax ? softmaxKappa : 1) + unread.oscillation, unread.size, 1) + unread.size),
    beforeLast: finite(largestTangent(steps, kappa, softmax)),
    secondOrder: finite(secondOrderOf(start, steps.length + 2, largestTangent(steps, kappa, softmax))),
    lastLag: lagOf(steps.at(-1)!),
    limit,
  };
}

/** The recursion of the header over all steps: osc δ that the first step reads, |E*|, |dlog X| at the start → |dlog X − E*| at the end. */
function walkBack(steps: readonly Divided[], dialect: SinkhornDialect, kappa: number, tail: { free: number; last: number }): (oscillation: number, star: number, size: number) => number {
  const remaining = { free: tail.free, last: tail.last };
  const weights = steps.map(() => 0);
  for (let k = steps.length - 1; k >= 0; k--) {
    const { step, sums } = steps[k]!;
    const own = step.side === dialect.lastNormalised ? 'last' : 'free';
    weights[k] = Math.expm1(remaining[own === 'last' ? 'free' : 'last']);
    remaining[own] += sums.oscillation;
  }
  return (firstOscillation, star, firstSize) => {
    let [oscillation, size, difference] = [firstOscillation, firstSize, Infinity];
    steps.forEach((divided, k) => {
      const lag = lagOf(divided);
      difference = oscillation + weights[k]! * star + lag * size;
      oscillation = kappa * oscillation + 2 * weights[k]! * star + 2 * lag * size;
      size = star + difference;
    });
    return difference;
  };
}

/** |dlog X| before the last step, for |V| ≤ 1, without a limit: osc ρ′ ≤ κ·osc σ + 2 + 2e·size, size ≤ 2 + osc σ + e·size. */
function largestTangent(steps: readonly Divided[], kappa: number, softmax: boolean): number {
  let [oscillation, size] = [softmax ? 2 : 0, softmax ? 2 : 1];
  for (const divided of steps.slice(0, -1)) {
    const lag = lagOf(divided);
    [oscillation, size] = [kappa * oscillation + 2 + 2 * lag * size, 2 + oscillation + lag * size];
  }
  return size;
}

function secondOrderOf(start: Start, steps: number, tangent: number): number {
  const { local } = start;
  const rounding = local.line + 6 * local.addition + divisionEntryError(local);
  const iterates = Math.max(...start.own) + start.line + 2 * steps * (local.line + divisionEntryError(local));
  return steps * rounding * steps * (rounding + iterates) * tangent ** 3;
}

/** 1 − dlog D/dlog s at worst: ε/(s + ε); 1 where a clamp may hold the divisor. */
export function lagOf({ step, sums }: { readonly step: Divided['step']; readonly sums: Spread }): number {
  if (step.epsilon === 0) return 0;
  return step.divisor === 'clamp' ? (sums.low < step.epsilon ? 1 : 0) : step.epsilon / divisorOf(step, sums.low);
}

function finite(value: number): number {
  return value >= 0 ? value : Infinity;
}
