import { describe, expect, it } from 'vitest';

import type { Tf } from '../../../src/kernels/tfjs/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { operations } from '../../../src/operations/index.ts';
import type { Operation, OperationId, Sizes, Values } from '../../../src/operations/operation.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { loaders } from '../../../src/targets/tfjs-backends.ts';
import { alone } from '../../../src/targets/tfjs-engine.ts';
import { tfjsTarget } from '../../../src/targets/tfjs.ts';
import { valuesOf } from '../../../src/tensor/tensor.ts';
import { decoded, inputsOf, opened, run, testedBackends } from './support.ts';

const sizes: Sizes = { tokens: 1, streams: 3, channels: 2, depth: 3 };
const step = 2 ** -10;
const f64 = resolveArithmetic('ieee-f64');

/** forward operation, its output that has the cotangent */
const pairs: [OperationId, OperationId, string][] = [
  ['sinkhorn-vjp', 'sinkhorn', 'residualMapping'],
  ['stream-read-vjp', 'stream-read', 'layerInput'],
  ['stream-write-vjp', 'stream-write', 'nextStreams'],
  ['stack-vjp', 'stack', 'finalStreams'],
];

describe.each(testedBackends)('gradients of tfjs-%s against central differences in f64', (backend) => {
  it.each(Object.keys(sinkhornPresets))('dialect %s', async (name) => {
    const kernels = await opened(tfjsTarget(backend, sinkhornPresets[name]));
    for (const [vjp, forward, output] of pairs) {
      const kernel = kernels[vjp]!;
      const operation = operations[vjp];
      const tensors = inputsOf(operation, sizes, 17, 2);
      const gradients = await run(kernel, tensors, sizes);
      const inputs = decoded(tensors);
      const dtypes = Object.fromEntries(operation.outputs.map((port) => [port.name, 'f32' as const]));
      const allowed = operation.bounded(inputs, sizes, operation.dialectSchema.parse(kernel.dialect), resolveArithmetic(kernel.arithmetic), dtypes);
      const dialect = operations[forward].dialectSchema.parse(kernels[forward]!.dialect);
      for (const port of operations[forward].inputs) {
        const gradient = valuesOf(gradients[`${port.name}Gradient`]!);
        for (let i = 0; i < gradient.length; i++) {
          const wide = difference(operations[forward], dialect, inputs, output, port.name, i, step);
          const narrow = difference(operations[forward], dialect, inputs, output, port.name, i, step / 2);
          // the narrow difference is off by a third of what halving the step changed, and by what f64 rounds
          const bound = allowed.errors[`${port.name}Gradient`]![i]! + Math.abs(wide.slope - narrow.slope) + wide.rounding + narrow.rounding;
          expect(Math.abs(gradient[i]! - narrow.slope)).toBeLessThanOrEqual(bound);
        }
      }
    }
  });
});

/** (⟨f(x + h), c⟩ − ⟨f(x − h), c⟩) / 2h, and how far rounding can have moved it. */
function difference(operation: Operation, dialect: unknown, inputs: Values, output: string, input: string, i: number, h: number): { slope: number; rounding: number } {
  const cotangent = inputs['cotangent']!;
  const dtypes = Object.fromEntries(operation.outputs.map((port) => [port.name, 'f64' as const]));
  const at = (shift: number): { value: number; error: number } => {
    const moved = inputs[input]!.slice();
    moved[i]! += shift;
    const { values, errors } = operation.bounded({ ...inputs, [input]: moved }, sizes, dialect, f64, dtypes);
    let value = 0;
    let error = 0;
    for (let k = 0; k < cotangent.length; k++) {
      value += values[output]![k]! * cotangent[k]!;
      error += (errors[output]![k]! + cotangent.length * 2 ** -52 * Math.abs(values[output]![k]!)) * Math.abs(cotangent[k]!);
    }
    return { value, error };
  };
  const [above, below] = [at(h), at(-h)];
  return { slope: (above.value - below.value) / (2 * h), rounding: (above.error + below.error) / h };
}

describe.each(testedBackends)('defects of the gradients of tfjs-%s that src/kernels/tfjs/README.md names', (backend) => {
  async function on<T>(work: (tf: Tf) => T): Promise<T> {
    const loaded = await loaders[backend]();
    if (!('tf' in loaded)) throw new Error(loaded.reason);
    return alone(loaded.tf, loaded.backend, () => Promise.resolve(work(loaded.tf)));
  }

  it('max gives every tied entry the whole gradient', async () => {
    expect(Array.from(await on((tf) => tf.grad((x) => tf.max(x))(tf.tensor1d([2, 2, 1])).data()))).toEqual([1, 1, 0]);
  });

  it('a quotient squares its divisor, which underflows', async () => {
    const gradient = await on((tf) => tf.grads((a, b) => tf.div(a, b))([tf.scalar(2 ** -80), tf.scalar(2 ** -80)])[1]!.data());
    expect(gradient[0]).toBe(-Infinity); // −2⁸⁰ is right
  });

  it('unstack to one tensor has no gradient', async () => {
    await expect(on((tf) => tf.grad((x) => tf.unstack(x, 0)[0]!)(tf.ones([1, 2])))).rejects.toThrow('stack');
  });
});
