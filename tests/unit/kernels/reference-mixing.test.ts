/**
 * Reading, writing and stacking on small integers, where f32 is exact. These operations are linear in each input, so the derivative
 * along v is f(x + v) − f(x), and a vjp is right exactly when ⟨g, f(x + v) − f(x)⟩ = ⟨gradient, v⟩ for every unit v.
 */
import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { operations } from '../../../src/operations/index.ts';
import { elementsOf, shapeOf, type OperationId, type Sizes } from '../../../src/operations/operation.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import { tensor, valuesOf, type Tensor } from '../../../src/tensor/tensor.ts';

const transposed = referenceKernels();
const plain = referenceKernels({ sinkhorn: sinkhornPresets['liger']! });
const both = [['transposed', transposed], ['plain', plain]] as const;

function integers(id: OperationId, sizes: Sizes, seed: number): Record<string, Tensor> {
  const random = new Random(seed, 5, 6);
  return Object.fromEntries(
    operations[id].inputs.map((port) => {
      const count = elementsOf(port, sizes);
      return [port.name, tensor(Float64Array.from({ length: count }, () => random.integer(-3, 3)), shapeOf(port, sizes))];
    }),
  );
}

describe('formulas', () => {
  const one = { tokens: 1, streams: 2, channels: 2, depth: 1 };
  const h = tensor([1, 2, 3, 4], [1, 2, 2]);
  const x = tensor([1, 10, 100, 1000], [1, 2, 2]);
  const out = (kernels: typeof plain, id: OperationId, port: string, inputs: Record<string, Tensor>, sizes: Sizes): number[] => [...valuesOf(kernels[id].run(inputs, sizes)[port]!)];

  test('stream-read is Σ pre·x', () => {
    expect(out(plain, 'stream-read', 'layerInput', { preMapping: tensor([2, 3], [1, 2]), streams: x }, one)).toEqual([302, 3020]);
  });

  test('stream-write is H·x + post·out, or Hᵀ·x + post·out', () => {
    const inputs = { residualMapping: h, postMapping: tensor([5, 6], [1, 2]), streams: x, layerOutput: tensor([0.5, 0.25], [1, 2]) };
    expect(out(plain, 'stream-write', 'nextStreams', inputs, one)).toEqual([203.5, 2011.25, 406, 4031.5]);
    expect(out(transposed, 'stream-write', 'nextStreams', inputs, one)).toEqual([303.5, 3011.25, 405, 4021.5]);
  });

  test('stack applies sublayer 0 first', () => {
    const sizes = { ...one, depth: 2 };
    const inputs = { residualMappings: tensor([1, 2, 3, 4, 0, 1, 1, 1], [1, 2, 2, 2]), streams: x };
    expect(out(plain, 'stack', 'composite', inputs, sizes)).toEqual([3, 4, 4, 6]); // [0 1; 1 1]·[1 2; 3 4]
    expect(out(transposed, 'stack', 'composite', inputs, sizes)).toEqual([2, 4, 3, 7]); // [0 1; 1 1]ᵀ·[1 3; 2 4]
    expect(out(plain, 'stack', 'finalStreams', inputs, sizes)).toEqual([403, 4030, 604, 6040]);
  });

  test('no sublayers leave the identity', () => {
    const inputs = { residualMappings: tensor([], [1, 0, 2, 2]), streams: x };
    expect(out(plain, 'stack', 'composite', inputs, { ...one, depth: 0 })).toEqual([1, 0, 0, 1]);
    expect(out(plain, 'stack', 'finalStreams', inputs, { ...one, depth: 0 })).toEqual([1, 10, 100, 1000]);
  });
});

describe.each(both)('derivatives, %s', (_orientation, kernels) => {
  const cases: [OperationId, OperationId, string][] = [['stream-read', 'stream-read-vjp', 'layerInput'], ['stream-write', 'stream-write-vjp', 'nextStreams'], ['stack', 'stack-vjp', 'finalStreams']];
  test.each(cases)('%s: every entry of every gradient is exact', (id, vjpId, output) => {
    for (const sizes of [{ tokens: 2, streams: 3, channels: 4, depth: 3 }, { tokens: 1, streams: 1, channels: 1, depth: 1 }]) {
      const inputs = integers(vjpId, sizes, 17);
      const value = (given: Record<string, Tensor>): Float64Array => valuesOf(kernels[id].run(given, sizes)[output]!);
      const gradients = kernels[vjpId].run(inputs, sizes);
      const base = value(inputs);
      const cotangent = valuesOf(inputs['cotangent']!);
      for (const port of operations[id].inputs) {
        const gradient = valuesOf(gradients[`${port.name}Gradient`]!);
        const point = valuesOf(inputs[port.name]!);
        expect(gradients[`${port.name}Gradient`]!.shape).toEqual(shapeOf(port, sizes));
        for (let at = 0; at < point.length; at++) {
          const moved = point.slice();
          moved[at] = moved[at]! + 1;
          const change = value({ ...inputs, [port.name]: tensor(moved, shapeOf(port, sizes)) });
          let derivative = 0;
          change.forEach((next, k) => (derivative += cotangent[k]! * (next - base[k]!)));
          expect(derivative === gradient[at]!, `${port.name}[${at}]: ${gradient[at]} for ${derivative}`).toBe(true); // 0 and −0 are both right
        }
      }
    }
  });
});

describe('every reference kernel', () => {
  const ids = Object.keys(operations) as OperationId[];
  test.each(ids)('%s: shapes, dtypes, untouched inputs, 0 tokens', (id) => {
    for (const storage of ['f32', 'f64', 'bf16', 'f16'] as const) {
      const kernel = referenceKernels({ storage, round: roundTo.f64, arithmetic: 'ieee-f64' })[id];
      const most = Math.max(...(operations[id].streamCounts ?? [16]));
      for (const sizes of [{ tokens: 3, streams: most, channels: 5, depth: 2 }, { tokens: 0, streams: 4, channels: 5, depth: 2 }]) {
        const inputs = integers(id, sizes, 3);
        const before = JSON.stringify(inputs);
        const outputs = kernel.run(inputs, sizes);
        expect(JSON.stringify(inputs)).toBe(before);
        expect(Object.keys(outputs).sort()).toEqual(operations[id].outputs.map((port) => port.name).sort());
        for (const port of operations[id].outputs) {
          expect(outputs[port.name]!.shape).toEqual(shapeOf(port, sizes));
          expect(outputs[port.name]!.dtype).toBe(storage);
          expect(valuesOf(outputs[port.name]!).every((value) => Number.isFinite(value))).toBe(true);
        }
      }
    }
  });

  test('mixing has the orientation of the projection', () => {
    for (const [name, { orientation }] of Object.entries(sinkhornPresets)) {
      const kernels = referenceKernels({ sinkhorn: sinkhornPresets[name]! });
      for (const id of ['stream-write', 'stream-write-vjp', 'stack', 'stack-vjp'] as const) expect(kernels[id].dialect).toEqual({ orientation });
    }
  });
});
