/**
 * Claims: scale and norm weight only ever multiply the projection: f(α, φ, w) = f(1, α·w∘φ, 1), where the products are exact (powers of two); a kernel
 * whose dialect has no norm weight answers with the same bits whatever the weight is.
 *
 * Proof: z = α·Σ_k r·x_k·w_k·φ_jk + b. Both results are within their own bounds of one truth. TF32 commutes with powers of two above 2⁻¹¹⁶. Class: exact; bitwise for the second.
 * Sees a weight that one of two paths ignores or applies twice, a scale of another mapping.
 */
import { compareBits, compareShared, everyToken } from '../same-bits.ts';
import { partsOf } from '../tokens.ts';
import { coefficientBlocks } from '../../src/operations/mappings/coefficients.ts';
import type { MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import { isClaimed, type Values } from '../../src/operations/operation.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';
import { moderate } from './plans.ts';

/** The case's inputs with scales and weights multiplied into the projection; undefined where a dtype cannot hold a product. */
function folded(context: CheckContext<MappingsDialect>): Values | undefined {
  const { inputs, kernel, sizes } = context;
  const { streams: n, channels } = sizes;
  const width = n * channels;
  const weight = kernel.dialect.normWeight ? inputs['normWeight']! : undefined;
  const projection = inputs['projection']!.slice();
  coefficientBlocks(n).forEach(([from, count], k) => {
    for (let at = from * width; at < (from + count) * width; at++) projection[at] = projection[at]! * inputs['scales']![k]! * (weight?.[at % width] ?? 1);
  });
  const exact = context.round('projection', projection).every((value, at) => value === projection[at] && (value === 0 || Math.abs(value) > 2 ** -100));
  return exact ? { ...inputs, projection, scales: new Float64Array(3).fill(1), normWeight: new Float64Array(width).fill(1) } : undefined;
}

export const folding = defineProperty<MappingsDialect>({
  id: 'mappings/folding',
  operation: 'mappings',
  claim: 'Scales and norm weights that are multiplied into the projection give the same mappings.',
  class: 'exact',
  usesReference: false,
  inputs: { ...moderate, parameters: ['integers'] },
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const judge = context.judge();
    const inputs = folded(context);
    if (inputs === undefined) return judge.finish();
    const [output, other] = [await context.run(context.inputs), await context.run(inputs)];
    const [a, b] = [context.bounded(context.inputs), context.bounded(inputs)];
    for (const port of kernel.operation.outputs) {
      for (const { token, from, to } of partsOf(port, sizes)) {
        for (let index = from; index < to; index++) {
          if (!isClaimed(a, port, token, index) || !isClaimed(b, port, token, index)) continue;
          const bound = a.errors[port.name]![index]! + b.errors[port.name]![index]!;
          judge.atMost(token, output[port.name]![index]! - other[port.name]![index]!, bound, port.name, index, () => 'result − result of the folded projection');
        }
      }
    }
    return judge.finish();
  },
});

/** Without a norm weight in the dialect its values do not matter. */
function unusedWeight(id: string, operation: 'mappings' | 'mappings-vjp'): ReturnType<typeof defineProperty> {
  return defineProperty<MappingsDialect>({
    id,
    operation,
    claim: 'A norm weight that the dialect does not have changes no bit and has no gradient.',
    class: 'bitwise',
    usesReference: false,
    inputs: moderate,
    power: [],
    notApplicable: ({ dialect }) => (dialect.normWeight ? 'the dialect has a norm weight' : undefined),
    async check(context) {
      const { kernel, sizes } = context;
      const tokens = everyToken(sizes);
      const other = { ...context.inputs, normWeight: context.inputs['normWeight']!.map((value) => 2 * value + 1) };
      const [first, second] = [await context.run(context.inputs), await context.run(other)];
      const judge = context.judge();
      compareBits(judge, context, second, first, { tokens, places: tokens }, kernel.deterministic, 'result of another norm weight − result');
      compareShared(judge, context, second, first, kernel.deterministic, 'result of another norm weight − result');
      if (sizes.tokens > 0) first['normWeightGradient']?.forEach((value, index) => judge.atMost(0, value, 0, 'normWeightGradient', index, () => 'gradient of a norm weight that the dialect does not have'));
      return judge.finish();
    },
  });
}

export const weightUnused = unusedWeight('mappings/weight-unused', 'mappings');
export const vjpWeightUnused = unusedWeight('mappings/vjp-weight-unused', 'mappings-vjp');
