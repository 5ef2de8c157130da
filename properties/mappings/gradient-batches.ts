/**
 * Claim: what all tokens share gets the sum of what each token gives: the gradients of two parts of a batch add up to those of the whole.
 *
 * Proof: the gradient of a sum over tokens. The parts are drawn token by token; each of the three results is within its own bound. Class: exact.
 * Sees a mean for a sum, one token's gradient for all, a batch dimension that was lost, tokens beyond a tile, buffers that are not cleared.
 */
import { evaluationError } from '../evaluation.ts';
import { everyToken } from '../same-bits.ts';
import { pickTokens, tokenRandom } from '../tokens.ts';
import { isShared } from '../../src/operations/operation.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { summable } from './plans.ts';

export const gradientBatches = defineProperty({
  id: 'mappings/gradient-batches',
  operation: 'mappings-vjp',
  claim: 'The shared gradients of two parts of a batch add up to those of the whole.',
  class: 'exact',
  usesReference: false,
  inputs: { ...summable, tokenCounts: [2, 5, 33, 65, 257] },
  power: ['lower-precision'],
  async check(context) {
    const { kernel, sizes, inputs } = context;
    const ports = kernel.operation.inputs;
    const sides = everyToken(sizes).map((token) => tokenRandom(context, 'part of the batch', token).below(2));
    const parts = [0, 1].map((side) => everyToken(sizes).filter((token) => sides[token] === side));
    const judge = context.judge();
    if (parts.some((part) => part.length === 0)) return judge.finish();
    const given = parts.map((part) => pickTokens(ports, inputs, sizes, part));
    const [a, b] = [await context.run(given[0]!, { tokens: parts[0]!.length }), await context.run(given[1]!, { tokens: parts[1]!.length })];
    const whole = await context.run(inputs);
    const bounds = [context.bounded(inputs), ...given.map((part, side) => context.bounded(part, { tokens: parts[side]!.length }))];
    for (const port of kernel.operation.outputs.filter(isShared)) {
      whole[port.name]!.forEach((value, index) => {
        const [left, right] = [a[port.name]![index]!, b[port.name]![index]!];
        const errors = bounds.reduce((sum, bounded) => sum + bounded.errors[port.name]![index]!, 0);
        if (!(errors < Infinity)) return;
        const bound = errors + evaluationError(2, Math.abs(left) + Math.abs(right) + Math.abs(value));
        judge.atMost(0, left + right - value, bound, port.name, index, () => 'gradients of the two parts − gradient of the batch');
      });
    }
    return judge.finish();
  },
});
