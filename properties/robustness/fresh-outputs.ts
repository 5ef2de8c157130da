/**
 * Claim: the outputs of a call are the caller's: a later call does not change them. The second call gets zeros, so that a shared buffer shows.
 * `context.runKeeping` reads the first call's tensors again after the second call. Class: bitwise.
 */
import { partsOf } from '../tokens.ts';
import { forEveryOperation } from './every-operation.ts';

export const freshOutputs = forEveryOperation('fresh-outputs', {
  claim: 'A later call does not change the outputs of an earlier one.',
  class: 'bitwise',
  usesReference: false,
  inputs: { tokenCounts: [1, 5, 33] },
  power: [],
  async check(context) {
    const { kernel, sizes, inputs } = context;
    const zeros = Object.fromEntries(kernel.operation.inputs.map(({ name }) => [name, new Float64Array(inputs[name]!.length)]));
    const { first, firstAfterSecond } = await context.runKeeping(inputs, zeros);
    const judge = context.judge();
    const what = (): string => 'output after another call − as it was returned';
    for (const port of kernel.operation.outputs) {
      for (const { token, from, to } of partsOf(port, sizes)) {
        for (let index = from; index < to; index++) {
          judge.same(token, firstAfterSecond[port.name]![index]!, first[port.name]![index]!, port.name, index, what);
        }
      }
    }
    return judge.finish();
  },
});
