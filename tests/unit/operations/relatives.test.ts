/** References, bounds, double-double and kernels of the relatives against bignumbers, and the bignumbers' gradients against their own values. */
import type { BigNumber } from 'mathjs';
import { describe, expect, it, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { arithmeticPresets, resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { exactly, exactOutputs } from '../../../src/operations/exact.ts';
import { operations } from '../../../src/operations/index.ts';
import { elementsPerToken, shapeOf, type Operation, type OperationId, type Sizes, type Values } from '../../../src/operations/operation.ts';
import { relativeDialects, type RelativeDialects } from '../../../src/operations/relatives/dialects.ts';
import { permutationsOf } from '../../../src/operations/relatives/permutations.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';

const forward = ['permutation-mixture', 'kronecker', 'cayley', 'hyper-connection', 'plain-residual'] as const;
const ids: OperationId[] = forward.flatMap((id) => [id, `${id}-vjp`] as const);
const scales = [0, 0.1, 1, 4, 30, 100];

function countsOf({ streamCounts = [1, 2, 3, 4, 6] }: Operation): number[] {
  return streamCounts.filter((n) => n <= 8);
}

function draw(operation: Operation, sizes: Sizes, scale: number, random: Random): Values {
  return Object.fromEntries(
    operation.inputs.map((port) => {
      const factor = port.role === 'logits' ? scale : 1;
      return [port.name, Float64Array.from({ length: sizes.tokens * elementsPerToken(port, sizes) }, () => Math.fround(factor * random.normal()))];
    }),
  );
}

describe.each(ids)('%s against bignumbers', (id) => {
  const operation = operations[id];

  it.each(Object.keys(operation.presets))('%s: f64 within half its bound, double-double within half an ulp and a little', (preset) => {
    const dialect = operation.presets[preset];
    for (const n of countsOf(operation)) {
      for (const scale of scales) {
        const sizes: Sizes = { tokens: 1, streams: n, channels: 3, depth: 1 };
        const inputs = draw(operation, sizes, scale, new Random(n, scale, 5));
        const truth = exactOutputs(id, inputs, sizes, dialect);
        const { values, errors, certified } = operation.bounded(inputs, sizes, dialect, resolveArithmetic('ieee-f64'), {});
        const precise = operation.precise(inputs, sizes, dialect);
        const reference = operation.reference(inputs, sizes, dialect);
        expect([...certified]).toEqual([1]);
        for (const { name } of operation.outputs) {
          expect(values[name]!.every((value, e) => value === reference[name]![e]!)).toBe(true); // 0 and −0 are both right
          truth[name]!.forEach((exact, e) => {
            const error = exactly(values[name]![e]!).minus(exact).abs().toNumber();
            const bound = errors[name]![e]!;
            // the bound is for kernel and reference together, half of it for each
            expect(error, `${name}[${e}], n ${n}, scale ${scale}`).toBeLessThanOrEqual(bound / 2);
            const halfUlp = exact.abs().toNumber() * 2 ** -53 * (1 + 2 ** -40);
            expect(exactly(precise[name]![e]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(halfUlp + bound * 2 ** -40);
          });
        }
      }
    }
  });

  it.each(Object.keys(arithmeticPresets))('the f32 kernel keeps the bound of %s', (preset) => {
    const arithmetic = resolveArithmetic(preset);
    if (arithmetic.compute === 'f64') return;
    for (const dialect of Object.values(operation.presets)) {
      const relatives = { ...relativeDialects, [id.replace('-vjp', '')]: dialect } as RelativeDialects;
      const { run } = referenceKernels({ relatives, storage: arithmetic.storage, arithmetic: preset })[id];
      for (const n of countsOf(operation)) {
        for (const scale of scales) {
          const sizes: Sizes = { tokens: 9, streams: n, channels: 3, depth: 1 };
          const inputs = draw(operation, sizes, scale, new Random(n, scale, 6));
          const tensors = Object.fromEntries(operation.inputs.map((port) => [port.name, tensor(inputs[port.name]!, shapeOf(port, sizes), 'f64')]));
          const dtypes = Object.fromEntries(operation.outputs.map(({ name }) => [name, arithmetic.storage]));
          const { values, errors, certified } = operation.bounded(inputs, sizes, dialect, arithmetic, dtypes);
          const outputs = run(tensors, sizes);
          if (preset === 'ieee-f32' && scale <= 4) expect([...certified].every((flag) => flag === 1)).toBe(true);
          for (const port of operation.outputs) {
            const per = elementsPerToken(port, sizes);
            valuesOf(outputs[port.name]!).forEach((value, e) => {
              if (certified[Math.floor(e / per)] === 0) return;
              expect(Math.abs(value - values[port.name]![e]!), `${port.name}[${e}], n ${n}, scale ${scale}`).toBeLessThanOrEqual(errors[port.name]![e]!);
            });
          }
        }
      }
    }
  });
});

describe('the exact gradient is the slope of the exact value', () => {
  // a central difference of 100-digit values errs by h²·f‴/6 + O(h⁴): a right gradient's error falls by 4 when h is halved, a wrong one's stays
  test.each(forward)('%s', (id) => {
    const [value, gradient] = [operations[id], operations[`${id}-vjp`]];
    for (const dialect of Object.values(value.presets)) {
      const sizes: Sizes = { tokens: 1, streams: value.streamCounts?.includes(3) === false ? 4 : 3, channels: 2, depth: 1 };
      const random = new Random(11, 3);
      const inputs: Record<string, Float64Array> = { ...draw(value, sizes, 1, random), cotangent: draw(gradient, sizes, 1, random)['cotangent']! };
      // multiples of 2⁻²⁶ stay exact when a power of two is added
      for (const { name } of value.inputs) inputs[name] = inputs[name]!.map((x) => Math.round(x * 2 ** 26) / 2 ** 26);
      const output = value.outputs[0]!.name;
      const along = (port: string, k: number, h: number): BigNumber => {
        const at = (x: number): BigNumber[] => exactOutputs(id, { ...inputs, [port]: inputs[port]!.with(k, inputs[port]![k]! + x) }, sizes, dialect)[output]!;
        const [above, below] = [at(h), at(-h)];
        return above.map((x, e) => x.minus(below[e]!).div(2 * h).times(exactly(inputs['cotangent']![e]!))).reduce((sum, x) => sum.plus(x));
      };
      const gradients = exactOutputs(`${id}-vjp`, inputs, sizes, dialect);
      for (const { name } of value.inputs) {
        expect(gradients[`${name}Gradient`]).toHaveLength(inputs[name]!.length);
        gradients[`${name}Gradient`]!.forEach((slope, k) => {
          const [coarse, fine] = [2 ** -8, 2 ** -9].map((h) => along(name, k, h).minus(slope).abs());
          expect(fine!.times(3).lte(coarse!) || coarse!.lt(2 ** -250), `${name}[${k}]: ${coarse!.toString()}, ${fine!.toString()}`).toBe(true);
        });
      }
    }
  });
});

test('permutations are listed in lexicographic order, the identity first', () => {
  expect(permutationsOf(3)).toEqual([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]);
  expect([1, 2, 3, 4, 5].map((n) => permutationsOf(n).length)).toEqual([1, 2, 6, 24, 120]);
});
