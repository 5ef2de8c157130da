/** What of a failing case matters: planted faults that depend on one input, one element, one size, one output. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { inProcess, referenceKernels, valuesOf, verify, type KernelRun, type OperationId } from '../../../src/index.ts';
import { describeMatters } from '../../../src/report/failure.ts';
import type { Matters } from '../../../src/verify/matters.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-matters-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const right = referenceKernels();

/** What a failing claim says of a kernel whose outputs are changed. */
async function mattersOf(operation: OperationId, claim: string, change: (outputs: Record<string, Float32Array>, inputs: Record<string, Float64Array>, n: number, depth: number) => void): Promise<Matters> {
  const run: KernelRun = (inputs, sizes) => {
    const outputs = right[operation].run(inputs, sizes);
    const values = Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Float32Array.from(data)]));
    change(values, Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, valuesOf(tensor)])), sizes.streams, sizes.depth);
    return values;
  };
  const target = inProcess('planted', { kernels: { [operation]: { ...right[operation], run } } });
  const { results: [result] } = await verify({ targets: [target], properties: properties.filter(({ id }) => id === claim), effort: 'standard', seed: 2, failuresDir: folder });
  expect(result!.status).toBe('failed');
  const { matters } = result!.counterexample!;
  expect(matters!.kernelCalls).toBeLessThanOrEqual(31);
  return matters!;
}

test('a fault that any input shows: all are free, and one stream shows it', async () => {
  const matters = await mattersOf('stream-read', 'streams/read-parity', ({ layerInput }) => layerInput!.forEach((x, k) => (layerInput![k] = x + 1e6)));
  expect(matters.free).toEqual(['preMapping', 'streams']);
  expect(matters.needed).toEqual([]);
  expect(describeMatters(matters)).toContain('preMapping, streams can hold anything that was tried');
});

test('a fault that one input decides needs that input alone', async () => {
  const matters = await mattersOf('stream-read', 'streams/read-parity', ({ layerInput }, { preMapping }, n) => {
    const channels = layerInput!.length / (preMapping!.length / n);
    layerInput!.forEach((x, k) => (layerInput![k] = preMapping!.at(Math.floor(k / channels) * n) === 0 ? x + 1e6 : x));
  });
  expect(matters.free).toEqual(['streams']);
  expect(matters.needed).toEqual(['preMapping']);
  expect(matters.elements).toEqual([{ input: 'preMapping', needed: [0], of: expect.any(Number) as number }]);
});

test('a fault of some sizes has its smallest', async () => {
  const streams = await mattersOf('stream-read', 'streams/read-parity', ({ layerInput }, _, n) => void (n >= 3 && layerInput!.forEach((x, k) => (layerInput![k] = x * 1.5 + 1))));
  expect(streams.sizes).toEqual([{ size: 'streams', smallest: 3, held: [1, 2] }]);
  expect(describeMatters(streams)).toContain('the smallest n that failed is 3 (1, 2 held)');
  const depth = await mattersOf('stack', 'depth/stack-parity', ({ composite }, _, _n, d) => void (d >= 2 && composite!.forEach((x, k) => (composite![k] = x * 1.5 + 1))));
  expect(depth.sizes.find(({ size }) => size === 'depth')).toEqual({ size: 'depth', smallest: 2, held: [1] });
});

test('of several outputs the first that is off is named', async () => {
  const second = await mattersOf('stack', 'depth/stack-parity', ({ finalStreams }) => finalStreams!.forEach((x, k) => (finalStreams![k] = x * 1.5 + 1)));
  expect(second.first).toEqual({ output: 'finalStreams', after: ['composite'] });
  const both = await mattersOf('stack', 'depth/stack-parity', ({ composite, finalStreams }) => [composite!, finalStreams!].forEach((values) => values.forEach((x, k) => (values[k] = x * 1.5 + 1))));
  expect(both.first).toEqual({ output: 'composite', after: [] });
});

test('of a claim about certain inputs nothing is replaced', async () => {
  const matters = await mattersOf('sinkhorn', 'sinkhorn/constant-logits', ({ residualMapping }) => residualMapping!.forEach((x, k) => (residualMapping![k] = x * 1.5)));
  expect([matters.free, matters.needed]).toEqual([[], []]);
});
