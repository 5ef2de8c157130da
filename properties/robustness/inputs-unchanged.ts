/**
 * Claim: a kernel leaves its input tensors as they were. `context.run` compares every input's bits after the call and raises the outcome
 * `failed`; this property calls the kernel on shapes and values of all kinds so that this is looked for. Class: bitwise.
 */
import { everyToken } from '../same-bits.ts';
import { forEveryOperation } from './every-operation.ts';

export const inputsUnchanged = forEveryOperation('inputs-unchanged', {
  claim: 'A kernel does not change its inputs.',
  class: 'bitwise',
  usesReference: false,
  inputs: {},
  recorded: false, // the inputs were written to a file, before or after
  power: [],
  async check(context) {
    await context.run(context.inputs);
    const judge = context.judge();
    const port = context.kernel.operation.inputs[0]!.name;
    for (const token of everyToken(context.sizes)) judge.holds(token, true, port, -1, () => 'inputs after the call are the inputs before');
    return judge.finish();
  },
});
