/**
 * Claim: a cotangent of zero gives gradients of zero, of either sign (MATHS.md G8 with k → −∞).
 *
 * Proof: every term of a gradient has one factor from the cotangent, and 0 times a finite number is ±0 in every arithmetic. Class: bitwise.
 * Sees what a kernel adds on its own: a bias, what an earlier call left in the output, a token that was never written.
 */
import type { InputPlan } from '../src/generate/recipe.ts';
import { isClaimed, type OperationId } from '../src/operations/operation.ts';
import { defineProperty, type Property } from '../src/verify/property.ts';
import { partsOf } from './tokens.ts';

/** The property for one gradient operation. The kernel first runs on the real cotangent, so that there is something to leave behind. */
export function zeroCotangent(id: string, operation: OperationId, inputs: InputPlan = {}): Property {
  return defineProperty({
    id,
    operation,
    claim: 'A cotangent of zero gives gradients of zero.',
    class: 'bitwise',
    usesReference: false,
    inputs,
    power: [],
    async check(context) {
      await context.run(context.inputs);
      const cotangents = context.kernel.operation.inputs.filter(({ role }) => role === 'cotangent');
      const zeros = Object.fromEntries(cotangents.map(({ name }) => [name, new Float64Array(context.inputs[name]!.length)]));
      const output = await context.run({ ...context.inputs, ...zeros });
      const bounded = context.bounded(context.inputs);
      const judge = context.judge();
      for (const port of context.kernel.operation.outputs) {
        for (const { token, from, to } of partsOf(port, context.sizes)) {
          for (let index = from; index < to; index++) if (isClaimed(bounded, port, token, index)) judge.atMost(token, output[port.name]![index]!, 0, port.name, index, () => 'gradient for a cotangent of zero');
        }
      }
      return judge.finish();
    },
  });
}
