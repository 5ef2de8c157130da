/** Whole runs of `bench` on kernels with a clock of their own, so that every time in them is known. */
import { describe, expect, it } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { bench, inProcess, referenceKernels, type BenchOptions, type BenchReport, type KernelDeclaration, type Opponent, type PreparedKernel, type Target, type Workload } from '../../../src/index.ts';
import { operationCount, bytesMoved } from '../../../src/perf/traffic.ts';
import { benchExitCode } from '../../../src/perf/exit-code.ts';
import { builtInWorkloads } from '../../../src/perf/model-shapes.ts';
import { operations } from '../../../src/operations/index.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';
import { Random } from '../../../src/generate/random.ts';

const right = referenceKernels()['stream-read'] as KernelDeclaration;
const workload: Workload = { id: 'stream-read/small', operation: 'stream-read', sizes: { tokens: 8, streams: 4, channels: 8, depth: 1 }, origin: 'configured' };
const claims = properties.filter(({ id }) => id === 'streams/read-parity');

interface Device {
  readonly ms: number;
  readonly spoil?: (data: Float32Array) => void;
  readonly fails?: boolean;
  readonly about?: Record<string, string>;
}

/** A kernel on a device whose calls take `ms`, but for one per cent of noise. */
function device(name: string, { ms, spoil, fails = false, about = {} }: Device, released: string[] = []): Target {
  const random = new Random(1, Math.round(1000 * ms));
  const prepare: KernelDeclaration['prepare'] = async (inputs, sizes): Promise<PreparedKernel> => {
    const { layerInput } = await right.run(inputs, sizes);
    const data = (layerInput as { data: Float32Array }).data.slice();
    spoil?.(data);
    return {
      counts: { launches: 2, kernelBytes: 100 },
      sample: ({ calls }) => Promise.resolve({ durationMs: fails ? 0 : calls * ms * (1 + 0.01 * random.normal()) }),
      copy: (bytes, { calls }) => Promise.resolve({ durationMs: calls * bytes * 1e-6 }),
      outputs: () => Promise.resolve({ layerInput: data }),
      release: () => void released.push(name),
    };
  };
  return inProcess(name, { kernels: { 'stream-read': { ...right, prepare } }, open: () => ({ status: 'available', about }) });
}

const against = (baseline: Target): Opponent => ({ label: baseline.name, baselineOf: () => baseline, controlOf: () => undefined, copiesOf: () => Promise.resolve(undefined) });
const benched = (options: Partial<BenchOptions>): Promise<BenchReport> => bench({ workloads: [workload], properties: claims, seed: 1, timeMs: 20, targets: [], ...options });

