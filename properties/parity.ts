/**
 * Claim: every output element is within the derived bound of the declared dialect and arithmetic. The bound is the operation's own
 * (`Operation.bounded`, `Operation.formula`). Class: exact. Uses the f64 reference; a borderline margin is decided in double-double by the engine.
 */
import { compareAll } from './compare.ts';
import type { InputPlan } from '../src/generate/recipe.ts';
import type { OperationId } from '../src/operations/operation.ts';
import { defineProperty, type PowerMutation, type Property } from '../src/verify/property.ts';

/** The parity property of an operation. */
export function parity(id: string, operation: OperationId, power: readonly PowerMutation[], inputs: InputPlan = {}): Property {
  return defineProperty({
    id,
    operation,
    claim: 'Every output element is within the derived error bound of the reference.',
    class: 'exact',
    usesReference: true,
    inputs,
    power,
    async check(context) {
      const output = await context.run(context.inputs);
      const judge = context.judge();
      compareAll(judge, context, output, context.bounded(context.inputs));
      return judge.finish();
    },
  });
}
