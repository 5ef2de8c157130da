/** `plumbline bench` of kernels in worker processes: timed where they run, compared by launches. The slow ones do their work many times over; nothing depends on the weather. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { resolveKernel, workerTarget } from '../../src/index.ts';
import { operations } from '../../src/operations/index.ts';
import type { BenchReport } from '../../src/perf/results.ts';
import { encodeInputs } from '../../src/verify/call.ts';
import { valuesOf, type Tensor } from '../../src/tensor/tensor.ts';
import { folderWith, plumbline } from './cli.ts';
import { python } from './python.ts';

const kernels = `
import array, os
import plumbline_worker as plumbline

work = int(os.environ.get("WORK", "1"))

@plumbline.kernel("stream-read", arithmetic="ieee-f64")
def stream_read(pre_mapping, streams, sizes):
    B, n, C = sizes["tokens"], sizes["streams"], sizes["channels"]
    pre, x = memoryview(pre_mapping.data).cast("d") if B else [], memoryview(streams.data).cast("d") if B * C else []
    out = array.array("d", bytes(8 * B * C))
    for turn in range(B * work):
        b = turn % B
        for c in range(C):
            total = 0.0
            for i in range(n):
                total += pre[b * n + i] * x[(b * n + i) * C + c]
            out[b * C + c] = total
    return plumbline.Tensor("f64", (B, C), memoryview(out).cast("B"))
`;
/** A worker from before there were features. */
const old = kernels.replace('@plumbline.kernel(', "send = plumbline._Channel.send\nplumbline._Channel.send = lambda self, message: send(self, {key: value for key, value in message.items() if key != 'features'})\n\n@plumbline.kernel(");

const pythonPath = join(import.meta.dirname, '../../python');
const target = (file: string, env: Record<string, string> = {}): string =>
  `worker({ command: [${JSON.stringify(python)}, '-m', 'plumbline_worker', '${file}'], env: ${JSON.stringify({ PYTHONPATH: pythonPath, ...env })} })`;

function folder(targets: Readonly<Record<string, string>>): string {
  const list = Object.entries(targets).map(([name, declaration]) => `${name}: ${declaration}`).join(', ');
  const config = `import { worker } from 'plumbline';\nexport default { targets: { ${list} }, bench: { workloads: [{ operation: 'stream-read', name: 'small', tokens: 12, channels: 8 }] } };`;
  return folderWith({ 'plumbline.config.mjs': config, 'kernels.py': kernels, 'old.py': old });
}

async function benched(where: string, args: readonly string[]): Promise<{ code: number | null; report: BenchReport }> {
  const { code, stdout, stderr } = await plumbline(where, ['bench', ...args, '--seed', '3', '--time', '40ms', '--reporter', 'json', '--output-file', '-']);
  if (stdout === '') throw new Error(stderr);
  return { code, report: JSON.parse(stdout) as BenchReport };
}

