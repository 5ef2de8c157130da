/**
 * Claim: the same call gives the same bits, whatever was called in between (MATHS.md S32).
 *
 * The kernel runs on the inputs, on zeros of the same shape, and twice again on the inputs: an odd and an even number of calls later. Class: bitwise for kernels
 * that promise it; without the promise the two results may differ by twice the bound.
 * Sees: results of an earlier call, state that is not reset, races, memory that was never initialised, random numbers.
 */
import { compareBits, compareShared, everyToken } from '../same-bits.ts';
import { forEveryOperation } from './every-operation.ts';

export const determinism = forEveryOperation('determinism', {
  claim: 'The same call gives the same bits, whatever was called in between.',
  class: 'bitwise',
  usesReference: false,
  inputs: {},
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const tokens = everyToken(sizes);
    const judge = context.judge();
    const zeros = Object.fromEntries(kernel.operation.inputs.map(({ name }) => [name, new Float64Array(context.inputs[name]!.length)]));
    const first = await context.run(context.inputs);
    await context.run(zeros);
    const second = await context.run(context.inputs);
    const third = await context.run(context.inputs);
    compareBits(judge, context, second, first, { tokens, places: tokens }, kernel.deterministic, 'second call − first call');
    compareBits(judge, context, third, first, { tokens, places: tokens }, kernel.deterministic, 'third call − first call');
    compareShared(judge, context, second, first, kernel.deterministic, 'second call − first call');
    compareShared(judge, context, third, first, kernel.deterministic, 'third call − first call');
    return judge.finish();
  },
});
