/** The plain coefficient kernels against the f64 operations, in every dialect, and against numbers worked out by hand. */
import { describe, expect, it } from 'vitest';

import { referenceKernels, type ReferenceOptions } from '../../../src/kernels/reference/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { operations } from '../../../src/operations/index.ts';
import type { Sizes } from '../../../src/operations/operation.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';
import { decoded, inputsOf } from '../targets/support.ts';

type Own = NonNullable<ReferenceOptions['mappings']>;
const exact = { projectionRounding: 'exact' } as const;

const dialects: Record<string, Own> = {
  tilekernels: {},
  'norm weight': { normWeight: true, ...exact },
  'per stream': { norm: 'per-stream', normWeight: true, ...exact },
  'ε outside': { rmsEpsilonPlace: 'outside', rmsEpsilon: 1e-3, ...exact },
  'no norm': { norm: 'none', rmsEpsilon: 0, ...exact },
  'no ε': { rmsEpsilon: 0, preEpsilon: 0, postMultiplier: 1, ...exact },
  'TF32, ties to even': { projectionRounding: 'tf32-nearest-even' },
};
const sizesOf = (tokens: number, streams: number): Sizes => ({ tokens, streams, channels: 5, depth: 1 });

describe.each(['mappings', 'mappings-vjp'] as const)('%s', (id) => {
  // the gradient's reference leaves the rounding of operands to TF32 open, which a kernel does not
  const rounded = (name: string): boolean => referenceKernels({ mappings: dialects[name]! }).mappings.dialect['projectionRounding'] !== 'exact';
  it.each(Object.keys(dialects).filter((name) => id === 'mappings' || !rounded(name)))('%s: in f64 it is the reference, to the rounding of both', (name) => {
    const kernel = referenceKernels({ mappings: dialects[name]!, round: (x) => x, storage: 'f64' })[id];
    for (const n of [1, 2, 3, 4, 8]) {
      const sizes = sizesOf(3, n);
      const inputs = inputsOf(operations[id], sizes, 7 * n);
      const outputs = kernel.run(inputs, sizes);
      const expected = operations[id].reference(decoded(inputs), sizes, operations[id].dialectSchema.parse(kernel.dialect));
      for (const port of operations[id].outputs) {
        const values = valuesOf(outputs[port.name]!);
        expect(values.length).toBe(expected[port.name]!.length);
        // inputs in ±1: K + 24 + tokens terms in a row, then 40 half-steps of n + 4 roundings forwards and back on numbers below 8
        values.forEach((value, i) => expect(Math.abs(value - expected[port.name]![i]!)).toBeLessThanOrEqual(8 * 2 * (sizes.channels * n + 80 + 40 * 2 * (n + 4)) * 2 ** -53));
      }
    }
  });

  it.each(Object.keys(sinkhornPresets))('Sinkhorn of %s: in f32 it is within the bound', (name) => {
    const kernel = referenceKernels({ sinkhorn: sinkhornPresets[name]! })[id];
    const sizes = sizesOf(4, 4);
    const inputs = inputsOf(operations[id], sizes, 3);
    const outputs = kernel.run(inputs, sizes);
    const dialect = operations[id].dialectSchema.parse(kernel.dialect);
    const dtypes = Object.fromEntries(operations[id].outputs.map((port) => [port.name, 'f32' as const]));
    const { values, errors } = operations[id].bounded(decoded(inputs), sizes, dialect, resolveArithmetic('ieee-f32'), dtypes);
    for (const port of operations[id].outputs) {
      valuesOf(outputs[port.name]!).forEach((value, i) => {
        expect(errors[port.name]![i]).toBeLessThan(Infinity);
        expect(Math.abs(value - values[port.name]![i]!)).toBeLessThanOrEqual(errors[port.name]![i]!);
      });
    }
  });
});

it('one token by hand: n = 1, two channels 3 and 4, mean square 12.5', () => {
  const own: Own = { rmsEpsilon: 0, preEpsilon: 0.25, ...exact };
  const kernel = referenceKernels({ mappings: own, round: (x) => x, storage: 'f64' });
  const sizes: Sizes = { tokens: 1, streams: 1, channels: 2, depth: 1 };
  const inputs = {
    streams: tensor([3, 4], [1, 1, 2], 'f64'),
    projection: tensor([1, 0, 0, 1, 0, 0], [3, 2], 'f64'),
    scales: tensor([2, 0.5, 1], [3], 'f64'),
    biases: tensor([0.5, -0.25, 7], [3], 'f64'),
    normWeight: tensor([1, 1], [2], 'f64'),
  };
  const outputs = kernel.mappings.run(inputs, sizes);
  const r = 1 / Math.sqrt(12.5);
  const gate = (z: number): number => 1 / (1 + Math.exp(-z));
  expect(valuesOf(outputs['preMapping']!)[0]).toBeCloseTo(gate(2 * 3 * r + 0.5) + 0.25, 14);
  expect(valuesOf(outputs['postMapping']!)[0]).toBeCloseTo(2 * gate(0.5 * 4 * r - 0.25), 14);
  // ε of Sinkhorn alone: a 1×1 softmax is 1, then x ← x/(x + ε) 39 times from 1 + ε
  let x = 1 + 1e-6;
  for (let step = 0; step < 39; step++) x /= x + 1e-6;
  expect(valuesOf(outputs['residualMapping']!)[0]).toBeCloseTo(x, 14);

  const cotangents = { preMappingCotangent: tensor([1], [1, 1], 'f64'), postMappingCotangent: tensor([0], [1, 1], 'f64'), residualMappingCotangent: tensor([0], [1, 1, 1], 'f64') };
  const gradients = kernel['mappings-vjp'].run({ ...inputs, ...cotangents }, sizes);
  const p = gate(2 * 3 * r + 0.5);
  const dz = p * (1 - p);
  expect(valuesOf(gradients['biasesGradient']!)[0]).toBeCloseTo(dz, 14);
  expect(valuesOf(gradients['scalesGradient']!)[0]).toBeCloseTo(dz * 3 * r, 14);
  // t = 3·(12.5)^−½: ∂t/∂x₀ = r − 3·3/(2·12.5)·r, ∂t/∂x₁ = −3·4/(2·12.5)·r
  expect(valuesOf(gradients['streamsGradient']!)[0]).toBeCloseTo(2 * dz * r * (1 - 9 / 25), 14);
  expect(valuesOf(gradients['streamsGradient']!)[1]).toBeCloseTo(2 * dz * r * (-12 / 25), 14);
  expect(valuesOf(gradients['projectionGradient']!)[1]).toBeCloseTo(2 * dz * 4 * r, 14);
});

it('no tokens: gradients of what all tokens share are zero', () => {
  const sizes = sizesOf(0, 4);
  const outputs = referenceKernels()['mappings-vjp'].run(inputsOf(operations['mappings-vjp'], sizes, 1), sizes);
  expect(valuesOf(outputs['projectionGradient']!)).toEqual(new Float64Array(24 * 20));
  expect(valuesOf(outputs['streamsGradient']!)).toEqual(new Float64Array(0));
});
