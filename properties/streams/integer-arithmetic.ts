/**
 * Claims: where all products and sums fit the significand, the result is that of integer arithmetic, bit for bit: dyadic mappings times small
 * integers (MATHS.md M7), and the outer products of the gradients (G11). Order of summation, fused multiply-add and tensor cores do not matter.
 *
 * Proof: if every term is a multiple of a power of two q and Σ|terms| ≤ 2^p·q, every partial sum is a multiple of q below 2^p·q, hence exact with p
 * bits. p is that of the compute dtype; elements that the output's dtype cannot hold exactly make no claim, nor do subnormal q where those may be
 * flushed. Checked element by element from the inputs, so any input may be given. Class: bitwise up to the sign of zero. The expected value comes from
 * exact arithmetic in this file, not from the reference.
 */
import { dotsOf, evaluate, lowestBit } from './products.ts';
import { hasFiniteInputs } from '../tokens.ts';
import { elementsPerToken, type OperationId } from '../../src/operations/operation.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { roundTo } from '../../src/tensor/codecs.ts';
import { maxFinite, minNormal, minSubnormal, unitRoundoff } from '../../src/tensor/dtype.ts';
import { defineProperty, type PowerMutation, type Property } from '../../src/verify/property.ts';

function integerArithmetic(id: string, operation: Extract<OperationId, `stream-${string}`>, claim: string, power: readonly PowerMutation[]): Property {
  return defineProperty<MixingDialect>({
    id,
    operation,
    claim,
    class: 'bitwise',
    usesReference: false,
    inputs: {
      mappings: ['dyadic', 'permutation', 'cyclic-shift', 'identity'],
      streams: ['integers'],
      cotangents: ['integers', 'one-hot'],
      channelCounts: [1, 3, 8, 31, 33, 64, 129],
    },
    power,
    async check(context) {
      const { kernel, sizes, inputs } = context;
      const output = await context.run(inputs);
      const units = Object.fromEntries(kernel.operation.inputs.map(({ name }) => [name, inputs[name]!.map(lowestBit)]));
      const significand = 1 / unitRoundoff[kernel.arithmetic.compute];
      const smallest = (kernel.arithmetic.flushToZero ? minNormal : minSubnormal)[kernel.arithmetic.compute];
      const orientation = kernel.dialect.orientation ?? 'plain'; // stream-read has none
      const judge = context.judge();
      for (const port of kernel.operation.outputs) {
        const per = elementsPerToken(port, sizes);
        const dtype = kernel.dtypes[port.name]!;
        const largest = Math.min(maxFinite[dtype], maxFinite[kernel.arithmetic.compute]);
        const expected = new Float64Array(sizes.tokens * per);
        judge.show(port.name, output[port.name]!, expected);
        for (let token = 0; token < sizes.tokens; token++) {
          if (!hasFiniteInputs(context, token)) continue;
          for (let k = 0; k < per; k++) {
            const { value, magnitude, unit } = evaluate(dotsOf[operation][port.name]!(sizes, token, k, orientation), inputs, units);
            const index = token * per + k;
            expected[index] = value;
            if (magnitude > 0 && !(unit >= smallest && magnitude <= significand * unit && magnitude <= largest)) continue;
            if (roundTo[dtype](value) !== value || (kernel.arithmetic.flushToZero && value !== 0 && Math.abs(value) < minNormal[dtype])) continue;
            judge.atMost(token, output[port.name]![index]! - value, 0, port.name, index, () => 'result − result of integer arithmetic');
          }
        }
      }
      return judge.finish();
    },
  });
}

export const readIntegers = integerArithmetic('streams/read-integers', 'stream-read', 'Reading integers with dyadic coefficients is integer arithmetic.', ['lower-precision']);
export const dyadicIntegers = integerArithmetic('streams/dyadic-integers', 'stream-write', 'Mixing integers with a dyadic mapping is integer arithmetic.', ['transposed']);
export const readVjpIntegers = integerArithmetic('streams/read-vjp-integers', 'stream-read-vjp', 'On integers the gradients of reading are exact products.', ['lower-precision']);
export const outerProduct = integerArithmetic('streams/outer-product', 'stream-write-vjp', 'On integers the gradient of the mapping is the outer product of cotangent and streams.', ['transposed', 'lower-precision']);