describe('bench of workers', () => {
  it('times where the kernel runs, and a copy there', { timeout: 120_000 }, async () => {
    const { code, report } = await benched(folder({ mine: target('kernels.py') }), ['--target', 'mine']);
    expect(report.results).toMatchObject([{ status: 'timed', clock: 'worker', dtype: 'f64', bytesMoved: 8 * 12 * (4 + 32 + 8), counts: { memoryBytes: expect.any(Number) as number } }]);
    expect(report.results[0]!.copy!.share).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('times a worker that cannot time itself by whole calls, and says so', { timeout: 120_000 }, async () => {
    const where = folder({ mine: target('old.py') });
    const { stdout, code } = await plumbline(where, ['bench', '--target', 'mine', '--time', '40ms']);
    expect(stdout).toContain('stream-read/small (round-trips)');
    expect(stdout).toContain('round-trips: whole calls of a worker');
    expect(code).toBe(0);
  });

  it('compares by launches: slower gives exit code 6', { timeout: 240_000 }, async () => {
    const where = folder({ quick: target('kernels.py'), slow: target('kernels.py', { WORK: '5' }) });
    const { code, report } = await benched(where, ['--target', 'slow', '--against', 'target:quick', '--launches', '8']);
    expect(report.results).toMatchObject([{ status: 'compared', comparison: { design: 'launches', count: 8, judgement: { verdict: 'slower' } } }]);
    const { times, comparison } = report.results[0]!;
    const { orders, baseline } = comparison!;
    expect(orders).toHaveLength(4);
    for (const order of orders) expect(order.filter((side) => side === 1)).toHaveLength(2);
    expect(new Set(orders.map(String)).size).toBeGreaterThan(1); // by lot
    expect(baseline!.samples.every((ms, k) => times!.samples[k]! > ms)).toBe(true);
    expect(code).toBe(6);
  });

  it('says how many launches it takes where there are too few', { timeout: 120_000 }, async () => {
    const where = folder({ quick: target('kernels.py'), slow: target('kernels.py', { WORK: '5' }) });
    const { code, report } = await benched(where, ['--target', 'slow', '--against', 'target:quick', '--launches', '3']);
    expect(report.results[0]!.comparison!.judgement).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('it takes 8') as string });
    expect(code).toBe(5);
  });

  it('does not compare what runs here with what runs in a worker', { timeout: 120_000 }, async () => {
    const { code, report } = await benched(folder({ mine: target('kernels.py') }), ['--target', 'mine', '--against', 'reference']);
    expect(report.results[0]!.comparison!.judgement).toMatchObject({ verdict: 'not-comparable', reason: expect.stringContaining('one of the two runs in this process') as string });
    expect(code).toBe(5);
  });
});

/** Writes down on how many processors, and which first, its calls may run. */
const placed = `
import os, threading, time
import plumbline_worker as plumbline

if os.environ.get("PLACED"):  # a thread that was placed by whoever began it
    threading.Thread(target=lambda: (os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}), time.sleep(3600)), daemon=True).start()
    time.sleep(0.2)
others = lambda: [sorted(os.sched_getaffinity(int(thread))) for thread in sorted(os.listdir("/proc/self/task")) if int(thread) != os.getpid()]

if os.environ.get("SPREAD"):
    time.process_time = lambda: 2 * time.perf_counter()  # as if it kept two processors busy

@plumbline.kernel("sinkhorn", arithmetic="ieee-f64", framework="none")
def sinkhorn(logits):
    allowed = sorted(os.sched_getaffinity(0))
    with open("placed.txt", "a") as file:
        file.write(f"{len(allowed)} {allowed[0]}{others() if os.environ.get('PLACED') else ''}\\n")
    return plumbline.Tensor("f64", logits.shape, bytes(len(logits.data)))
`;

/** What a kernel wrote down while it was timed with these processors, and in a plain call after that. */
async function places(env: Record<string, string>, processors: readonly (number | undefined)[]): Promise<string[][]> {
  const where = folderWith({ 'placed.py': placed });
  const open = workerTarget('placed', { worker: { command: [python, '-m', 'plumbline_worker', 'placed.py'], cwd: where, env: { PYTHONPATH: pythonPath, ...env } } }, '0');
  expect((await open.open()).status).toBe('available');
  const read = (): string[] => {
    const lines = readFileSync(join(where, 'placed.txt'), 'utf8').trim().split('\n');
    rmSync(join(where, 'placed.txt'));
    return [...new Set(lines)];
  };
  try {
    const declaration = open.kernels()['sinkhorn']!;
    const sizes = { tokens: 1, streams: 2, channels: 1, depth: 1 };
    const inputs = encodeInputs(resolveKernel(operations['sinkhorn'], declaration, 'placed'), { logits: new Float64Array(4) }, sizes);
    const seen: string[][] = [];
    for (const processor of processors) {
      await declaration.remote!.time!(inputs, sizes, { samples: 5, sampleMs: 0.01, warmCalls: 50, warmMs: 5, limitMs: 50, cache: 'warm', processor });
      seen.push(read());
    }
    await declaration.run(inputs, sizes);
    return [...seen, read()];
  } finally {
    await open.close();
  }
}

