/**
 * Claim: a batch of no tokens gives outputs of no tokens, sums over tokens that are zero, and the kernel works afterwards as before.
 * `context.run` checks the shapes.
 * Class: bitwise for deterministic kernels, otherwise within twice the bound.
 */
import { elementsOf, isShared } from '../../src/operations/operation.ts';
import { compareBits, compareShared, everyToken } from '../same-bits.ts';
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
    const empty = await context.run(Object.fromEntries(kernel.operation.inputs.map((port) => [port.name, isShared(port) ? context.inputs[port.name]! : new Float64Array(0)])), { tokens: 0 });
    const after = await context.run(context.inputs);
    for (const port of kernel.operation.outputs) {
      const found = empty[port.name]!;
      const expected = elementsOf(port, { ...sizes, tokens: 0 });
      for (const token of tokens) {
        judge.holds(token, found.length === expected, port.name, -1, () => `${found.length} elements for no tokens`);
        judge.holds(token, found.every((value) => value === 0), port.name, -1, () => 'a sum over no tokens that is not zero');
      }
    }
    compareBits(judge, context, after, before, { tokens, places: tokens }, kernel.deterministic, 'after an empty batch − before');
    compareShared(judge, context, after, before, kernel.deterministic, 'sum after an empty batch − before');
    return judge.finish();
  },
});
