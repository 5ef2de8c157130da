/**
 * Claims about the projection at two temperatures, L and L/2 (halving is exact in every dtype down to the subnormals):
 *   sharpening: ⟨L, P(L)⟩ ≥ ⟨L, P(L/2)⟩, the monotony of a gradient of a convex function (MATHS.md S23, S26);
 *   non-expansion: ‖P(L) − P(L/2)‖_F ≤ ½·‖L/2‖_F, as its Jacobian D^½(I − Π)D^½ has norm at most ½ (B2).
 *
 * P does not change when L loses row and column means, so both use the doubly centred L, which makes them sharper. Results are within a factor e^d and the
 * start's shift of P (limit.ts): ‖X − P‖_F ≤ ‖X‖_F·(e^d − 1) + shift, and the kernel's bounds add. Class: limit.
 */
import { outsideIteration } from './form.ts';
import { evaluationError } from '../evaluation.ts';
import { suffices } from '../sufficient.ts';
import { tokenMatrix } from './agreement.ts';
import { convergingScales, sameProjectionSlack } from './same-projection.ts';
import { lineSums } from './marginals.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import type { Judgement } from '../../src/verify/judge.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';

/** What must be at most what, for results that are `away` from P together. */
interface Claim {
  readonly what: string;
  readonly sides: (centred: Float64Array, difference: Float64Array, away: number) => readonly [error: number, bound: number];
}

const norm = (values: Float64Array): number => Math.hypot(...values);

async function atTwoTemperatures(context: CheckContext<SinkhornDialect>, claim: Claim): Promise<Judgement> {
  const { tokens, streams: n } = context.sizes;
  const halved = context.inputs['logits']!.map((value) => value / 2);
  const other = { logits: context.round('logits', halved) };
  const hot = (await context.run(context.inputs))['residualMapping']!;
  const cool = (await context.run(other))['residualMapping']!;
  const [a, b] = [context.bounded(context.inputs), context.bounded(other)];
  const judge = context.judge();
  for (let token = 0; token < tokens; token++) {
    const [from, to] = [token * n * n, (token + 1) * n * n];
    if (a.certified[token] === 0 || b.certified[token] === 0) continue;
    if (halved.subarray(from, to).some((value, k) => value !== other.logits[from + k])) continue;
    const logits = tokenMatrix(context, 'logits', token);
    const slacks = [sameProjectionSlack(context, logits), sameProjectionSlack(context, other.logits.subarray(from, to))] as const;
    const norms = [norm(hot.subarray(from, to)), norm(cool.subarray(from, to))] as const;
    const awayBy = (errorNorm: number): number => slacks.reduce((sum, { relative, absolute }, k) => sum + (norms[k]! + errorNorm) * relative + absolute, errorNorm);
    if (awayBy(0) === Infinity) continue;
    const [rows, columns] = [lineSums(logits, n, 'rows'), lineSums(logits, n, 'columns')];
    const mean = rows.reduce((sum, value) => sum + value, 0) / (n * n);
    const centred = logits.map((value, k) => value - rows[Math.floor(k / n)]! / n - columns[k % n]! / n + mean);
    const difference = hot.subarray(from, to).map((value, k) => value - cool[from + k]!);
    // the kernel's own bounds only where the claim does not hold well without them
    let [error, bound] = claim.sides(centred, difference, awayBy(0));
    if (!suffices(context, error, bound)) {
      const away = awayBy(norm(a.errors['residualMapping']!.subarray(from, to)) + norm(b.errors['residualMapping']!.subarray(from, to)));
      if (away === Infinity) continue;
      [error, bound] = claim.sides(centred, difference, away);
    }
    judge.atMost(token, error, bound, 'residualMapping', -1, () => claim.what);
  }
  return judge.finish();
}

export const sharpening = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/sharpening',
  operation: 'sinkhorn',
  claim: 'Doubling the logits does not lower the weight that the result gives to them.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: convergingScales },
  power: [],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  check: (context) =>
    atTwoTemperatures(context, {
      what: '⟨L, X(L) − X(L/2)⟩, if negative',
      sides: (centred, difference, away) => {
        const gain = centred.reduce((sum, value, k) => sum + value * difference[k]!, 0);
        const bound = norm(centred) * away + evaluationError(centred.length + 8, norm(centred) * norm(difference));
        return [Math.min(gain, 0) + (Number.isNaN(gain) ? NaN : 0), bound];
      },
    }),
});

export const nonExpansion = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/non-expansion',
  operation: 'sinkhorn',
  claim: 'The result moves by at most half of what the logits move, in the Frobenius norm.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: convergingScales },
  power: [],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  check: (context) =>
    atTwoTemperatures(context, {
      what: '‖X(L) − X(L/2)‖, against ½·‖L/2‖',
      sides: (centred, difference, away) => {
        const size = norm(centred) / context.kernel.dialect.temperature;
        return [norm(difference), (size / 4) * (1 + 64 * 2 ** -53) + away];
      },
    }),
});