describe('bench of a device', () => {
  it('takes its clock, its counts and its copy, and releases what it prepared', async () => {
    const released: string[] = [];
    const { results, exitCode } = await benched({ targets: [device('gpu', { ms: 0.2 }, released)] });
    expect(results).toMatchObject([{ status: 'timed', clock: 'device', counts: { launches: 2, kernelBytes: 100 }, bytesMoved: 4 * 8 * (4 + 32 + 8) }]);
    const { times, copy } = results[0]!;
    expect(times!.median > 0.19 && times!.median < 0.21).toBe(true); // the noise ends at 3.5 %
    expect(times!.calls).toBe(1);
    expect(Math.abs(copy!.median - 4 * 8 * 44 * 1e-6) <= 2 ** -40).toBe(true);
    expect(released).toEqual(['gpu']);
    expect(exitCode).toBe(0);
  });

  it('does not time as right what is not what was verified', async () => {
    const { results, exitCode } = await benched({ targets: [device('gpu', { ms: 0.2, spoil: (data) => (data[3] = 1e9) })] });
    expect(results).toMatchObject([{ status: 'wrong', reason: "What prepare timed is not what was verified: 'layerInput' differs at element 3." }]);
    expect(results[0]!.times).toBeUndefined();
    expect(exitCode).toBe(1);
  });

  it('says that a clock failed', async () => {
    const { results, exitCode } = await benched({ targets: [device('gpu', { ms: 0.2, fails: true })] });
    expect(results).toMatchObject([{ status: 'errored', reason: 'The clock gave no time for any sample.', remedy: expect.stringContaining('timestamps') as string }]);
    expect(exitCode).toBe(4);
  });

  it('compares two by pairs: 4 % is slower, 0.5 % is the same, in both directions', async () => {
    const run = async (ms: number): Promise<BenchReport> => benched({ targets: [device('new', { ms })], against: against(device('old', { ms: 0.2 })) });
    const slower = await run(0.208);
    expect(slower.results[0]!.comparison).toMatchObject({ judgement: { verdict: 'slower' }, design: 'pairs', copies: 1, control: 'same-code' });
    expect(slower.exitCode).toBe(6);
    expect((await run(0.192)).results[0]!.comparison!.judgement.verdict).toBe('faster');
    const same = await run(0.201);
    expect(same.results[0]!.comparison!.judgement.verdict).toBe('same');
    expect(same.exitCode).toBe(0);
  });

  it('does not compare another device, or another clock: exit code 5, with what differs', async () => {
    const other = await benched({ targets: [device('new', { ms: 0.2, about: { device: 'H200', driver: '580' } })], against: against(device('old', { ms: 0.2, about: { device: 'H100', driver: '580' } })) });
    expect(other.results[0]!.comparison!.judgement).toMatchObject({ verdict: 'not-comparable', reason: 'the baseline ran with device "H100", the candidate with "H200"' });
    expect(other.results[0]!.times!.samples.length).toBeGreaterThan(0);
    expect(other.exitCode).toBe(5);
    const plain = await benched({ targets: [device('new', { ms: 0.2 })], against: against(inProcess('old', { kernels: { 'stream-read': right } })) });
    expect(plain.results[0]!.comparison!.judgement).toMatchObject({ verdict: 'not-comparable', reason: expect.stringContaining('different clocks') as string });
  });
});

describe('bench', () => {
  it('divides the error among the comparisons of a run', async () => {
    const workloads = [1, 2, 3, 4].map((k) => ({ ...workload, id: `stream-read/${k}` }));
    const { results } = await benched({ workloads, targets: [device('new', { ms: 0.3 })], against: against(device('old', { ms: 0.2 })), error: 0.004 });
    expect(results.map(({ comparison }) => comparison!.error)).toEqual([0.001, 0.001, 0.001, 0.001]);
  });

  it('reports an unavailable target that was asked for with 4, and goes on with the others', async () => {
    const absent = inProcess('absent', { kernels: { 'stream-read': right }, open: () => ({ status: 'unavailable', reason: 'no device', remedy: 'buy one' }) });
    const { results, exitCode, targets } = await benched({ targets: [absent, device('gpu', { ms: 0.2 })], required: ['absent'] });
    expect(targets.map(({ status }) => status)).toEqual(['unavailable', 'available']);
    expect(results).toMatchObject([{ target: 'gpu', status: 'timed' }]);
    expect(exitCode).toBe(4);
  });

  it('is not comparable where the baseline cannot run, and times the candidate', async () => {
    const absent = inProcess('old', { kernels: { 'stream-read': right }, open: () => ({ status: 'unavailable', reason: 'no device.', remedy: 'buy one' }) });
    const { results } = await benched({ targets: [device('new', { ms: 0.2 })], against: against(absent) });
    expect(results[0]!.comparison!.judgement).toMatchObject({ verdict: 'not-comparable', reason: 'the baseline cannot run here: no device. buy one' });
  });

  it('stops where it is interrupted, and says so', async () => {
    const controller = new AbortController();
    const { interrupted, exitCode, results } = await benched({ targets: [device('gpu', { ms: 0.2 })], signal: controller.signal, onEvent: ({ type }) => void (type === 'workload-started' && controller.abort()) });
    expect(interrupted).toBe(true);
    expect(results).toMatchObject([{ status: 'skipped', reason: 'interrupted before it began' }]);
    expect(exitCode).toBe(130);
  });

  it('never times a kernel about which nothing could be checked', async () => {
    const { results, exitCode } = await benched({ targets: [device('gpu', { ms: 0.2 })], properties: [] });
    expect(results).toMatchObject([{ status: 'unverified' }]);
    expect(exitCode).toBe(5);
  });
});

