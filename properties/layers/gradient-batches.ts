/**
 * Claim: what all tokens share gets the sum of what each token gives: the gradients of two parts of a batch add up to those of the whole (MATHS.md K6).
 *
 * Proof: the gradient of a sum over tokens. The parts are drawn token by token; each of the three results is within its own bound. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { everyToken } from '../same-bits.ts';
import { pickTokens, tokenRandom } from '../tokens.ts';
import { isShared, type OperationId } from '../../src/operations/operation.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';
import { summed } from './plans.ts';

export function gradientBatches(id: string, operation: OperationId): Property {
  return defineProperty({
    id,
    operation,
    claim: 'The shared gradients of two parts of a batch add up to those of the whole.',
    class: 'exact',
    usesReference: false,
    inputs: { ...summed, tokenCounts: [2, 5, 9] },
    power: ['lower-precision'],
    async check(context) {
      const { kernel, sizes, inputs } = context;
      const sides = everyToken(sizes).map((token) => tokenRandom(context, 'part of the batch', token).below(2));
      const parts = [0, 1].map((side) => everyToken(sizes).filter((token) => sides[token] === side));
      const judge = context.judge();
      if (parts.some((part) => part.length === 0)) return judge.finish();
      const given = parts.map((part) => pickTokens(kernel.operation.inputs, inputs, sizes, part));
      const results = [await context.run(given[0]!, { tokens: parts[0]!.length }), await context.run(given[1]!, { tokens: parts[1]!.length })] as const;
      const whole = await context.run(inputs);
      const bounds = [context.bounded(inputs), ...given.map((part, side) => context.bounded(part, { tokens: parts[side]!.length }))];
      for (const port of kernel.operation.outputs.filter(isShared)) {
        whole[port.name]!.forEach((value, index) => {
          const [left, right] = [results[0][port.name]![index]!, results[1][port.name]![index]!];
          const errors = bounds.reduce((sum, bounded) => sum + bounded.errors[port.name]![index]!, 0);
          if (!(errors < Infinity)) return;
          const bound = errors + evaluationError(2, Math.abs(left) + Math.abs(right) + Math.abs(value));
          judge.atMost(0, left + right - value, bound, port.name, index, () => 'gradients of the two parts − gradient of the batch');
        });
      }
      return judge.finish();
    },
  });
}
