/** Tries to break the forward bound: every kernel here rounds as it declares, so one error above its bound is a wrong proof. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { recipeArbitrary } from '../../../src/generate/arbitrary.ts';
import { expand } from '../../../src/generate/expand.ts';
import { recipeSizes } from '../../../src/generate/recipe.ts';
import { sinkhornKernel } from '../../../src/kernels/reference/index.ts';
import { resolveArithmetic, type ArithmeticInput } from '../../../src/numerics/arithmetic.ts';
import { sinkhornClosedForm } from '../../../src/operations/sinkhorn/closed-form.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { sinkhorn } from '../../../src/operations/sinkhorn/sinkhorn.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import type { Dtype } from '../../../src/tensor/dtype.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';
import { attacked } from './sinkhorn-variants.ts';

const arithmetics: [string, ArithmeticInput, Dtype, (value: number) => number][] = [
  ['f32', 'ieee-f32', 'f32', Math.fround],
  ['bf16 storage', 'bf16-storage', 'bf16', Math.fround],
  ['f16 storage', 'f16-storage', 'f16', Math.fround],
  ['f64', 'ieee-f64', 'f64', (value) => value],
];
const cases = attacked.flatMap(([name, dialect]) => [dialect, { ...dialect, iterations: 3 }].flatMap((d) => arithmetics.map((a) => [`${name}, T = ${d.iterations}, ${a[0]}`, d, a] as const)));

describe('no error of a kernel that keeps its declaration exceeds the bound', () => {
  test.each(cases)('%s', (_name, dialect, [, arithmeticInput, dtype, round]) => {
    const arithmetic = resolveArithmetic(arithmeticInput);
    const run = sinkhornKernel(dialect, round, dtype);
    let judged = 0;
    const property = fc.property(recipeArbitrary(sinkhorn as never, { maxElements: 2048 }), (recipe) => {
      const sizes = recipeSizes(recipe);
      const n = sizes.streams;
      const logits = expand(recipe, sinkhorn, {})['logits']!.map(roundTo[dtype]);
      const bounded = sinkhorn.bounded({ logits }, sizes, dialect, arithmetic, { residualMapping: dtype });
      // f64 kernels are as exact as the reference: their truth is double-double
      const truth = dtype === 'f64' && n <= 4 ? sinkhorn.precise({ logits }, sizes, dialect) : bounded.values;
      const output = valuesOf(run({ logits: tensor(logits, [sizes.tokens, n, n], dtype) }, sizes)['residualMapping']!);
      for (let k = 0; k < output.length; k++) {
        if (bounded.certified[Math.floor(k / (n * n))] === 0) continue;
        judged++;
        const error = Math.abs(output[k]! - truth['residualMapping']![k]!);
        if (!(error <= bounded.errors['residualMapping']![k]!)) return false;
      }
      return true;
    });
    fc.assert(property, { numRuns: 12, seed: 20_261_124 });
    expect(judged).toBeGreaterThan(0);
  });
});

test('the terms of an explained bound account for it', () => {
  const sizes = { tokens: 1, streams: 4, channels: 1, depth: 1 };
  const logits = Float64Array.from([0, 3, 1, -2, 1, 0, 0, 4, -1, 2, 2, 0, 0, 0, 5, 1]);
  const bounded = sinkhorn.bounded({ logits }, sizes, sinkhornPresets['tilekernels']!, resolveArithmetic('ieee-f32'), { residualMapping: 'f32' });
  for (let k = 0; k < 16; k++) {
    const terms = bounded.explain('residualMapping', k);
    const total = terms.reduce((sum, { value }) => sum + value, 0);
    expect(total).toBeGreaterThan(0);
    expect(bounded.errors['residualMapping']![k]! / total).toBeGreaterThanOrEqual(1);
    expect(terms.map(({ value }) => value)).toEqual(terms.map(({ value }) => value).toSorted((a, b) => b - a));
  }
});

test('a coarser arithmetic has a larger bound, and an unknown one is refused by name', () => {
  const sizes = { tokens: 1, streams: 3, channels: 1, depth: 1 };
  const logits = Float64Array.from([0, 1, 2, 3, 0, 1, 1, 1, 0]);
  const boundOf = (name: string): number =>
    sinkhorn.bounded({ logits }, sizes, sinkhornPresets['tilekernels']!, resolveArithmetic(name), { residualMapping: resolveArithmetic(name).storage }).errors['residualMapping']![0]!;
  const order = ['ieee-f64', 'ieee-f32', 'cuda-f32', 'cuda-fastmath', 'f16-storage', 'bf16-storage'].map(boundOf);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(boundOf('wgsl-f32')).toBeGreaterThan(boundOf('ieee-f32'));
  expect(() => resolveArithmetic('ieee-f23')).toThrow("Did you mean 'ieee-f32'?");
  expect(() => resolveArithmetic({ preset: 'ieee-f32', exponential: 3 } as never)).toThrow("no field 'exponential'");
});

describe('the closed form holds for every matrix of its box', () => {
  test.each(['tilekernels', 'liger', 'megatron-main', 'paper'])('%s', (name) => {
    const dialect = sinkhornPresets[name]!;
    const arithmetic = resolveArithmetic('ieee-f32');
    const run = sinkhornKernel(dialect);
    for (const range of [0.5, 4, 20]) {
      const closed = sinkhornClosedForm(4, dialect, arithmetic, range);
      expect(closed).toBeLessThan(1);
      const sizes = { tokens: 300, streams: 4, channels: 1, depth: 1 };
      const recipe = { operation: 'sinkhorn' as const, sizes, seed: range * 2, families: { logits: 'uniform' }, scale: range / 2 };
      const logits = expand(recipe, sinkhorn, {})['logits']!.map((value) => Math.fround(Math.max(-range / 2, Math.min(range / 2, value))));
      const { values, errors } = sinkhorn.bounded({ logits }, sizes, dialect, arithmetic, { residualMapping: 'f32' });
      const output = valuesOf(run({ logits: tensor(logits, [300, 4, 4]) }, sizes)['residualMapping']!);
      for (let k = 0; k < output.length; k++) {
        const x = values['residualMapping']![k]!;
        expect(Math.abs(output[k]! - x)).toBeLessThanOrEqual(closed * x);
        expect(errors['residualMapping']![k]!).toBeLessThanOrEqual(closed * x * (1 + 2 ** -20)); // the instance knows more
      }
    }
  });
});
