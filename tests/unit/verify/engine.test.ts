import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { inProcess, referenceKernels, tensor, valuesOf, verify, replay, type KernelRun, type Report, type RunEvent, type Tensor, type VerifyOptions } from '../../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const right = referenceKernels();
const parity = properties.filter(({ id }) => id === 'sinkhorn/reference-parity');

function targetOf(run: KernelRun): ReturnType<typeof inProcess> {
  return inProcess('mine', { kernels: { sinkhorn: { ...right.sinkhorn, run } } });
}

function verified(run: KernelRun, options: Partial<VerifyOptions> = {}): Promise<Report> {
  return verify({ targets: [targetOf(run)], properties: parity, effort: 'quick', seed: 1, failuresDir: folder, callTimeoutMs: 100, ...options });
}

const answered = (inputs: Readonly<Record<string, Tensor>>, sizes: Parameters<KernelRun>[1]): Tensor => right.sinkhorn.run(inputs, sizes)['residualMapping']!;

describe('what a kernel may do wrong is an outcome with a name', () => {
  const wrong: [string, string, KernelRun][] = [
    ['throws', 'failed', () => { throw new Error('out of registers'); }],
    ['rejects', 'failed', () => Promise.reject(new Error('device lost'))],
    ['never answers', 'timed-out', () => new Promise(() => undefined)],
    ['returns nothing', 'wrong-shape', () => ({})],
    ['returns null', 'wrong-shape', () => null as never],
    ['returns another shape', 'wrong-shape', (i, s) => ({ residualMapping: { ...answered(i, s), shape: [s.tokens, s.streams ** 2] } })],
    ['returns too few elements', 'wrong-shape', (i, s) => ({ residualMapping: answered(i, s).data.subarray(1) })],
    ['returns another dtype', 'wrong-dtype', (i, s) => ({ residualMapping: tensor(valuesOf(answered(i, s)), [s.tokens, s.streams, s.streams], 'f64') })],
    ['returns f16 bits for f32', 'wrong-dtype', (i, s) => ({ residualMapping: tensor(valuesOf(answered(i, s)), [s.tokens, s.streams, s.streams], 'f16') })],
    ['returns NaN', 'non-finite', (i, s) => ({ residualMapping: answered(i, s).data.map(() => NaN) as Float32Array })],
    ['changes its input', 'failed', (i, s) => { const output = answered(i, s); i['logits']!.data[0] = 7; return { residualMapping: output }; }],
    ['is off by a little', 'wrong-values', (i, s) => ({ residualMapping: (answered(i, s).data as Float32Array).map((x) => x * (1 + 1e-4)) })],
  ];
  test.each(wrong)('a kernel that %s: %s', async (_what, outcome, run) => {
    const report = await verified(run);
    const [result] = report.results;
    expect(result!.status).toBe('failed');
    expect(result!.counterexample!.outcome).toBe(outcome);
    expect(report.exitCode).toBe(1);
    expect(existsSync(result!.counterexample!.file)).toBe(true);
  });
});

test('the other kernels of a target still run', async () => {
  const target = inProcess('mine', { kernels: { ...right, sinkhorn: { ...right.sinkhorn, run: () => { throw new Error('no'); } } } });
  const asked = properties.filter(({ id }) => ['sinkhorn/reference-parity', 'streams/read-parity'].includes(id));
  const report = await verify({ targets: [target], properties: asked, effort: 'quick', seed: 1, failuresDir: folder });
  expect(report.results.map(({ property, status }) => [property, status])).toEqual([['sinkhorn/reference-parity', 'failed'], ['streams/read-parity', 'passed']]);
});

