/**
 * Claim: logits with two kinds of rows and two kinds of columns give such a result, which a recursion of four numbers predicts at every T and ε.
 *
 * Proof: equal lines stay equal (S14), so X is u_ab on the classes a of rows and b of columns (class-recursion.ts). Any 2×2 logits will do, wide and slowly converging ones too: here T off by one shows, which no other relation sees
 * at T = 20. The check spreads the corner of each token's logits over random classes. n = 2 is the case of one line a class. The recursion runs in f64; a
 * half-step propagates its relative rounding by at most twice (MATHS.md §6.3, κ ≤ 1). Class: exact.
 */
import { coveringErrors, differencesOf, neededBeyond } from '../sufficient.ts';
import { tokenRandom } from '../tokens.ts';
import { compareWithin, slackParts, type Slack } from './agreement.ts';
import { fourNumbers, randomClasses, spread } from './class-recursion.ts';
import { gamma } from '../../src/numerics/arithmetic.ts';
import { float64Field } from '../../src/numerics/field.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const twoClasses = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/two-classes',
  operation: 'sinkhorn',
  claim: 'Logits with two kinds of rows and columns give what a recursion of four numbers predicts.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['triangular', 'normal', 'uniform', 'dominated-column', 'support-pattern'], scales: [0.5, 1, 4, 10, 20, 40] },
  power: ['fewer-iterations', 'larger-epsilon', 'lower-precision'],
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const judge = context.judge();
    if (n < 2) return judge.finish();
    const size = n * n;
    const logits = new Float64Array(tokens * size);
    const expected = new Float64Array(tokens * size);
    const slacks: (Slack | undefined)[] = [];
    for (let token = 0; token < tokens; token++) {
      const classes = randomClasses(n, tokenRandom(context, 'classes', token));
      const corner = [0, 1, n, n + 1].map((k) => context.inputs['logits']![token * size + k]!);
      logits.set(spread(corner, classes), token * size);
      const known = fourNumbers(float64Field, corner, classes, kernel.dialect);
      if (known !== undefined) expected.set(spread(known, classes), token * size);
      const roundings = 32 * (kernel.dialect.iterations + 2) + (4 * Math.max(...corner.map(Math.abs))) / Math.min(1, kernel.dialect.temperature);
      slacks.push(known === undefined ? undefined : { relative: gamma(roundings, 2 ** -53), absolute: 0 });
    }
    const inputs = { logits };
    const output = (await context.run(inputs))['residualMapping']!;
    judge.show('residualMapping', output, expected);
    const bounded = context.bounded(inputs);
    const errors = coveringErrors(bounded, 'residualMapping', neededBeyond(context, differencesOf(output, expected), slackParts(slacks, expected)));
    compareWithin(judge, tokens, 'residualMapping', output, expected, new Float64Array(expected.length), bounded, errors, (token) => slacks[token], 'entry − value of the recursion');
    return judge.finish();
  },
});