describe.runIf(process.platform === 'linux')('the processor of a worker', () => {
  it('is the one of the number, for as long as it is timed', { timeout: 120_000 }, async () => {
    const [free, first, again, next, after] = await places({}, [undefined, 6, 6, 7]);
    expect(first).toEqual([expect.stringMatching(/^1 /)]);
    expect(again).toEqual(first);
    expect(next).toHaveLength(1);
    expect(after).toEqual(free);
    if (!free![0]!.startsWith('1 ')) expect(next).not.toEqual(first);
  });

  it('is given back to threads that had one of their own', { timeout: 120_000 }, async () => {
    const [free, one, after] = await places({ PLACED: '1' }, [undefined, 0]);
    expect(free).toEqual([expect.stringMatching(/\[\[\d+\]\]$/)]);
    expect(one).toEqual([expect.stringMatching(/^1 /)]);
    expect(after).toEqual(free);
  });

  it('is left to a kernel that keeps more than one busy, or was not warmed up', { timeout: 120_000 }, async () => {
    const [free, spread] = await places({ SPREAD: '1' }, [undefined, 6]);
    expect(spread).toEqual(free);
    const [cold, after] = await places({}, [6]);
    expect(cold).toEqual(after);
  });
});

describe('the timing of a worker', () => {
  it('takes no more samples than were asked for, each above 0, and goes on', { timeout: 120_000 }, async () => {
    const open = workerTarget('mine', { worker: { command: [python, '-m', 'plumbline_worker', join(folder({}), 'kernels.py')], env: { PYTHONPATH: pythonPath } } }, '0');
    expect((await open.open()).status).toBe('available');
    try {
      const declaration = open.kernels()['stream-read']!;
      const sizes = { tokens: 4, streams: 4, channels: 8, depth: 1 };
      const kernel = resolveKernel(operations['stream-read'], declaration, 'mine');
      const inputs = encodeInputs(kernel, { preMapping: new Float64Array(16).fill(0.5), streams: new Float64Array(128).fill(1) }, sizes);
      for (const cache of ['warm', 'cold'] as const) {
        const timing = await declaration.remote!.time!(inputs, sizes, { samples: 6, sampleMs: 0.01, warmCalls: 2, warmMs: 10, limitMs: 10_000, cache });
        expect(timing.samples).toHaveLength(6);
        expect(timing.samples.every((ms) => ms > 0)).toBe(true);
        expect(timing.clock).toBe('wall');
      }
      await expect(declaration.remote!.time!({}, sizes, { samples: 1, sampleMs: 1, warmCalls: 1, warmMs: 1, limitMs: 1, cache: 'warm' })).rejects.toMatchObject({ outcome: 'failed' });
      expect(await declaration.run(inputs, sizes)).toMatchObject({ layerInput: { shape: [4, 8] } });
      // asked all at once, each is answered in its turn
      const of = (value: number): typeof inputs => encodeInputs(kernel, { preMapping: new Float64Array(16).fill(1), streams: new Float64Array(128).fill(value) }, sizes);
      const request = { samples: 2, sampleMs: 0.01, warmCalls: 1, warmMs: 1, limitMs: 100, cache: 'warm' } as const;
      const [one, , timed, two] = await Promise.all([declaration.run(of(1), sizes), declaration.remote!.ready(), declaration.remote!.time!(of(9), sizes, request), declaration.run(of(2), sizes)]);
      expect([one, two].map((outputs) => valuesOf(outputs['layerInput'] as Tensor)[0])).toEqual([4, 8]);
      expect(timed.samples.length).toBeGreaterThan(0);
    } finally {
      await open.close();
    }
  });
});