describe('traffic', () => {
  const kernel = (id: 'sinkhorn' | 'stream-write' | 'sinkhorn-vjp'): ReturnType<typeof resolveKernel> => resolveKernel(operations[id], referenceKernels()[id], id);

  it('counts the operations of Sinkhorn as a walk through it does', () => {
    const [n, tokens, iterations] = [4, 3, 20];
    let count = 0;
    const line = (): void => void (count += n - 1 + 1 + n); // sums, ε, divisions
    for (let i = 0; i < n; i++) count += n - 1 + n + n + (n - 1) + n + n; // largest, differences, exponentials, sum, divisions, ε
    for (let j = 0; j < n; j++) line();
    for (let t = 1; t < iterations; t++) for (let l = 0; l < 2 * n; l++) line();
    expect(operationCount(kernel('sinkhorn'), { tokens, streams: n, channels: 1, depth: 1 })).toBe(tokens * count);
    expect(operationCount(kernel('sinkhorn-vjp'), { tokens, streams: n, channels: 1, depth: 1 })).toBeUndefined();
  });

  it('counts the bytes of all ports', () => {
    const sizes = { tokens: 5, streams: 4, channels: 7, depth: 1 };
    expect(bytesMoved(kernel('stream-write'), sizes)).toBe(4 * 5 * (16 + 4 + 28 + 7 + 28));
  });
});

describe('the built-in workloads', () => {
  it('have names of their own and the sizes of published models', () => {
    const all = builtInWorkloads();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(all.map(({ sizes }) => sizes.channels))).toEqual(new Set([1, 1280, 1920, 2560, 4096, 7168]));
    expect(all.every(({ sizes }) => sizes.streams === 4)).toBe(true);
  });
});

describe('the exit code of a bench', () => {
  const comparison = (verdict: string): object => ({ comparison: { judgement: { verdict } } });
  const base = { targets: [{ name: 'a', status: 'available' as const }], required: [], interrupted: false, allowInconclusive: false };
  const code = (results: readonly object[], more: object = {}): number => benchExitCode({ ...base, results: results as never, ...more });
  it.each([
    ['all timed', [{ status: 'timed' }], 0],
    ['over the budget beside timed', [{ status: 'timed' }, { status: 'over-budget' }], 0],
    ['nothing but over the budget', [{ status: 'over-budget' }], 5],
    ['nothing', [], 5],
    ['wrong before slower', [{ status: 'wrong' }, { status: 'compared', ...comparison('slower') }], 1],
    ['errored before slower', [{ status: 'errored' }, { status: 'compared', ...comparison('slower') }], 4],
    ['slower before inconclusive', [{ status: 'compared', ...comparison('inconclusive') }, { status: 'compared', ...comparison('slower') }], 6],
    ['inconclusive is no pass', [{ status: 'compared', ...comparison('same') }, { status: 'compared', ...comparison('inconclusive') }], 5],
    ['not comparable is no pass', [{ status: 'compared', ...comparison('not-comparable') }], 5],
    ['skipped is no pass', [{ status: 'timed' }, { status: 'skipped' }], 5],
    ['same and faster', [{ status: 'compared', ...comparison('same') }, { status: 'compared', ...comparison('faster') }], 0],
  ])('%s', (_, results, expected) => {
    expect(code(results)).toBe(expected);
  });
  it('lets inconclusive pass when asked, and nothing pass that was interrupted', () => {
    expect(code([{ status: 'compared', ...comparison('inconclusive') }], { allowInconclusive: true })).toBe(0);
    expect(code([{ status: 'timed' }], { interrupted: true })).toBe(130);
    expect(code([{ status: 'timed' }], { required: ['b'] })).toBe(4);
  });
});
