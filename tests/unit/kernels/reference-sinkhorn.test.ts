/** The reference projection and its derivative against formulas written here, in the f64 and f32 of the same text. */
import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { dual, dualField } from '../../../src/numerics/dual.ts';
import { operations } from '../../../src/operations/index.ts';
import { sinkhornOver } from '../../../src/operations/sinkhorn/generic.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';

type Matrix = number[][];
const f64 = { round: roundTo.f64, storage: 'f64' } as const;
const presets = Object.entries(sinkhornPresets);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const transposed = (m: Matrix): Matrix => m.map((_, i) => m.map((row) => row[i]!));
const rows = (m: Matrix, epsilon: number): Matrix => m.map((row) => row.map((value) => value / (sum(row) + epsilon)));
const columns = (m: Matrix, epsilon: number): Matrix => transposed(rows(transposed(m), epsilon));
const exp = (m: Matrix): Matrix => m.map((row) => row.map((value) => Math.exp(value)));

/** Eq. 9: M⁰ = exp(L), Mᵗ = rows(columns(Mᵗ⁻¹)). */
function paper(logits: Matrix, iterations: number): Matrix {
  let m = exp(logits);
  for (let t = 0; t < iterations; t++) m = rows(columns(m, 0), 0);
  return m;
}

/** TileKernels' mhc.py: softmax over rows + ε, columns, then T − 1 times rows and columns. */
function tilekernels(logits: Matrix, iterations: number, epsilon: number): Matrix {
  let m = columns(rows(exp(logits.map((row) => row.map((value) => value - Math.max(...row)))), 0).map((row) => row.map((value) => value + epsilon)), epsilon);
  for (let t = 1; t < iterations; t++) m = columns(rows(m, epsilon), epsilon);
  return m;
}

/** Megatron-LM main: exp(L − row maximum), T times rows and columns, divisors at least ε. */
function megatron(logits: Matrix, iterations: number, epsilon: number): Matrix {
  const clamped = (m: Matrix): Matrix => m.map((row) => row.map((value) => value / Math.max(sum(row), epsilon)));
  let m = exp(logits.map((row) => row.map((value) => value - Math.max(...row))));
  for (let t = 0; t < iterations; t++) m = transposed(clamped(transposed(clamped(m))));
  return m;
}

/** Logits [tokens, n, n] as a kernel gets them. */
function randomLogits(tokens: number, n: number, seed: number): Float64Array {
  const random = new Random(seed, 1, 2);
  return Float64Array.from({ length: tokens * n * n }, () => Math.fround(3 * random.normal()));
}

const sizesOf = (tokens: number, n: number): { tokens: number; streams: number; channels: number; depth: number } => ({ tokens, streams: n, channels: 1, depth: 1 });

