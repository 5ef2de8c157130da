/**
 * Claims about the gates (MATHS.md K4): pre lies in [ε, 1 + ε] and post in [0, multiplier]; and σ(−z) = 1 − σ(z): with scales and biases of the other sign pre
 * becomes 1 + 2ε − pre, and post multiplier − post.
 *
 * Proof: 0 ≤ σ ≤ 1, and −α·t − b = −(α·t + b), whose rounding commutes with the sign. Both results are within their own bounds. Class: exact.
 * Sees a gate that is multiplied by another number, an ε that is missing or on the wrong mapping, another squashing function.
 */
import { mapPorts, partsOf } from '../tokens.ts';
import { evaluationError } from '../evaluation.ts';
import type { MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import { isClaimed } from '../../src/operations/operation.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { moderate } from './plans.ts';

/** Smallest and largest value of a gate's mapping. */
function rangesOf({ preEpsilon, postMultiplier }: MappingsDialect): Readonly<Record<string, readonly [low: number, high: number]>> {
  return { preMapping: [preEpsilon, 1 + preEpsilon], postMapping: [0, postMultiplier] };
}

export const gateRanges = defineProperty<MappingsDialect>({
  id: 'mappings/gate-ranges',
  operation: 'mappings',
  claim: 'pre lies in [ε, 1 + ε] and post in [0, multiplier].',
  class: 'exact',
  usesReference: false,
  inputs: { ...moderate, parameters: ['wide', 'integers', 'usual', 'static'] },
  power: [],
  async check(context) {
    const { kernel, sizes, inputs } = context;
    const output = await context.run(inputs);
    const bounded = context.bounded(inputs);
    const ranges = rangesOf(kernel.dialect);
    const judge = context.judge();
    for (const port of kernel.operation.outputs) {
      const range = ranges[port.name];
      if (range === undefined) continue;
      const [low, high] = range;
      for (const { token, from, to } of partsOf(port, sizes)) {
        for (let index = from; index < to; index++) {
          if (!isClaimed(bounded, port, token, index)) continue;
          const value = output[port.name]![index]!;
          const outside = Number.isNaN(value) ? NaN : Math.max(0, low - value, value - high);
          judge.atMost(token, outside, bounded.errors[port.name]![index]! + evaluationError(1, high), port.name, index, () => `distance of ${value} from [${low}, ${high}]`);
        }
      }
    }
    return judge.finish();
  },
});

export const gateComplement = defineProperty<MappingsDialect>({
  id: 'mappings/gate-complement',
  operation: 'mappings',
  claim: 'The gates of negated scales and biases are the complements.',
  class: 'exact',
  usesReference: false,
  inputs: moderate,
  power: ['lower-precision'],
  async check(context) {
    const { kernel, sizes, inputs } = context;
    const negated = mapPorts(inputs, ['scales', 'biases'], (value) => -value);
    const [output, other] = [await context.run(inputs), await context.run(negated)];
    const [a, b] = [context.bounded(inputs), context.bounded(negated)];
    const ranges = rangesOf(kernel.dialect);
    const judge = context.judge();
    for (const port of kernel.operation.outputs) {
      const range = ranges[port.name];
      if (range === undefined) continue;
      const sum = range[0] + range[1];
      for (const { token, from, to } of partsOf(port, sizes)) {
        for (let index = from; index < to; index++) {
          if (!isClaimed(a, port, token, index) || !isClaimed(b, port, token, index)) continue;
          const bound = a.errors[port.name]![index]! + b.errors[port.name]![index]! + evaluationError(3, 2 * sum);
          judge.atMost(token, output[port.name]![index]! + other[port.name]![index]! - sum, bound, port.name, index, () => `gate + gate of negated logits − ${sum}`);
        }
      }
    }
    return judge.finish();
  },
});
