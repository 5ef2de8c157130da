import { expect, test } from 'vitest';

import { Session } from '../../../src/identify/budget.ts';
import { ladderOf, storageOf } from '../../../src/identify/ladder.ts';
import { comparison, formatNumber, nameOf } from '../../../src/identify/naming.ts';
import { meant, roundest } from '../../../src/identify/round-number.ts';
import { batchOf, extremeProbes, longProbes, ordinaryProbes } from '../../../src/identify/sinkhorn/probes.ts';
import { combinations, functionKey } from '../../../src/identify/sinkhorn/space.ts';
import { distances } from '../../../src/identify/sinkhorn/walk.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { operations } from '../../../src/operations/index.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { sinkhornReference } from '../../../src/operations/sinkhorn/reference.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';

test.each([2, 3, 4, 8, 16])('probes of n = %i: as many as promised, all different, exact in every dtype', (n) => {
  const probes = [...ordinaryProbes(n), ...extremeProbes(n)];
  expect([ordinaryProbes(n).length, longProbes(n).length, extremeProbes(n).length]).toEqual([37, 2, 8]);
  expect(new Set(probes.map(({ name }) => name)).size).toBe(probes.length);
  for (const { logits } of probes) {
    expect(logits).toHaveLength(n * n);
    for (const round of [roundTo.f32, roundTo.f16, roundTo.bf16]) expect(logits.map(round)).toEqual(logits);
  }
  for (const { logits } of longProbes(n)) {
    expect(logits.map(roundTo.f32)).toEqual(logits);
    for (const round of [roundTo.f16, roundTo.bf16]) expect(logits.filter((value) => round(value) !== value).length).toBeGreaterThan(logits.length / 2);
  }
});

test('the walk compares with what the reference computes, at every number of iterations', () => {
  const n = 3;
  const logits = batchOf(ordinaryProbes(n));
  const tokens = logits.length / 9;
  // a low temperature makes the reference iterate on logarithms, whose bits are others
  const dialects = Object.values(sinkhornPresets).map((dialect) => (dialect.temperature < 1 ? { ...dialect, temperature: 2 } : dialect));
  for (const dialect of dialects) {
    const values = sinkhornReference(logits, tokens, n, { ...dialect, iterations: 7 });
    const sums = distances({ n, tokens, logits, values, unit: 2 ** -53, smallest: Number.MIN_VALUE }, dialect, 9);
    expect(Math.min(...sums.subarray(1))).toBe(sums[7]);
    expect(sums[7]).toBe(0);
  }
});

test('every preset is one of the combinations', () => {
  for (const { iterations: _t, temperature: _u, stopBelow: _s, epsilon, ...fields } of Object.values(sinkhornPresets)) {
    expect(combinations().some((one) => (one.epsilon > 0) === epsilon > 0 && Object.entries(fields).every(([field, value]) => field === 'orientation' || one[field as 'start'] === value))).toBe(true);
  }
});

test('dialects with one key are one function, those with two are not', () => {
  const n = 3;
  const logits = batchOf(ordinaryProbes(n));
  const tokens = logits.length / 9;
  const byKey = new Map<string, string>();
  for (const dialect of combinations()) {
    const values = sinkhornReference(logits, tokens, n, { ...dialect, iterations: 2, epsilon: dialect.epsilon === 0 ? 0 : 0.01 }).join();
    const key = functionKey(dialect);
    expect(byKey.get(key) ?? values).toBe(values);
    byKey.set(key, values);
  }
  expect(byKey.size).toBeGreaterThan(20);
});

test.each<[number, number, number, number]>([
  [0.99e-6, 1.01e-6, 1.003e-6, 1e-6],
  [1.18e-7, 1.21e-7, 1.2e-7, 2 ** -23],
  [3.65e-5, 3.74e-5, 3.7e-5, 3.7e-5],
  [0.0199, 0.0201, 0.02, 0.02],
  [1, 1, 1, 1],
])('the roundest number from %d to %d', (low, high, near, expected) => expect(roundest(low, high, near)).toBe(expected));

test('a roundest number lies in its interval', () => {
  for (let k = 1; k < 200; k++) {
    const low = 1.37 ** k * 1e-20;
    const found = roundest(low, low * (1 + 2 ** -k / 2), low);
    expect(found).toBeGreaterThanOrEqual(low);
    expect(found).toBeLessThanOrEqual(low * (1 + 2 ** -k / 2));
  }
  expect(meant(9.99993e-7)).toContain(1e-6);
});

test('storage is read off the bits, and widens the ladder to what is declared', () => {
  expect([[0.25, 3], [1 + 2 ** -9], [1 + 2 ** -20], [1 / 3]].map((values) => storageOf(Float64Array.from(values)))).toEqual(['bf16', 'f16', 'f32', 'f64']);
  const declared = resolveArithmetic({ preset: 'ieee-f32', exp: { constant: 100, slope: 0 } });
  const { rungs } = ladderOf(Float64Array.of(1 + 2 ** -20), declared);
  expect(rungs.at(-1)!.exp).toEqual({ constant: 100, slope: 4 });
  expect(ladderOf(Float64Array.of(1 + 2 ** -20), resolveArithmetic('ieee-f64')).declared.compute).toBe('f32');
});

test('names and comparisons', () => {
  const { tilekernels, paper } = sinkhornPresets as Record<string, (typeof sinkhornPresets)[string]>;
  expect(nameOf({ ...tilekernels! }, sinkhornPresets)).toBe('`tilekernels`');
  expect(nameOf({ ...tilekernels!, iterations: 1, epsilon: 1e-5 }, sinkhornPresets)).toBe('`tilekernels` with 1 iteration and epsilon 1e-5');
  expect(comparison({ ...tilekernels!, iterations: 19 }, tilekernels!, sinkhornPresets)).toBe('computes `tilekernels` with 19 iterations; it declares 20');
  expect(comparison({ ...paper!, iterations: 10 }, tilekernels!, sinkhornPresets)).toBe('computes `paper` with 10 iterations; it declares `tilekernels` with 20 iterations');
  expect([20, 0.02, 1e-6, 1.23456e-7, 0].map(formatNumber)).toEqual(['20', '0.02', '1e-6', '1.235e-7', '0']);
});

test('a session refuses to exceed its budget', async () => {
  const session = new Session(operations.sinkhorn, referenceKernels().sinkhorn, 1000, () => false);
  const ask = (tokens: number): Promise<unknown> => session.ask({ logits: new Float64Array(tokens * 4) }, { tokens, streams: 2, channels: 1, depth: 1 });
  await ask(60);
  await expect(ask(5)).rejects.toThrow(RangeError);
  await ask(4);
  expect([session.problems, session.calls]).toEqual([64, 2]);
});
