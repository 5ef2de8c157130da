/**
 * Claim: an operation is additive in some of its inputs: f(a) + f(b) = f(a + b) (MATHS.md M5, G8).
 *
 * The check splits the inputs by a random mask, a = mask·x and b = (1 − mask)·x, so that a + b = x without any rounding, whatever x is.
 * Proof: f is linear in these inputs; each of the three results is within its own bound of the truth. Class: exact. What is not linear (a clamp, an
 * activation, an offset, a mean that was subtracted) treats the parts and the whole differently; an offset is counted twice on the left.
 */
import { evaluationError } from './evaluation.ts';
import { mapPorts, partsOf, tokenRandom } from './tokens.ts';
import type { InputPlan } from '../src/generate/recipe.ts';
import { elementsPerToken, isClaimed, type OperationId } from '../src/operations/operation.ts';
import { defineProperty, type Property } from '../src/verify/property.ts';

/** The claim that `outputs` of an operation are additive in `ports` taken together. */
export function additivity(id: string, operation: OperationId, ports: readonly string[], outputs: readonly string[], inputs: InputPlan = {}): Property {
  return defineProperty({
    id,
    operation,
    claim: `The results of two parts of ${ports.join(' and ')} add up to the result of the whole.`,
    class: 'exact',
    usesReference: false,
    inputs,
    power: ['lower-precision'],
    async check(context) {
      const { tokens } = context.sizes;
      const inPort = Object.fromEntries(context.kernel.operation.inputs.map((port) => [port.name, elementsPerToken(port, context.sizes)]));
      const masks: Record<string, Uint8Array> = {};
      for (const port of ports) {
        const per = inPort[port]!;
        const mask = new Uint8Array(tokens * per);
        for (let token = 0; token < tokens; token++) {
          const random = tokenRandom(context, `mask ${port}`, token);
          for (let k = 0; k < per; k++) mask[token * per + k] = random.below(2);
        }
        masks[port] = mask;
      }
      const parts = [0, 1].map((part) => mapPorts(context.inputs, ports, (value, index, port) => (masks[port]![index] === part ? value : 0)));
      const [a, b] = [await context.run(parts[0]!), await context.run(parts[1]!)];
      const whole = await context.run(context.inputs);
      const bounds = [...parts, context.inputs].map((given) => context.bounded(given));
      const judge = context.judge();
      for (const output of context.kernel.operation.outputs.filter(({ name }) => outputs.includes(name))) {
        const [left, right, sum] = [a[output.name]!, b[output.name]!, whole[output.name]!];
        for (const { token, from, to } of partsOf(output, context.sizes)) {
          for (let index = from; index < to; index++) {
            if (bounds.some((bounded) => !isClaimed(bounded, output, token, index))) continue;
            const error = bounds.reduce((total, bounded) => total + bounded.errors[output.name]![index]!, 0);
            const own = evaluationError(2, Math.abs(left[index]!) + Math.abs(right[index]!) + Math.abs(sum[index]!));
            judge.atMost(token, left[index]! + right[index]! - sum[index]!, error + own, output.name, index, () => 'result of the two parts − result of the whole');
          }
        }
      }
      return judge.finish();
    },
  });
}
