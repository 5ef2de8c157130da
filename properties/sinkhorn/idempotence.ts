/**
 * Claim: the projection of a projection is itself: X(log X) differs from X by no more than X's line sums differ from 1 (MATHS.md S12).
 *
 * Proof: each half-step multiplies an entry by 1/D of its line's sum, so log of the second result − log of its start is a sum of log D, one for each half-step,
 * each within the enclosure that marginals.ts derives from the second start. That start is exp of the logarithms of X, rounded to the input's
 * dtype, so X's own error does not enter. Class: limit.
 */
import { outside } from './form.ts';
import { checkKnown, tokenMatrix } from './agreement.ts';
import { largestLog } from './limit.ts';
import { marginals } from './marginals.ts';
import { divisorOf } from '../../src/operations/sinkhorn/steps.ts';
import { convergingScales } from './same-projection.ts';
import { startOf } from './start.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';

export const idempotence = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/idempotence',
  operation: 'sinkhorn',
  claim: 'Projecting the logarithm of a result changes it by no more than its line sums deviate from 1.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: convergingScales },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const first = (await context.run(context.inputs))['residualMapping']!;
    // an entry that is not positive has no logarithm; positivity judges it, here its token starts from 0
    const logits = context.round('logits', first.map((value) => (value > 0 && value < Infinity ? Math.log(value) : 0)));
    const again = withLogits(context, logits);
    return checkKnown(again, 'residualMapping', 'entry of X(log X) − entry of X', (token) => {
      const { dialect, arithmetic } = context.kernel;
      const n = context.sizes.streams;
      const given = tokenMatrix(again, 'logits', token);
      const start = startOf(dialect, arithmetic, given, n);
      const { entering, divided } = marginals(start, dialect, false);
      let drift = 0;
      for (const { step, sums } of divided) drift += largestLog({ ...sums, low: divisorOf(step, sums.low), high: divisorOf(step, sums.high) });
      const values = given.map(Math.exp);
      const begun = Math.max(...entering.map((value, k) => Math.abs(Math.log(value) - given[k]!)));
      return { values, relative: Math.expm1(drift + begun) + 8 * 2 ** -53, absolute: 0 };
    });
  },
});

/** The context with other logits as its inputs. */
function withLogits<D>(context: CheckContext<D>, logits: Float64Array): CheckContext<D> {
  const inputs = { logits };
  return {
    kernel: context.kernel, recipe: context.recipe, sizes: context.sizes, random: context.random, indifferent: context.indifferent, inputs,
    run: (values, sizes) => context.run(values, sizes),
    runKeeping: (a, b) => context.runKeeping(a, b),
    round: (port, values) => context.round(port, values),
    bounded: (values, sizes) => context.bounded(values, sizes),
    judge: (tokens) => context.judge(tokens),
  };
}
