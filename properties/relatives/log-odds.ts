/**
 * Claims: ratios of entries tell the logits. KromHC: H_0j/H_00 = e^−z_f where j differs from 0 in factor f's bit alone. mHC-lite with two streams: H_00/H_01 = e^(z_0 − z_1).
 *
 * Proof: all other factors of the two entries are the same; (1 − σ(z))/σ(z) = e^−z. With two streams H_00 is the identity's weight and H_01 the swap's, and the softmax's
 * denominator cancels. Compared as H_0j·1 with H_00·e^−z, so that no small number is divided by. Bound: the entries' own, and the f64 error of the product.
 * Class: exact. Sees a temperature, a sign, a factor that is missing or squared, which keep both marginals.
 */
import { evaluationError } from '../evaluation.ts';
import { eachToken } from './matrices.ts';
import { lengthOf } from '../../src/operations/dims.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';
import type { Judge } from '../../src/verify/judge.ts';

/** Requires entry b = entry a·e^−difference, the difference given as one that is not negative: the smaller entry is predicted from the larger. */
function compare<D>(judge: Judge, context: CheckContext<D>, output: Float64Array, errors: Float64Array, token: number, a: number, b: number, difference: number): void {
  const [from, to] = difference >= 0 ? [a, b] : [b, a];
  const factor = Math.exp(-Math.abs(difference));
  const bound = errors[to]! + factor * errors[from]! + evaluationError(6 + Math.abs(difference), factor * Math.abs(output[from]!) + Math.abs(output[to]!));
  judge.atMost(token, output[to]! - factor * output[from]!, bound, 'residualMapping', to, () => `entry − e^−${Math.abs(difference)}·entry ${from - token * context.sizes.streams ** 2}`);
}

export const kroneckerLogOdds = defineProperty({
  id: 'relatives/kronecker-log-odds',
  operation: 'kronecker',
  claim: "Two entries that differ in one factor have the ratio that its logit says.",
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const { streams: n } = context.sizes;
    const count = lengthOf('factors', context.sizes);
    const logits = context.inputs['factorLogits']!;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    eachToken(context, [bounded], (token) => {
      for (let f = 0; f < count; f++) {
        const start = token * n * n;
        compare(judge, context, output, bounded.errors['residualMapping']!, token, start, start + (1 << (count - 1 - f)), logits[token * count + f]!);
      }
    });
    return judge.finish();
  },
});

export const mixtureLogOdds = defineProperty({
  id: 'relatives/mixture-log-odds',
  operation: 'permutation-mixture',
  claim: 'With two streams the entries have the ratio that the two logits say.',
  class: 'exact',
  usesReference: false,
  inputs: { streamCounts: [2] },
  power: ['lower-precision'],
  async check(context) {
    const logits = context.inputs['weightLogits']!;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    eachToken(context, [bounded], (token) => compare(judge, context, output, bounded.errors['residualMapping']!, token, 4 * token, 4 * token + 1, logits[2 * token]! - logits[2 * token + 1]!));
    return judge.finish();
  },
});
