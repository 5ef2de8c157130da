/** Attacks the variants where they decide: kernels that round as they declare, against bignumbers, at thresholds, zeros and early stops. */
import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { sinkhornKernel, sinkhornVjpKernel } from '../../../src/kernels/reference/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { exactly, exactOutputs } from '../../../src/operations/exact.ts';
import { sinkhornPresets, type SinkhornDialect, type SinkhornVjpDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { EarlyStop } from '../../../src/operations/sinkhorn/early-stop.ts';
import { sinkhornVjp } from '../../../src/operations/sinkhorn/sinkhorn-vjp.ts';
import { sinkhorn } from '../../../src/operations/sinkhorn/sinkhorn.ts';
import { TokenForward } from '../../../src/operations/sinkhorn/token-forward.ts';
import { TokenVjp } from '../../../src/operations/sinkhorn/token-vjp.ts';
import { Trajectory } from '../../../src/operations/sinkhorn/trajectory.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import type { Dtype } from '../../../src/tensor/dtype.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';
import { attacked, attackedBackwards, decisive } from './sinkhorn-variants.ts';

const arithmetics = [['ieee-f32', 'f32'], ['f16-storage', 'f16']] as const;
const rounds = 25;

function inputsOf(n: number, round: number, dialect: SinkhornDialect, dtype: Dtype): { logits: Float64Array; cotangent: Float64Array } {
  const random = new Random(n, round, 47);
  const scale = [0.4, 2, 6][round % 3]!;
  const logits = decisive(n, round, dialect, () => scale * random.normal()).map(roundTo[dtype]);
  return { logits, cotangent: Float64Array.from({ length: n * n }, () => roundTo[dtype](random.normal())) };
}

describe.each(arithmetics)('%s', (name, dtype) => {
  const arithmetic = resolveArithmetic(name);

  test.each(attacked)('values: %s', (_, dialect) => {
    const run = sinkhornKernel(dialect, Math.fround, dtype);
    let claims = 0;
    for (const n of [2, 3]) {
      const sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
      for (let round = 0; round < rounds; round++) {
        const { logits } = inputsOf(n, round, dialect, dtype);
        const { errors, certified } = sinkhorn.bounded({ logits }, sizes, dialect, arithmetic, { residualMapping: dtype });
        if (certified[0] !== 1) continue;
        claims++;
        const output = valuesOf(run({ logits: tensor(logits, [1, n, n], dtype) }, sizes)['residualMapping']!);
        const truth = exactOutputs('sinkhorn', { logits }, sizes, dialect)['residualMapping']!;
        truth.forEach((exact, k) => expect(exactly(output[k]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(errors['residualMapping']![k]!));
      }
    }
    expect(claims).toBeGreaterThan(rounds - 5); // of 2·rounds; |L| has lines of zeros, nothing is claimed of those
  });

  test.each(attackedBackwards)('gradients: %s', (_, dialect) => {
    const run = sinkhornVjpKernel(dialect, Math.fround, dtype);
    let claims = 0;
    for (const n of [2, 3]) {
      const sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
      for (let round = 0; round < rounds; round++) {
        const inputs = inputsOf(n, round, dialect, dtype);
        const { errors, certified } = sinkhornVjp.bounded(inputs, sizes, dialect, arithmetic, { logitsGradient: dtype });
        if (certified[0] !== 1) continue;
        claims++;
        const output = valuesOf(run({ logits: tensor(inputs.logits, [1, n, n], dtype), cotangent: tensor(inputs.cotangent, [1, n, n], dtype) }, sizes)['logitsGradient']!);
        const truth = exactOutputs('sinkhorn-vjp', inputs, sizes, dialect)['logitsGradient']!;
        truth.forEach((exact, k) => expect(exactly(output[k]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(errors['logitsGradient']![k]!));
      }
    }
    expect(claims).toBeGreaterThan(10);
  });
});

const f32 = resolveArithmetic('ieee-f32');

test.each(attackedBackwards.filter(([, { derivative }]) => derivative === 'unrolled'))('logits and cotangents that are off: %s', (_, dialect) => {
  const n = 3;
  const sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
  const [forward, backward] = [new TokenForward(n, dialect, f32), new TokenVjp(n, dialect, f32)];
  const { derivative: _derivative, slopeAtZero: _slope, ...mapping } = dialect;
  let claims = 0;
  for (let round = 0; round < 20; round++) {
    const { logits, cotangent } = inputsOf(n, round, dialect, 'f32');
    const random = new Random(round, 99);
    const size = 2 ** -(10 + (round % 10));
    const moved = (values: Float64Array): Float64Array => values.map((x) => Math.fround(x + random.sign() * size * Math.abs(x) * random.uniform()));
    const [offLogits, offCotangent] = [moved(logits), moved(cotangent)];
    const errorsOf = (given: Float64Array, off: Float64Array): Float64Array => given.map((x, k) => Math.abs(x - off[k]!));
    const inputs = { logits: tensor(offLogits, [1, n, n]), cotangent: tensor(offCotangent, [1, n, n]) };
    if (forward.prepare(logits, 0, errorsOf(logits, offLogits))) {
      claims++;
      const output = valuesOf(sinkhornKernel(mapping)(inputs, sizes)['residualMapping']!);
      exactOutputs('sinkhorn', { logits }, sizes, mapping)['residualMapping']!.forEach((exact, k) =>
        expect(exactly(output[k]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(forward.errorOf(exact.toNumber(), k)),
      );
    }
    if (backward.prepare(logits, 0, cotangent, 0, errorsOf(logits, offLogits), errorsOf(cotangent, offCotangent))) {
      const output = valuesOf(sinkhornVjpKernel(dialect)(inputs, sizes)['logitsGradient']!);
      exactOutputs('sinkhorn-vjp', { logits, cotangent }, sizes, dialect)['logitsGradient']!.forEach((exact, k) =>
        expect(exactly(output[k]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(backward.errorOf(k)),
      );
    }
  }
  expect(claims).toBeGreaterThan(3);
});

const certifies = (logits: Float64Array, dialect: SinkhornDialect): boolean =>
  sinkhorn.bounded({ logits }, { tokens: 1, streams: 2, channels: 1, depth: 1 }, dialect, f32, { residualMapping: 'f32' }).certified[0] === 1;

test('a sum on its threshold is not claimed, one clearly beside it is', () => {
  const dialect: SinkhornDialect = { ...sinkhornPresets['nucleus']!, epsilonInStart: false, divisor: 'threshold', smallRows: 'kept', smallColumns: 'zeroed', epsilon: 0.5 };
  const withRow = (sum: number): Float64Array => Float64Array.from([sum / 2, -sum / 2, 1, 2]);
  expect([0.5, 0.5 * (1 + 2 ** -23), 0.5 * (1 - 2 ** -23)].map((sum) => certifies(withRow(sum), dialect))).toEqual([false, false, false]);
  expect([0.5 * (1 + 2 ** -18), 0.5 * (1 - 2 ** -18)].map((sum) => certifies(withRow(sum), dialect))).toEqual([true, true]);
});

test('kept and zeroed lines are what they are called', () => {
  const base = { ...sinkhornPresets['mhc-cu']!, iterations: 1, epsilon: 0.5 };
  const sizes = { tokens: 1, streams: 2, channels: 1, depth: 1 };
  const logits = Float64Array.from([0.1, 0.1, 2, 2].map(Math.log));
  const run = (fields: Partial<SinkhornDialect>): number[] => Array.from(sinkhorn.reference({ logits }, sizes, { ...base, ...fields })['residualMapping']!, (x) => Math.round(x * 1e6) / 1e6);
  expect(run({})).toEqual([0.166667, 0.166667, 0.833333, 0.833333]); // row 0 kept at 0.1, the columns sum to 0.6
  expect(run({ smallRows: 'zeroed', epsilon: 0.3 })).toEqual([0, 0, 1, 1]);
  expect(run({ smallRows: 'zeroed' })).toEqual([0, 0, 0, 0]); // the columns sum to 0.5, which does not exceed 0.5
  expect(run({ epsilon: 0.7 })).toEqual([0, 0, 0, 0]); // no column exceeds 0.7
  expect(run({ epsilon: 0.7, smallColumns: 'kept' })).toEqual([0.1, 0.1, 0.5, 0.5]);
});

test('an early stop is in doubt for f32 where f64 knows it, and both ends are covered', () => {
  const dialect = sinkhornPresets['pmetal']!;
  const random = new Random(5);
  const trajectory = new Trajectory(3, dialect, f32);
  const stop = new EarlyStop(3, dialect, f32, trajectory.steps.length);
  let [doubtful, otherEnds] = [0, 0];
  const sizes = { tokens: 1, streams: 3, channels: 1, depth: 1 };
  for (let round = 0; round < 300; round++) {
    const logits = Float64Array.from({ length: 9 }, () => Math.fround(random.normal()));
    trajectory.compute(logits, 0);
    const { exact, possible } = stop.of(trajectory, logits, 0);
    expect(possible).toContain(exact);
    if (possible.length > 1) doubtful++;
    // the last bits of f32 tell which iterate the kernel returned
    const output = valuesOf(sinkhornKernel(dialect)({ logits: tensor(logits, [1, 3, 3]) }, sizes)['residualMapping']!);
    const ends = [exact, ...possible].filter((count) => {
      const fixed = sinkhornKernel({ ...dialect, stopBelow: 0, iterations: count / 2 })({ logits: tensor(logits, [1, 3, 3]) }, sizes);
      return valuesOf(fixed['residualMapping']!).every((x, k) => x === output[k]);
    });
    expect(ends.length).toBeGreaterThan(0);
    if (!ends.includes(exact)) otherEnds++;
  }
  expect(doubtful).toBeGreaterThan(0);
  expect(otherEnds).toBeGreaterThan(0);
});

test('the slope of |L| at ±0 is the declared one', () => {
  const sizes = { tokens: 1, streams: 2, channels: 1, depth: 1 };
  const inputs = { logits: Float64Array.from([0, -0, 1, -2]), cotangent: Float64Array.from([3, -1, 2, 5]) };
  const gradient = (slopeAtZero: -1 | 0 | 1): Float64Array => {
    const dialect: SinkhornVjpDialect = { ...sinkhornPresets['nucleus']!, epsilon: 0.01, derivative: 'unrolled', slopeAtZero };
    return sinkhornVjp.reference(inputs, sizes, dialect)['logitsGradient']!;
  };
  const [down, flat, up] = [gradient(-1), gradient(0), gradient(1)];
  for (const k of [0, 1]) {
    expect(up[k]).not.toBe(0);
    expect([down[k]! + up[k]!, flat[k]]).toEqual([0, 0]);
  }
  for (const k of [2, 3]) expect([down[k], flat[k]]).toEqual([up[k], up[k]]);
});

test('every variant of the dialect occurs among the attacked', () => {
  const values = (field: keyof SinkhornDialect): string[] => [...new Set(attacked.map(([, dialect]) => String(dialect[field])))].toSorted((a, b) => a.localeCompare(b));
  expect(values('start')).toEqual(['absolute', 'exp', 'softmax']);
  expect(values('divisor')).toEqual(['add', 'clamp', 'plain', 'threshold']);
  expect(values('smallRows')).toEqual(['divided', 'kept', 'zeroed']);
  expect(values('smallColumns')).toEqual(['divided', 'kept', 'zeroed']);
  expect(values('stabilisation')).toEqual(['line-max', 'matrix-max', 'none']);
});
