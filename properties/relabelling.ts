/**
 * Claim: the names of the streams do not matter: permuting the streams of every input permutes the streams of every output (MATHS.md M12, S8, G7):
 * H → PHPᵀ, pre → P·pre, x → P·x give y → P·y, and so for gradients and depth.
 *
 * Proof: the operation is the same expression in permuted indices. Only the order of summation changes, so both results are within their own bounds of
 * the same truth. One permutation per token, one for all where they share parameters. Class: exact.
 */
import { partsOf, tokenRandom } from './tokens.ts';
import type { InputPlan } from '../src/generate/recipe.ts';
import { lengthOf, sourcesOf } from '../src/operations/dims.ts';
import { isClaimed, isShared, type OperationId, type Port, type Sizes } from '../src/operations/operation.ts';
import { defineProperty, type PowerMutation, type Property } from '../src/verify/property.ts';

/** The relabelling property of an operation: of its streams, or of channels where the operation treats them alike. */
export function relabelling(id: string, operation: OperationId, power: readonly PowerMutation[], inputs: InputPlan = {}, along: 'streams' | 'channels' = 'streams'): Property {
  return defineProperty({
    id,
    operation,
    claim: `Renaming the ${along} of all inputs renames the ${along} of all outputs and changes nothing else.`,
    class: 'exact',
    usesReference: false,
    inputs,
    power,
    async check(context) {
      const { kernel, sizes } = context;
      const sharing = kernel.operation.inputs.some(isShared);
      const orders = Array.from({ length: sizes.tokens }, (_, token) => tokenRandom(context, 'relabelling', sharing ? 0 : token).permutation(sizes[along]));
      const relabelled: Record<string, Float64Array> = {};
      for (const port of kernel.operation.inputs) relabelled[port.name] = relabel(port, context.inputs[port.name]!, sizes, orders, along);
      const plain = await context.run(context.inputs);
      const other = await context.run(relabelled);
      const [a, b] = [context.bounded(context.inputs), context.bounded(relabelled)];
      const judge = context.judge();
      for (const port of kernel.operation.outputs) {
        const expected = relabel(port, plain[port.name]!, sizes, orders, along);
        const expectedErrors = relabel(port, a.errors[port.name]!, sizes, orders, along);
        const measured = other[port.name]!;
        judge.show(port.name, measured, expected);
        for (const { token, from, to } of partsOf(port, sizes)) {
          for (let index = from; index < to; index++) {
            const bound = b.errors[port.name]![index]! + expectedErrors[index]!;
            if (!isClaimed(b, port, token, index) || !(bound < Infinity)) continue;
            judge.atMost(token, measured[index]! - expected[index]!, bound, port.name, index, () => `result for renamed ${along} − renamed result`);
          }
        }
      }
      return judge.finish();
    },
  });
}

/** Values with every axis of streams (or channels) permuted: the new index a is the old index order[a]. */
export function relabel(port: Port, values: Float64Array, sizes: Sizes, orders: readonly (readonly number[])[], along: 'streams' | 'channels' = 'streams'): Float64Array {
  const axes = isShared(port) ? port.dims : port.dims.slice(1);
  const result = values.slice();
  for (const { token, from } of partsOf(port, sizes)) {
    let sources = [0];
    for (const axis of axes) {
      const indices = sourcesOf(axis, sizes, along, orders[token]!);
      sources = sources.flatMap((offset) => indices.map((index) => offset * lengthOf(axis, sizes) + index));
    }
    sources.forEach((source, k) => (result[from + k] = values[from + source]!));
  }
  return result;
}
