/**
 * Claim: the names of the streams do not matter: permuting the streams of every input permutes the streams of every output (MATHS.md M12, S8, G7):
 * H → PHPᵀ, pre → P·pre, x → P·x give y → P·y, and so for gradients and depth.
 *
 * Proof: the operation is the same expression in permuted indices. Only the order of summation changes, so both results are within their own bounds of
 * the same truth. One permutation per token. Class: exact.
 */
import { tokenRandom } from './tokens.ts';
import type { InputPlan } from '../src/generate/recipe.ts';
import { elementsPerToken, type OperationId, type Port, type Sizes } from '../src/operations/operation.ts';
import { defineProperty, type PowerMutation, type Property } from '../src/verify/property.ts';

/** The relabelling property of an operation. */
export function relabelling(id: string, operation: OperationId, power: readonly PowerMutation[], inputs: InputPlan = {}): Property {
  return defineProperty({
    id,
    operation,
    claim: 'Renaming the streams of all inputs renames the streams of all outputs and changes nothing else.',
    class: 'exact',
    usesReference: false,
    inputs,
    power,
    async check(context) {
      const { kernel, sizes } = context;
      const orders = Array.from({ length: sizes.tokens }, (_, token) => tokenRandom(context, 'relabelling', token).permutation(sizes.streams));
      const relabelled: Record<string, Float64Array> = {};
      for (const port of kernel.operation.inputs) relabelled[port.name] = relabel(port, context.inputs[port.name]!, sizes, orders);
      const plain = await context.run(context.inputs);
      const other = await context.run(relabelled);
      const [a, b] = [context.bounded(context.inputs), context.bounded(relabelled)];
      const judge = context.judge();
      for (const port of kernel.operation.outputs) {
        const per = elementsPerToken(port, sizes);
        const expected = relabel(port, plain[port.name]!, sizes, orders);
        const expectedErrors = relabel(port, a.errors[port.name]!, sizes, orders);
        const measured = other[port.name]!;
        judge.show(port.name, measured, expected);
        for (let token = 0; token < sizes.tokens; token++) {
          if (a.certified[token] === 0 || b.certified[token] === 0) continue;
          for (let index = token * per; index < (token + 1) * per; index++) {
            const bound = b.errors[port.name]![index]! + expectedErrors[index]!;
            judge.atMost(token, measured[index]! - expected[index]!, bound, port.name, index, () => 'result for renamed streams − renamed result');
          }
        }
      }
      return judge.finish();
    },
  });
}

/** Values with every stream axis permuted: the new index a is the old index order[a]. */
export function relabel(port: Port, values: Float64Array, sizes: Sizes, orders: readonly (readonly number[])[]): Float64Array {
  const axes = port.dims.slice(1);
  const per = elementsPerToken(port, sizes);
  const result = new Float64Array(values.length);
  for (let token = 0; token < sizes.tokens; token++) {
    for (let k = 0; k < per; k++) {
      let rest = k;
      let source = 0;
      let stride = 1;
      for (let axis = axes.length - 1; axis >= 0; axis--) {
        const length = sizes[axes[axis]!];
        const position = rest % length;
        rest = Math.floor(rest / length);
        source += stride * (axes[axis] === 'streams' ? orders[token]![position]! : position);
        stride *= length;
      }
      result[token * per + k] = values[token * per + source]!;
    }
  }
  return result;
}
