/**
 * Claim: what a kernel returns for a token depends on that token alone, not on its neighbours, its position or the size of the batch
 * (MATHS.md S30, K6, F9).
 *
 * The batch runs as it is, reversed, as a random part of itself, and one of its tokens as a batch of one. Every token must give the same bits each time. Class: bitwise for
 * kernels that promise it (`batchInvariant`); without the promise the results may differ by twice the token's bound.
 * Sees: a maximum or sum over the batch, a neighbour's token, tails that are not written, an order that was changed, one result for all calls.
 */
import { pickTokens, tokenRandom } from '../tokens.ts';
import { compareBits, compareShared, everyToken } from '../same-bits.ts';
import { forEveryOperation } from './every-operation.ts';

export const tokenIndependence = forEveryOperation('token-independence', {
  claim: 'The result for a token does not depend on its neighbours, its position or the size of the batch.',
  class: 'bitwise',
  usesReference: false,
  inputs: { tokenCounts: [1, 2, 5, 31, 32, 33, 255, 257, 4097] },
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const ports = kernel.operation.inputs;
    const tokens = everyToken(sizes);
    const judge = context.judge();
    const whole = await context.run(context.inputs);

    const reversed = await context.run(pickTokens(ports, context.inputs, sizes, tokens.toReversed()));
    const mirrored = { tokens, places: tokens.toReversed() };
    compareBits(judge, context, reversed, whole, mirrored, kernel.batchInvariant, 'token in the reversed batch − in the batch');
    compareShared(judge, context, reversed, whole, false, 'sum over the reversed batch − over the batch');

    const part = tokens.filter((token) => tokenRandom(context, 'part of the batch', token).below(2) === 0);
    if (part.length > 0) {
      const alone = await context.run(pickTokens(ports, context.inputs, sizes, part), { tokens: part.length });
      compareBits(judge, context, alone, whole, { tokens: part, places: part.map((_, place) => place) }, kernel.batchInvariant, 'token in a part of the batch − in the batch');
    }
    if (tokens.length > 1) {
      const one = context.random.below(tokens.length);
      const single = await context.run(pickTokens(ports, context.inputs, sizes, [one]), { tokens: 1 });
      compareBits(judge, context, single, whole, { tokens: [one], places: [0] }, kernel.batchInvariant, 'token in a batch of one − in the batch');
    }
    return judge.finish();
  },
});