describe('sinkhorn', () => {
  const formulas: [string, (logits: Matrix, dialect: SinkhornDialect) => Matrix][] = [
    ['paper', (logits, { iterations }) => paper(logits, iterations)],
    ['tilekernels', (logits, { iterations, epsilon }) => tilekernels(logits, iterations, epsilon)],
    ['megatron-main', (logits, { iterations, epsilon }) => megatron(logits, iterations, epsilon)],
    ['log-domain', (logits, { iterations }) => {
      let m = exp(logits);
      for (let t = 0; t < iterations; t++) m = columns(rows(m, 0), 0);
      return m;
    }],
  ];
  test.each(formulas)('%s is the formula, at T = 1, 2 and 20', (name, formula) => {
    for (const iterations of [1, 2, 20]) {
      for (const n of [1, 2, 3, 5]) {
        const dialect = { ...sinkhornPresets[name]!, iterations };
        const logits = randomLogits(1, n, n);
        const expected = formula(Array.from({ length: n }, (_, i) => [...logits.subarray(i * n, (i + 1) * n)]), dialect).flat();
        const measured = valuesOf(referenceKernels({ ...f64, sinkhorn: dialect }).sinkhorn.run({ logits: tensor(logits, [1, n, n], 'f64') }, sizesOf(1, n))['residualMapping']!);
        const bounded = operations.sinkhorn.bounded({ logits }, sizesOf(1, n), dialect, resolveArithmetic('ieee-f64'), { residualMapping: 'f64' });
        // the formula rounds like a kernel: both are within the bound of the truth
        measured.forEach((value, at) => expect(Math.abs(value - expected[at]!)).toBeLessThanOrEqual(2 * bounded.errors['residualMapping']![at]!));
      }
    }
  });

  test('n = 1 is s/(s + ε) of the closed form, and 0 tokens give an empty tensor', () => {
    const { run } = referenceKernels({ ...f64, sinkhorn: { ...sinkhornPresets['tilekernels']!, iterations: 1, epsilon: 0.5 } }).sinkhorn;
    expect(valuesOf(run({ logits: tensor([-3], [1, 1, 1], 'f64') }, sizesOf(1, 1))['residualMapping']!)).toEqual(Float64Array.of(1.5 / 2));
    expect(run({ logits: tensor([], [0, 4, 4]) }, sizesOf(0, 4))['residualMapping']!.shape).toEqual([0, 4, 4]);
  });

  test('every dialect field changes the result', () => {
    const base: SinkhornDialect = { ...sinkhornPresets['megatron-main']!, epsilon: 0.25, iterations: 3 };
    const logits = tensor(randomLogits(4, 4, 9), [4, 4, 4], 'f64');
    const run = (fields: Partial<SinkhornDialect>): string => referenceKernels({ ...f64, sinkhorn: { ...base, ...fields } }).sinkhorn.run({ logits }, sizesOf(4, 4))['residualMapping']!.data.join();
    const variants: Partial<SinkhornDialect>[] = [
      {}, { iterations: 4 }, { epsilon: 0.5 }, { divisor: 'add' }, { epsilon: 0, divisor: 'plain' }, { lastNormalised: 'rows' },
      { start: 'softmax', divisor: 'add' }, { start: 'softmax', divisor: 'add', epsilonInStart: true }, { divisor: 'add', stabilisation: 'none' }, { divisor: 'add', stabilisation: 'matrix-max' },
    ];
    expect(new Set(variants.map((fields) => run(fields))).size).toBe(variants.length);
    expect(run({ orientation: 'transposed' })).toBe(run({}));
  });

  test('the rounding and the storage are options: bf16 rounding leaves the f32 bound, bf16 storage keeps that of bf16 storage', () => {
    const logits = randomLogits(8, 4, 3);
    const inputs = { logits: tensor(logits, [8, 4, 4]) };
    const dialect = sinkhornPresets['tilekernels']!;
    const worst = (options: Parameters<typeof referenceKernels>[0], arithmetic: string, storage: 'f32' | 'bf16'): number => {
      const output = referenceKernels(options).sinkhorn.run(inputs, sizesOf(8, 4))['residualMapping']!;
      expect(output.dtype).toBe(storage);
      const { values, errors } = operations.sinkhorn.bounded({ logits }, sizesOf(8, 4), dialect, resolveArithmetic(arithmetic), { residualMapping: storage });
      return Math.max(...valuesOf(output).map((value, at) => Math.abs(value - values['residualMapping']![at]!) / errors['residualMapping']![at]!));
    };
    expect(worst({}, 'ieee-f32', 'f32')).toBeLessThanOrEqual(1);
    expect(worst({ round: roundTo.bf16 }, 'ieee-f32', 'f32')).toBeGreaterThan(1);
    expect(worst({ storage: 'bf16' }, 'bf16-storage', 'bf16')).toBeLessThanOrEqual(1);
  });
});

