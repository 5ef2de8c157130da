/**
 * Claim: a batch of no tokens gives outputs of no tokens, and the kernel works afterwards as before. `context.run` checks the shapes.
 * Class: bitwise for deterministic kernels, otherwise within twice the bound.
 */
import { compareBits, everyToken } from '../same-bits.ts';
import { forEveryOperation } from './every-operation.ts';

export const emptyBatch = forEveryOperation('empty-batch', {
  claim: 'A batch of no tokens gives outputs of no tokens and disturbs nothing.',
  class: 'bitwise',
  usesReference: false,
  inputs: { tokenCounts: [1, 5, 33] },
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const tokens = everyToken(sizes);
    const judge = context.judge();
    const before = await context.run(context.inputs);
    const empty = await context.run(Object.fromEntries(kernel.operation.inputs.map(({ name }) => [name, new Float64Array(0)])), { tokens: 0 });
    const after = await context.run(context.inputs);
    for (const port of kernel.operation.outputs) {
      const length = empty[port.name]!.length;
      for (const token of tokens) judge.holds(token, length === 0, port.name, -1, () => `${length} elements for no tokens`);
    }
    compareBits(judge, context, after, before, { tokens, places: tokens }, kernel.deterministic, 'after an empty batch − before');
    return judge.finish();
  },
});
