/**
 * Claims: NaN and infinities in one token stay in that token: the others keep their bits (MATHS.md S31); and a token that is NaN
 * throughout does not come out as numbers.
 *
 * About a third of the tokens are poisoned: all NaN, or one element NaN, +∞ or −∞. The others are compared with a run without poison: the same bits
 * for kernels that promise batch invariance, within twice the bound otherwise. The second claim needs n ≥ 2 (the only 1×1 doubly stochastic
 * matrix is 1, whatever the logit) and is not made about WGSL kernels, which may assume that no NaN occurs (WGSL §15.7.2). Class: bitwise.
 * Sees: sums and maxima across tokens, reads beyond the token, multiplication by a mask instead of selection, clamps that hide NaN.
 */
import { tokenRandom } from '../tokens.ts';
import { compareBits, everyToken } from '../same-bits.ts';
import { forEveryOperation } from './every-operation.ts';
import { elementsPerToken, isShared } from '../../src/operations/operation.ts';

export const poisoning = forEveryOperation('poisoning', {
  claim: 'NaN and infinities in one token stay in that token, and do not come out as numbers.',
  class: 'bitwise',
  usesReference: false,
  inputs: { tokenCounts: [2, 5, 31, 33, 257] },
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const poisons = everyToken(sizes).map((token) => {
      const random = tokenRandom(context, 'poison', token);
      return random.below(3) === 0 ? { random, kind: random.below(4) } : undefined;
    });
    const poisoned = Object.fromEntries(kernel.operation.inputs.map(({ name }) => [name, context.inputs[name]!.slice()]));
    poisons.forEach((poison, token) => {
      if (poison === undefined) return;
      const { random, kind } = poison;
      const ports = kernel.operation.inputs.filter((port) => !isShared(port));
      const target = random.below(ports.length);
      ports.forEach((port, k) => {
        const per = elementsPerToken(port, sizes);
        if (kind === 0) poisoned[port.name]!.fill(NaN, token * per, (token + 1) * per);
        else if (k === target && per > 0) poisoned[port.name]![token * per + random.below(per)] = [NaN, Infinity, -Infinity][kind - 1]!;
      });
    });

    const judge = context.judge();
    const clean = await context.run(context.inputs);
    const output = await context.run(poisoned);
    const healthy = everyToken(sizes).filter((token) => poisons[token] === undefined);
    compareBits(judge, context, output, clean, { tokens: healthy, places: healthy }, kernel.batchInvariant, 'token beside poisoned tokens − without');

    if (sizes.streams === 1 || kernel.arithmetic.name.startsWith('wgsl')) return judge.finish();
    for (const port of kernel.operation.outputs) {
      const per = elementsPerToken(port, sizes);
      poisons.forEach((poison, token) => {
        if (poison?.kind !== 0 || per === 0) return;
        const result = output[port.name]!.subarray(token * per, (token + 1) * per);
        judge.holds(token, result.some(Number.isNaN), port.name, token * per, () => `inputs are all NaN; ${port.name} has only numbers, ${result[0]} first`);
      });
    }
    return judge.finish();
  },
});