describe('sinkhorn-vjp', () => {
  /** ⟨G, v⟩ against ⟨g, dX(v)⟩ with dX from dual numbers, in the directions of all entries at once and one by one. */
  test.each(presets)('%s: unrolled is the transpose of the tangent map', (_name, preset) => {
    for (const n of [1, 2, 4, 5]) {
      for (const iterations of [1, 3, 20]) {
        const dialect = { ...preset, iterations, derivative: 'unrolled' as const };
        const logits = randomLogits(1, n, 11 + n);
        const cotangent = randomLogits(1, n, 23 + n);
        const inputs = { logits, cotangent };
        for (const [storage, round, name] of [['f64', roundTo.f64, 'ieee-f64'], ['f32', Math.fround, 'ieee-f32']] as const) {
          const run = referenceKernels({ round, storage, sinkhorn: { ...preset, iterations } })['sinkhorn-vjp'].run;
          const gradient = valuesOf(run({ logits: tensor(logits, [1, n, n], storage), cotangent: tensor(cotangent, [1, n, n], storage) }, sizesOf(1, n))['logitsGradient']!);
          const bound = (arithmetic: string): Float64Array => operations['sinkhorn-vjp'].bounded(inputs, sizesOf(1, n), dialect, resolveArithmetic(arithmetic), { logitsGradient: storage }).errors['logitsGradient']!;
          const [kernel, tangent] = [bound(name), bound('ieee-f64')];
          for (let direction = 0; direction < n * n; direction++) {
            const seeded = [...logits].map((value, at) => dual(value, at === direction ? 1 : 0));
            const derivative = sum(sinkhornOver(dualField, seeded, n, dialect).map((value, at) => value.derivative * cotangent[at]!));
            expect(Math.abs(gradient[direction]! - derivative)).toBeLessThanOrEqual(kernel[direction]! + tangent[direction]!);
          }
        }
      }
    }
  });

  test('implicit: all rows and columns of the gradient sum to zero, and it is X∘(g − a1ᵀ − 1bᵀ)', () => {
    const n = 4;
    const dialect = { ...sinkhornPresets['tilekernels']!, derivative: 'implicit' as const };
    const [logits, cotangent] = [randomLogits(1, n, 5), randomLogits(1, n, 6)];
    const kernels = referenceKernels({ ...f64, derivative: 'implicit' });
    const inputs = { logits: tensor(logits, [1, n, n], 'f64'), cotangent: tensor(cotangent, [1, n, n], 'f64') };
    const g = valuesOf(kernels['sinkhorn-vjp'].run(inputs, sizesOf(1, n))['logitsGradient']!);
    const x = valuesOf(kernels.sinkhorn.run(inputs, sizesOf(1, n))['residualMapping']!);
    const errors = operations['sinkhorn-vjp'].bounded({ logits, cotangent }, sizesOf(1, n), dialect, resolveArithmetic('ieee-f64'), { logitsGradient: 'f64' }).errors['logitsGradient']!;
    const line = (values: (at: number) => number, l: number, step: number, stride: number): number => sum(Array.from({ length: n }, (_, k) => values(l * step + k * stride)));
    for (let l = 0; l < n; l++) {
      for (const [step, stride] of [[n, 1], [1, n]] as const) expect(Math.abs(line((at) => g[at]!, l, step, stride))).toBeLessThanOrEqual(line((at) => errors[at]!, l, step, stride));
    }
    // g − G/X = a1ᵀ + 1bᵀ has no 2×2 cross differences
    const potential = (i: number, j: number): number => cotangent[i * n + j]! - g[i * n + j]! / x[i * n + j]!;
    const uncertainty = (i: number, j: number): number => errors[i * n + j]! / x[i * n + j]!;
    for (let i = 1; i < n; i++) {
      for (let j = 1; j < n; j++) {
        const cross = potential(i, j) + potential(0, 0) - potential(i, 0) - potential(0, j);
        expect(Math.abs(cross)).toBeLessThanOrEqual(uncertainty(i, j) + uncertainty(0, 0) + uncertainty(i, 0) + uncertainty(0, j));
      }
    }
  });

  test('a clamped line passes the gradient of log X unchanged: with every sum below ε, X = exp(L)/ε² and G = g∘X', () => {
    const dialect: SinkhornDialect = { ...sinkhornPresets['megatron-main']!, stabilisation: 'none', iterations: 1, epsilon: 0.5 };
    const logits = [-3, -4, -5, -6];
    const cotangent = [1, 2, -3, 4];
    const kernels = referenceKernels({ ...f64, sinkhorn: dialect });
    const inputs = { logits: tensor(logits, [1, 2, 2], 'f64'), cotangent: tensor(cotangent, [1, 2, 2], 'f64') };
    // ε = ½ divides exactly
    expect(valuesOf(kernels['sinkhorn-vjp'].run(inputs, sizesOf(1, 2))['logitsGradient']!)).toEqual(Float64Array.from(logits, (value, at) => cotangent[at]! * (Math.exp(value) / 0.25)));
  });

  test('0 tokens give an empty tensor', () => {
    const { run } = referenceKernels()['sinkhorn-vjp'];
    expect(run({ logits: tensor([], [0, 3, 3]), cotangent: tensor([], [0, 3, 3]) }, sizesOf(0, 3))['logitsGradient']!.shape).toEqual([0, 3, 3]);
  });
});
