/**
 * Claim: finite inputs of any scale give finite outputs, wherever the declared arithmetic can carry them (MATHS.md S1, F1).
 *
 * `bounded` certifies the tokens in which a correct kernel of this arithmetic cannot overflow, divide by zero or lose a whole line to underflow.
 * Class: exact. Sees: a missing or wrong maximum before the exponential, an epsilon that is missing where a line can be zero, 0/0, ∞ − ∞.
 */
import { forEveryOperation } from './every-operation.ts';
import { isShared } from '../../src/operations/operation.ts';
import { differencesOf, errorsFor } from '../sufficient.ts';
import { partsOf } from '../tokens.ts';

export const finiteOutputs = forEveryOperation('finite-outputs', {
  claim: 'Finite inputs of any scale give finite outputs.',
  class: 'exact',
  usesReference: false,
  inputs: { streamCounts: [1, 2, 3, 4, 8] }, // at n = 16 the certificate costs more than the kernel
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const output = await context.run(context.inputs);
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (const port of kernel.operation.outputs) {
      const values = output[port.name]!;
      const errors = errorsFor(context, bounded, port.name, differencesOf(values, values)); // 0, or NaN where a value is not finite: there the whole bound says whether it may be
      const { certified } = bounded;
      const what = (index: number): string => `${values[index]!} for finite inputs`;
      for (const { token, from, to } of partsOf(port, sizes)) {
        if (!isShared(port) && certified[token] !== 1) continue;
        for (let index = from; index < to; index++) if (errors[index]! < Infinity) judge.holds(token, Number.isFinite(values[index]!), port.name, index, what);
      }
    }
    return judge.finish();
  },
});
