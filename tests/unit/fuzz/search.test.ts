/** The parts of the search: events, mutations, the pool, objectives, merging. */
import { describe, expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { Coverage } from '../../../src/fuzz/coverage.ts';
import { Features } from '../../../src/fuzz/features.ts';
import { mergeCampaigns } from '../../../src/fuzz/merge.ts';
import { difference, mutate } from '../../../src/fuzz/mutate.ts';
import { Pool } from '../../../src/fuzz/pool.ts';
import { comparable, disagreement, pursuitsOf } from '../../../src/fuzz/pursuits.ts';
import type { Specimen } from '../../../src/fuzz/specimen.ts';
import { fuzz } from '../../../src/fuzz/fuzz.ts';
import { Random } from '../../../src/generate/random.ts';
import { inProcess, operations, referenceKernels, sinkhornPresets } from '../../../src/index.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';
import { KernelCaller } from '../../../src/verify/call.ts';

const sinkhorn = operations.sinkhorn as never;
const sizes = (tokens: number, streams = 4): { tokens: number; streams: number; channels: number; depth: number } => ({ tokens, streams, channels: 1, depth: 1 });
const specimen = (values: readonly number[]): Specimen => ({ operation: 'sinkhorn', sizes: sizes(1, Math.sqrt(values.length)), values: { logits: Float64Array.from(values) } });

/** Events of one problem that another does not have. */
function newEvents(known: readonly number[], other: readonly number[], tokens = 1): number {
  const features = new Features(sinkhorn);
  const coverage = new Coverage();
  const count = (values: readonly number[], token: number, all: number): number => {
    const n = Math.sqrt(values.length);
    const inputs = { logits: Float64Array.from({ length: all * n * n }, (_, k) => values[k % (n * n)]!) };
    features.look(inputs, undefined, sizes(all, n), token);
    let met = 0;
    for (let k = 0; k < features.count; k++) if (coverage.add(features.events[k]!)) met++;
    return met;
  };
  count(known, 0, 1);
  return count(other, tokens - 1, tokens);
}

describe('events', () => {
  const plain = Array.from({ length: 16 }, (_, k) => 1 + k / 16);
  test('the same problem meets nothing new', () => expect(newEvents(plain, plain)).toBe(0));
  test.each([
    ['an exact tie', plain.with(5, plain[4]!)],
    ['a negative zero', plain.with(5, -0)],
    ['a subnormal number', plain.with(5, 2 ** -140)],
    ['another exponent', plain.with(5, 2 ** -20)],
    ['a range near the end of an exponential', plain.with(5, -87.5)],
    ['another largest entry', plain.with(0, 9)],
    ['another stream count', plain.slice(0, 9)],
  ])('%s is new', (_, other) => expect(newEvents(plain, other)).toBeGreaterThan(0));
  test('so is the lane of a tile that is not full, and not that of a full one', () => {
    expect(newEvents(plain, plain, 33)).toBeGreaterThan(0);
    expect(newEvents(plain, plain, 64)).toBe(0);
  });
  test('sums away from 1 are new with outputs', () => {
    const features = new Features(sinkhorn);
    const events = (mapping: number[]): Set<number> => {
      features.look({ logits: new Float64Array(4) }, { residualMapping: Float64Array.from(mapping) }, sizes(1, 2), 0);
      return new Set(features.events.slice(0, features.count));
    };
    const converged = events([0.5, 0.5, 0.5, 0.5]);
    expect([...events([0.4, 0.6, 0.5, 0.5])].some((event) => !converged.has(event))).toBe(true);
  });
});

describe('mutations', () => {
  test('never leave a number that is not finite or beyond the limit, and do change something', () => {
    const random = new Random(5);
    let changed = 0;
    for (let k = 0; k < 20_000; k++) {
      const before = Float64Array.from({ length: 16 }, () => 50 * random.normal());
      const values = before.slice();
      mutate({ values, rows: 4, columns: 4 }, random, before.toReversed(), 1000);
      if (values.some((value) => !(Math.abs(value) <= 1000))) throw new Error(`${values.join()} of ${before.join()}`);
      if (values.some((value, i) => !Object.is(value, before[i]))) changed++;
    }
    expect(changed).toBeGreaterThan(18_000);
  });
  test('a difference step moves along a − b and nowhere else', () => {
    const child = Float64Array.of(1, 2, 3, 4);
    difference(child, Float64Array.of(5, 1, 1, 1), Float64Array.of(1, 1, 1, 1), new Random(3), 100);
    expect(Array.from(child).slice(1)).toEqual([2, 3, 4]);
  });
});

describe('the pool', () => {
  test('holds its bytes, whatever is added', () => {
    const pool = new Pool(20_000);
    for (let k = 0; k < 1000; k++) pool.add(specimen([k, 0, 0, 0]));
    expect(pool.size).toBeLessThan(100);
    expect(pool.size).toBeGreaterThan(10);
  });
  test('an objective keeps its best, highest first, and says what it still takes', () => {
    const pool = new Pool(1e6);
    for (let k = 0; k < 100; k++) pool.offer('o', () => specimen([k, 0, 0, 0]), (k * 37) % 100);
    expect(pool.eliteOf('o').map(({ score }) => score)).toEqual(Array.from({ length: 24 }, (_, k) => 99 - k));
    expect(pool.threshold('o')).toBe(76);
    expect(pool.offer('o', () => specimen([0, 0, 0, 0]), NaN)).toBe(false);
  });
});

describe('objectives', () => {
  const kernel = resolveKernel(sinkhorn, referenceKernels().sinkhorn, 'a');
  const caller = new KernelCaller(kernel, referenceKernels().sinkhorn.run, 1000);
  test('the free side is the one that is not normalised last', async () => {
    const [pursuit] = pursuitsOf(kernel, caller);
    const { scores } = await pursuit!.score({ logits: Float64Array.of(0, 0, 0, 0, 8, -3, 2, 1, 4, 8, 2, 1, 0, 3, 5, -9) }, sizes(1));
    expect(scores[0]).toBeGreaterThan(1e-5); // the other side is at ε
  });
  test('kernels of other dialects are not compared; a wrong one disagrees by more than both bounds', async () => {
    const other = referenceKernels({ sinkhorn: { ...sinkhornPresets['tilekernels']!, iterations: 19 } }).sinkhorn;
    expect(comparable(kernel, resolveKernel(sinkhorn, other, 'b'))).toBe(false);
    const lying = { ...other, dialect: referenceKernels().sinkhorn.dialect };
    const b = resolveKernel(sinkhorn, lying, 'b');
    expect(comparable(kernel, b)).toBe(true);
    const logits = Float64Array.of(0, 0, 0, 0, 8, -3, 2, 1, 4, 8, 2, 1, 0, 3, 5, -9);
    const wrong = await disagreement(kernel, caller, b, new KernelCaller(b, lying.run, 1000), 'b').score({ logits }, sizes(1));
    const right = await disagreement(kernel, caller, kernel, caller, 'a').score({ logits }, sizes(1));
    expect(wrong.scores[0]).toBeGreaterThan(1);
    expect(right.scores[0]).toBe(0);
  });
});

test('merging adds what was done, keeps the failure and does not depend on the order', async () => {
  const claims = properties.filter(({ id }) => ['streams/read-parity', 'streams/read-additivity'].includes(id));
  const right = referenceKernels()['stream-read'];
  const target = inProcess('mine', { kernels: { 'stream-read': right } });
  const reports = [];
  for (const index of [0, 1, 2]) reports.push(await fuzz({ targets: [target], properties: claims, seed: 4, stream: { index, count: 3 }, maxProblems: 500 }));
  const failing = { ...reports[1]!, results: reports[1]!.results.map((result) => ({ ...result, status: 'failed' as const, margin: 7 })) };
  const merged = mergeCampaigns([reports[0]!, failing, reports[2]!]);
  expect(merged.fuzz.problems).toBe(reports.reduce((sum, { fuzz: { problems } }) => sum + problems, 0));
  expect(merged.exitCode).toBe(1);
  expect(merged.results.every(({ status, margin }) => status === 'failed' && margin === 7)).toBe(true);
  const byName = (report: typeof merged): unknown => report.results.toSorted((a, b) => (a.property < b.property ? -1 : 1));
  expect(byName(mergeCampaigns([reports[2]!, failing, reports[0]!]))).toEqual(byName(merged));
});
