/**
 * Claim: calls of different shapes do not disturb each other: a batch, twice the batch, its first half and the batch again give consistent bits
 * (MATHS.md S30, S32).
 *
 * Class: bitwise for kernels that promise batch invariance and determinism, otherwise within twice the bound.
 * Sees: buffers and results kept by the first shape seen, tails of a larger call left in a smaller one, sizes that were compiled in.
 */
import { pickTokens } from '../tokens.ts';
import { compareBits, compareShared, everyToken } from '../same-bits.ts';
import { forEveryOperation } from './every-operation.ts';

export const alternatingShapes = forEveryOperation('alternating-shapes', {
  claim: 'Calls of different shapes do not disturb each other.',
  class: 'bitwise',
  usesReference: false,
  inputs: { tokenCounts: [1, 5, 31, 33, 257], maxElements: 2 ** 15 },
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const ports = kernel.operation.inputs;
    const tokens = everyToken(sizes);
    const half = tokens.slice(0, Math.ceil(tokens.length / 2));
    const judge = context.judge();
    const promised = kernel.batchInvariant && kernel.deterministic;
    const first = await context.run(context.inputs);
    const doubled = await context.run(pickTokens(ports, context.inputs, sizes, [...tokens, ...tokens]), { tokens: 2 * sizes.tokens });
    const halved = await context.run(pickTokens(ports, context.inputs, sizes, half), { tokens: half.length });
    const again = await context.run(context.inputs);
    compareBits(judge, context, doubled, first, { tokens, places: tokens }, promised, 'token in the doubled batch − in the batch');
    compareBits(judge, context, doubled, first, { tokens, places: tokens.map((token) => token + sizes.tokens) }, promised, 'token in the second half of the doubled batch − in the batch');
    compareBits(judge, context, halved, first, { tokens: half, places: half }, promised, 'token in the first half of the batch − in the batch');
    compareBits(judge, context, again, first, { tokens, places: tokens }, promised, 'token in the batch, after other shapes − before');
    compareShared(judge, context, again, first, promised, 'sum over the batch, after other shapes − before');
    return judge.finish();
  },
});
