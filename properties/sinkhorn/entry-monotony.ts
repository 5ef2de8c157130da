/**
 * Claim: raising one logit does not lower the entry at its place (MATHS.md S23).
 *
 * Proof: ∂P_ij/∂L_ij = (D^½(I − Π)D^½)_ij,ij ≥ 0 for the projection P. The result is within its distance of P before and after (same-projection.ts). A sign error
 * or an absolute value shows at once. Class: limit.
 */
import { outsideIteration } from './form.ts';
import { coveringErrors, neededBeyond, stillNeeded } from '../sufficient.ts';
import { tokenRandom } from '../tokens.ts';
import { exactTokens, tokenMatrix } from './agreement.ts';
import { convergingScales, sameProjectionSlack } from './same-projection.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const entryMonotony = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/entry-monotony',
  operation: 'sinkhorn',
  claim: 'Raising one logit does not lower the entry at its place.',
  class: 'limit',
  usesReference: false,
  inputs: { logits: ['dyadic', 'ties'], scales: convergingScales },
  power: [],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const places = Array.from({ length: tokens }, (_, token) => token * n * n + tokenRandom(context, 'raised entry', token).below(n * n));
    const raised = context.inputs['logits']!.slice();
    for (const place of places) raised[place] = raised[place]! + 1;
    const other = { logits: context.round('logits', raised) };
    const exact = exactTokens(raised, other.logits, tokens);
    const before = (await context.run(context.inputs))['residualMapping']!;
    const after = (await context.run(other))['residualMapping']!;
    const [a, b] = [context.bounded(context.inputs), context.bounded(other)];
    const judge = context.judge();
    const falls = new Float64Array(before.length);
    for (const place of places) falls[place] = before[place]! - after[place]!;
    const slacks = places.map((_, token) => {
      const [from, to] = [token * n * n, (token + 1) * n * n];
      return [sameProjectionSlack(context, tokenMatrix(context, 'logits', token)), sameProjectionSlack(context, other.logits.subarray(from, to))] as const;
    });
    const boundWith = (token: number, error: number): number => {
      const place = places[token]!;
      return slacks[token]!.reduce((sum, slack, k) => sum + slack.relative * (Math.abs((k === 0 ? before : after)[place]!) + error) + slack.absolute, error);
    };
    const parts = new Float64Array(before.length);
    for (const [token, place] of places.entries()) parts[place] = exact[token] === true ? boundWith(token, 0) : Infinity;
    const needed = neededBeyond(context, falls.map((fall) => (fall < 0 ? 0 : fall)), parts);
    const errorsBefore = coveringErrors(a, 'residualMapping', needed);
    const errorsAfter = coveringErrors(b, 'residualMapping', stillNeeded(needed, errorsBefore));
    places.forEach((place, token) => {
      if (a.certified[token] === 0 || b.certified[token] === 0 || exact[token] !== true) return;
      const error = errorsBefore[place]! + errorsAfter[place]!;
      const bound = boundWith(token, error);
      const fall = falls[place]!;
      if (bound < Infinity) judge.atMost(token, Number.isNaN(fall) ? fall : Math.max(fall, 0), bound, 'residualMapping', place, () => 'fall of the entry whose logit was raised');
    });
    return judge.finish();
  },
});
