/**
 * Claim: symmetric logits tend to a symmetric result (MATHS.md S22).
 *
 * Proof: P(A) is unique, and for A = Aᵀ so is P(A)ᵀ. X and Xᵀ are both within the distance of X from it (same-projection.ts). Needs one call: any
 * wrong treatment of one side breaks the symmetry. Class: limit.
 */
import { outsideIteration } from './form.ts';
import { coveringErrors, differencesOf, neededBeyond } from '../sufficient.ts';
import { compareWithin, gather, slackParts, sources, tokenMatrix } from './agreement.ts';
import { convergingScales, sameProjectionSlack } from './same-projection.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const symmetricLimit = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/symmetric-limit',
  operation: 'sinkhorn',
  claim: 'Symmetric logits give a symmetric result as the iterations converge.',
  class: 'limit',
  usesReference: false,
  inputs: { logits: ['symmetric', 'constant'], scales: convergingScales },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const source = sources(tokens, n, (_, i, j) => [j, i]);
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    const slack = (token: number): ReturnType<typeof sameProjectionSlack> | undefined => {
      const logits = tokenMatrix(context, 'logits', token);
      if (logits.some((value, k) => value !== logits[(k % n) * n + Math.floor(k / n)])) return undefined;
      return sameProjectionSlack(context, logits, logits);
    };
    const expected = gather(output, source);
    judge.show('residualMapping', output, expected);
    // one of the two bounds is enough where it covers the difference, which is that of the mirror image, too
    const slacks = Array.from({ length: tokens }, (_, token) => slack(token));
    // but an entry whose own slack suffices still has to give its bound to its mirror image, whose slack may not
    const needed = neededBeyond(context, differencesOf(output, expected), slackParts(slacks, expected));
    const errors = coveringErrors(bounded, 'residualMapping', needed?.map((own, index) => Math.max(own, needed[source[index]!]!)));
    compareWithin(judge, tokens, 'residualMapping', output, expected, gather(errors, source), bounded, errors, (token) => slacks[token], 'entry − its mirror image');
    return judge.finish();
  },
});