test('a counterexample is on disk before anybody hears of it, small, and replays', async () => {
  const heard: boolean[] = [];
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'property-finished') heard.push(existsSync(event.result.counterexample!.file));
  };
  const run: KernelRun = (i, s) => ({ residualMapping: (answered(i, s).data as Float32Array).map((x, k) => (k % s.streams === 0 ? x * 1.01 : x)) });
  const report = await verified(run, { onEvent });
  expect(heard).toEqual([true]);
  const counterexample = report.results[0]!.counterexample!;
  expect(counterexample.problems).toBe(1);
  expect(counterexample.kernelCalls).toBeLessThanOrEqual(100);
  const options = { file: counterexample.file, properties, failuresDir: folder };
  expect((await replay({ ...options, targets: [targetOf(run)] })).fails).toBe(true);
  expect((await replay({ ...options, targets: [targetOf(right.sinkhorn.run)] })).fails).toBe(false);
});

test('the same seed gives the same results, whatever else is asked', async () => {
  const bare = (report: Report): unknown => report.results.filter(({ property }) => property === parity[0]!.id).map(({ durationMs: _d, ...rest }) => rest);
  const alone = await verified(right.sinkhorn.run);
  const among = await verified(right.sinkhorn.run, { properties: [...properties.filter(({ id }) => id.startsWith('sinkhorn/row')), ...parity] });
  expect(bare(among)).toEqual(bare(alone));
  expect(bare(await verified(right.sinkhorn.run, { seed: 2 }))).not.toEqual(bare(alone));
});

test('an interrupted run reports what it has and claims nothing else', async () => {
  const controller = new AbortController();
  const asked = properties.filter(({ operation }) => operation === 'sinkhorn').slice(0, 4);
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'case-finished' && event.cases === 2) controller.abort();
  };
  const report = await verified(right.sinkhorn.run, { properties: asked, signal: controller.signal, onEvent });
  expect(report.interrupted).toBe(true);
  expect(report.exitCode).toBe(130);
  expect(report.results.map(({ status }) => status)).toEqual(['incomplete', 'skipped', 'skipped', 'skipped']);
  expect(report.results[0]!.cases).toBe(2);
});

test('time that runs out is no pass', async () => {
  const report = await verified(right.sinkhorn.run, { maxTimeMs: 0 });
  expect(report.results[0]!.status).toBe('skipped');
  expect(report.exitCode).toBe(5);
});

test('nothing to run is no pass', async () => {
  expect((await verified(right.sinkhorn.run, { properties: [] })).exitCode).toBe(5);
});

test('a claim that throws costs only its own result, and is a fault of plumbline', async () => {
  const broken = { ...parity[0]!, id: 'sinkhorn/broken', check: () => Promise.reject(new TypeError('a slip in a property')) };
  const report = await verified(right.sinkhorn.run, { properties: [broken, ...parity] });
  expect(report.results.map(({ status }) => status)).toEqual(['errored', 'passed']);
  expect(report.results[0]!.fault).toContain('a slip in a property');
  expect(report.exitCode).toBe(3);
});

test('a kernel for n = 4 alone is asked about n = 4 alone', async () => {
  const seen = new Set<number>();
  const run: KernelRun = (i, s) => { seen.add(s.streams); return right.sinkhorn.run(i, s); };
  const target = inProcess('mine', { kernels: { sinkhorn: { ...right.sinkhorn, streams: [4], run } } });
  const report = await verify({ targets: [target], properties: properties.filter(({ operation }) => operation === 'sinkhorn'), effort: 'quick', seed: 1, failuresDir: folder });
  expect([...seen]).toEqual([4]);
  expect(report.totals.failed).toBe(0);
  expect(report.results.find(({ property }) => property === 'sinkhorn/single-stream')!.status).toBe('unsupported');
});

test('a declaration that is not valid leaves no target open', async () => {
  let open = 0;
  const kernels = { sinkhorn: { ...right.sinkhorn, streams: [99] } };
  const target = inProcess('mine', { kernels, open: () => void open++, close: () => void open-- });
  await expect(verify({ targets: [target], properties: parity, effort: 'quick', seed: 1, failuresDir: folder })).rejects.toThrow('streams');
  expect(open).toBe(0);
});
