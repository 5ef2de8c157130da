/**
 * Claim: an operation that is linear in some inputs commutes with powers of two, bit for bit: f(2^k·x) = 2^k·f(x) (MATHS.md M5, G8, F10).
 *
 * Proof: every + − × ÷ and fused multiply-add commutes with an exact power of two as long as nothing overflows or becomes subnormal. The claim is
 * made for tokens where all non-zero products stay between 2^(emin + 2p) and the largest number: below, a rounding could meet the fixed
 * spacing of the subnormals; a fused product has 2p bits, so a sum that cancels is still normal or zero. Stored results must be normal: an element is
 * left out only when both results are small. Class: bitwise, for kernels that return the same bits on every call; ±0 are taken as equal.
 */
import { tokenRandom } from './tokens.ts';
import { elementsPerToken, type OperationId } from '../src/operations/operation.ts';
import { defineProperty, type CheckContext, type Property } from '../src/verify/property.ts';
import { maxFinite, minNormal, unitRoundoff } from '../src/tensor/dtype.ts';

/** The claim that `outputs` scale with `ports` taken together; `factors` are the other inputs that multiply them. */
export function scaling(
  id: string,
  operation: OperationId,
  ports: readonly string[],
  outputs: readonly string[],
  factors: readonly string[],
): Property {
  return defineProperty({
    id,
    operation,
    claim: `Multiplying ${ports.join(' and ')} by a power of two multiplies the result by it, bit for bit.`,
    class: 'bitwise',
    usesReference: false,
    inputs: {},
    power: [],
    notApplicable: (kernel) => (kernel.deterministic ? undefined : 'the kernel does not promise the same bits on every call'),
    async check(context) {
      const { tokens } = context.sizes;
      const exponents = Array.from({ length: tokens }, (_, token) => exponentFor(context, ports, factors, token));
      const scaled: Record<string, Float64Array> = { ...context.inputs };
      for (const port of context.kernel.operation.inputs.filter(({ name }) => ports.includes(name))) {
        const per = elementsPerToken(port, context.sizes);
        scaled[port.name] = context.inputs[port.name]!.map((value, index) => value * 2 ** (exponents[Math.floor(index / per)] ?? 0));
      }
      const plain = await context.run(context.inputs);
      const other = await context.run(scaled);
      const judge = context.judge();
      for (const output of context.kernel.operation.outputs.filter(({ name }) => outputs.includes(name))) {
        const per = elementsPerToken(output, context.sizes);
        const dtype = context.kernel.dtypes[output.name]!;
        for (let token = 0; token < tokens; token++) {
          const exponent = exponents[token];
          if (exponent === undefined) continue;
          for (let index = token * per; index < (token + 1) * per; index++) {
            const expected = plain[output.name]![index]! * 2 ** exponent;
            const measured = other[output.name]![index]!;
            const smallest = 2 * minNormal[dtype] * Math.max(1, 2 ** exponent);
            if (Math.abs(expected) < smallest && Math.abs(measured) < smallest) continue;
            judge.atMost(token, measured - expected, 0, output.name, index, () => `result for inputs × 2^${exponent} − result × 2^${exponent}`);
          }
        }
      }
      return judge.finish();
    },
  });
}

/** A power for a token, or undefined when no power keeps its products and its inputs in range. */
function exponentFor<D>(context: CheckContext<D>, ports: readonly string[], factors: readonly string[], token: number): number | undefined {
  const { kernel, sizes } = context;
  const random = tokenRandom(context, 'power of two', token);
  const exponent = random.sign() * random.integer(1, 7);
  const precision = -Math.log2(unitRoundoff[kernel.arithmetic.compute]);
  const range = { least: minNormal[kernel.arithmetic.compute] * 2 ** (2 * precision), most: maxFinite[kernel.arithmetic.compute] };
  for (const output of kernel.operation.outputs) range.most = Math.min(range.most, maxFinite[kernel.dtypes[output.name]!]);
  // every product has one linear input and at most one power of each factor; a sum has no more terms than the largest port has elements
  let [least, most, terms] = [Infinity, 0, 1];
  let [leastFactor, mostFactor] = [1, 1];
  for (const port of kernel.operation.inputs) {
    const per = elementsPerToken(port, sizes);
    terms = Math.max(terms, per);
    const { low, high } = magnitudes(context.inputs[port.name]!, token * per, per);
    if (ports.includes(port.name)) {
      // the scaled input must itself be exact in its dtype, on both sides of the scaling
      if (low * 2 ** exponent < minNormal[kernel.dtypes[port.name]!] || low < minNormal[kernel.dtypes[port.name]!]) return undefined;
      if (high * 2 ** exponent > maxFinite[kernel.dtypes[port.name]!]) return undefined;
      least = Math.min(least, low);
      most = Math.max(most, high);
    } else if (factors.includes(port.name)) {
      leastFactor = Math.min(leastFactor, low);
      mostFactor = Math.max(mostFactor, high);
    }
  }
  const shift = 2 ** exponent;
  if (least * leastFactor * Math.min(1, shift) < range.least) return undefined;
  return most * mostFactor * terms * Math.max(1, shift) <= range.most ? exponent : undefined;
}

/** Smallest non-zero and largest magnitude; Infinity and 0 when all are zero. */
function magnitudes(values: Float64Array, start: number, count: number): { low: number; high: number } {
  let [low, high] = [Infinity, 0];
  for (let i = start; i < start + count; i++) {
    const magnitude = Math.abs(values[i]!);
    if (magnitude > 0) low = Math.min(low, magnitude);
    high = Math.max(high, magnitude);
  }
  return { low, high };
}
