/** Kernels in other processes through the real command line: right ones, wrong ones, and processes that end in every way there is. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { callFaults, faultyWorker, startFaults } from '../../fixtures/workers/faults.ts';
import { WorkerClient } from '../../src/targets/worker/client.ts';
import { pythonWorker } from '../../src/targets/worker/python.ts';
import { tensor, valuesOf } from '../../src/tensor/tensor.ts';
import type { Report } from '../../src/verify/results.ts';
import { folderWith, plumbline, type Ended } from './cli.ts';
import { pythonWith } from '../python.ts';
import { python, withPython } from './python.ts';

const json = ['--reporter', 'json', '--output-file', '-'];
const brief = ['-p', 'streams/read-copy,streams/read-parity', '--runs', '2', '--seed', '7', ...json];

/** A folder whose configuration has the faulty worker. */
function faulty(fault: string, call: number, more: object = {}, marker?: string): string {
  const folder = folderWith();
  const command = [python, ...faultyWorker(fault, call, marker).slice(1)];
  const config = { targets: { faulty: { worker: { command, env: { PLUMBLINE_TEST: folder }, ...more } } } };
  return folderWith({ 'plumbline.config.mjs': `export default ${JSON.stringify(config)};` });
}

function reportOf({ stdout, stderr }: Ended): Report {
  try {
    return JSON.parse(stdout) as Report;
  } catch {
    throw new Error(`no report: ${stdout}\n${stderr}`);
  }
}

/** Processes of the faulty worker that still run, of those started with a fault's name. */
async function left(fault: string): Promise<string[]> {
  const find = (): string[] => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes('faulty.py') && commandOf(pid).includes(fault));
  for (let tries = 0; tries < 100 && find().length > 0; tries++) await sleep(20); // one that was killed takes a moment to go
  return find();
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

describe('a fault of a call is an outcome, saved, and the run goes on', () => {
  it.each(callFaults)('$name: $outcome', async ({ name, outcome, says }) => {
    const marker = join(folderWith(), 'happened');
    const folder = faulty(name, 2, {}, marker);
    const ended = await plumbline(folder, ['verify', '-t', 'faulty', ...brief, '--call-timeout', '1500ms']);
    const { results } = reportOf(ended);
    const { counterexample } = results.find(({ status }) => status === 'failed') ?? {};
    expect(results.map(({ status }) => status).sort()).toEqual(['failed', 'passed']);
    expect(counterexample).toMatchObject({ outcome, message: expect.stringContaining(says) as string });
    expect(existsSync(join(folder, counterexample!.file))).toBe(true);
    if (outcome !== 'failed') expect(counterexample!.message).toContain('Last lines of its stderr:\n');
    expect(ended.code).toBe(1);
    expect(await left(name)).toEqual([]);
    const again = await plumbline(folder, ['replay', counterexample!.file]); // the fault happened once
    expect(again.stdout).toContain('holds on faulty now');
    expect(again.code).toBe(0);
  });

  it('that happens every time is found again by replay', async () => {
    const folder = faulty('segfaults', 1);
    const { results } = reportOf(await plumbline(folder, ['verify', '-t', 'faulty', '-p', 'streams/read-copy', '--runs', '1', ...json]));
    const replayed = await plumbline(folder, ['replay', results[0]!.counterexample!.file]);
    expect(replayed.stdout).toMatch(/found +crashed: The worker was ended by SIGSEGV/);
    expect(replayed.code).toBe(1);
  });

  it('after which the worker cannot start again makes the rest errored', async () => {
    const folder = faulty('never-starts-again', 1, {}, join(folderWith(), 'happened'));
    const ended = await plumbline(folder, ['verify', '-t', 'faulty', ...brief]);
    const { results } = reportOf(ended);
    expect(results.map(({ status }) => status)).toEqual(['failed', 'errored']);
    expect(results[0]!.counterexample!.outcome).toBe('crashed');
    expect(results[0]!.counterexample!.shrinkingStopped).toContain('could not be started again, 3 times in a row');
    expect(results[1]!.reason).toContain('could not be started again, 3 times in a row');
    expect(ended.code).toBe(1);
  });
});

describe('a worker that does not start: 4, with the reason and what to do', () => {
  it.each(startFaults)('$name', async ({ name, says }) => {
    const { code, stdout } = await plumbline(faulty(name, 0, { startTimeoutMs: name.startsWith('hangs') ? 700 : 30_000 }), ['verify', '-t', 'faulty']);
    expect(stdout).toContain(says);
    expect(code).toBe(4);
    expect(await left(name)).toEqual([]);
  });

  it('no such program', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.py': '' }), ['verify', 'kernels.py'], { PLUMBLINE_PYTHON: 'python-of-nobody' });
    expect(stdout).toContain("There is no program 'python-of-nobody' here");
    expect(code).toBe(4);
  });

  it('a declaration that is not valid: 2', async () => {
    const { code, stderr } = await plumbline(faulty('declares-nonsense', 0), ['verify', '-t', 'faulty']);
    expect(stderr).toContain("faulty.kernels.stream-read: dtypes.streams is 'f8'.");
    expect(code).toBe(2);
  });
});

describe('plumbline ended from outside leaves nothing', () => {
  it.each([
    ['SIGINT', 'hangs-in-c', 130], ['SIGTERM', 'hangs-in-c', 130], ['SIGKILL', 'hangs-in-c', null], ['SIGKILL', 'leaves-a-child', null], ['SIGHUP', 'hangs', null],
  ] as const)('%s while the worker %s', async (signal, fault, code) => {
    const before = readdirSync('/dev/shm');
    const ended = await plumbline(faulty(fault, 3), ['verify', '-t', 'faulty', '--call-timeout', '1500ms'], {}, (child) => {
      child.stderr!.on('data', (text: string) => void (text.includes('available') && setTimeout(() => child.kill(signal), 300)));
    });
    expect(ended.code).toBe(code);
    expect(await left(fault)).toEqual([]);
    expect(readdirSync('/dev/shm').filter((name) => !before.includes(name) && name.startsWith('plumbline'))).toEqual([]);
  });
});

const rightKernel = (body = '', before = ''): string => `
import array
import plumbline_worker as plumbline
${before}

@plumbline.kernel("stream-read", arithmetic="ieee-f64", framework=None)
def stream_read(pre_mapping, streams):
    ${body || 'pass'}
    tokens, n, channels = streams.shape
    weights, values = array.array("d", bytes(pre_mapping.data)), array.array("d", bytes(streams.data))
    result = array.array("d", bytes(8 * tokens * channels))
    for token in range(tokens):
        for i in range(n):
            for c in range(channels):
                result[token * channels + c] += weights[token * n + i] * values[(token * n + i) * channels + c]
    return plumbline.Tensor("f64", (tokens, channels), result.tobytes())
`;

describe('a Python file', () => {
  const verify = (file: string, ...more: string[]): Promise<Ended> => plumbline(folderWith({ 'kernels.py': file }), ['verify', 'kernels.py', ...brief, ...more], withPython);
  // without numpy a kernel gets plumbline.Tensor
  const lineOf = (text: string): number => rightKernel(text, withoutNumpy).split('\n').findIndex((line) => line.includes(text)) + 1;
  const withoutNumpy = `import importlib.util\nfind = importlib.util.find_spec\nimportlib.util.find_spec = lambda name, *more: None if name == "numpy" else find(name, *more)`;

  it.each([
    ['as it is', '', ''],
    ['that prints when loaded and when called', 'print("hello"); import sys; sys.stdout.flush()', 'print("loading")'],
    ['whose kernel reads stdin and starts processes', 'import subprocess, sys; sys.stdin.read(); subprocess.run(["cat"], check=True); subprocess.run(["echo", "hi"], check=True)', ''],
  ])('holds: %s', async (_, body, before) => {
    const ended = await verify(rightKernel(body, `${withoutNumpy}\n${before}`));
    expect(reportOf(ended).results.map(({ status, reason }) => [status, reason])).toEqual([['passed', undefined], ['passed', undefined]]);
    expect(ended.code).toBe(0);
  });

  it.each([
    ['raises', 'raise ValueError("no such tile")', 'failed', `stream_read (stream-read): ValueError: no such tile (kernels.py:${lineOf('raise ValueError')} in stream_read)`],
    ['leaves with sys.exit', 'import sys; sys.exit(9)', 'crashed', 'exited with code 9'],
    ['changes an input', 'streams.data[0] = streams.data[0] ^ 1 if len(streams.data) else 0', 'failed', "stream_read (stream-read) changed its input 'streams'"],
    ['returns too many', 'return streams, streams', 'wrong-shape', 'stream_read (stream-read) returned 2 values; its outputs are layerInput.'],
    ['returns another name', 'return {"layer_inputs": streams}', 'wrong-shape', "returned 'layer_inputs'; its outputs are layerInput."],
    ['returns no tensor', 'return 1.0', 'wrong-dtype', "output 'layerInput' is a float"],
    ['returns another shape', 'return streams', 'wrong-shape', "'layerInput' came as"],
    ['returns another dtype', 'return plumbline.Tensor("f32", (1, 1), bytes(4))', 'wrong-dtype', "'layerInput' came as f32"],
    ['returns data that does not fit', 'return plumbline.Tensor("f64", (1, 1), bytes(4))', 'wrong-shape', "'layerInput' has 4 bytes; f64 [1, 1] takes 8."],
  ])('whose kernel %s', async (_, body, outcome, says) => {
    const ended = await verify(rightKernel(body, withoutNumpy));
    expect(reportOf(ended).results[0]!.counterexample).toMatchObject({ outcome, message: expect.stringContaining(says) as string });
    expect(ended.code).toBe(1);
  });

  it.each([
    ['without kernels', 'import plumbline_worker', 4, 'has no kernels'],
    ['that does not parse', 'def', 4, 'kernels.py cannot be served: File'],
    ['that raises', 'raise RuntimeError("no driver")', 4, 'kernels.py cannot be served: RuntimeError: no driver'],
    ['with two kernels for an operation', `${rightKernel()}\nplumbline.kernel("stream-read", arithmetic="ieee-f64")(print)`, 4, "two kernels for 'stream-read'"],
    ['for an unknown operation', rightKernel().replace('"stream-read"', '"stream-raed"'), 2, "Did you mean 'stream-read'?"],
    ['with a dtype that does not exist', rightKernel().replace('framework=None', 'dtypes={"streams": "float8"}'), 2, "kernels.kernels.stream-read: dtypes.streams is 'float8'"],
    ['with a dtype for a port that does not exist', rightKernel().replace('framework=None', 'dtypes={"stream": "f32"}'), 2, "Did you mean 'streams'?"],
    ['that needs a framework that is missing', rightKernel('', 'import sys; sys.modules["torch"] = None').replace('framework=None', 'framework="torch"'), 4, 'stream_read (stream-read) needs torch'],
    ['that asks for another framework', rightKernel().replace('framework=None', 'framework="tensorflow"'), 4, "framework='tensorflow' is not one of numpy, torch, jax, cupy"],
  ])('%s', async (_, file, code, says) => {
    const ended = await plumbline(folderWith({ 'kernels.py': file }), ['verify', 'kernels.py', '--runs', '1'], withPython);
    expect(`${ended.stdout}${ended.stderr}`).toContain(says);
    expect(ended.code).toBe(code);
  });

  it('whose parameters have other names and another number', async () => {
    const ended = await verify(`${withoutNumpy}\n${rightKernel().replace('def stream_read(pre_mapping, streams)', 'def stream_read(x)')}`);
    expect(reportOf(ended).results[0]!.counterexample!.message).toContain('stream_read (stream-read) has the parameters (x); the operation has the inputs (pre_mapping, streams).');
  });

  it('run by hand says how to verify it', () => {
    const folder = folderWith({ 'kernels.py': `${rightKernel()}\nplumbline.serve()` });
    const said = execFileSync('/bin/sh', ['-c', `${python} kernels.py 2>&1`], { cwd: folder, encoding: 'utf8', env: { PYTHONPATH: join(import.meta.dirname, '../../python') } });
    expect(said).toBe('1 kernels: stream-read. Verify them with: plumbline verify kernels.py\n');
  });
});

it('a write to a large input is seen on any call, and is gone with the next', async () => {
  const kernels = ['import plumbline_worker as plumbline', 'calls = 0', '@plumbline.kernel("sinkhorn", arithmetic="ieee-f32", framework="numpy")', 'def echo(logits):', '    global calls', '    calls += 1', '    if calls == 3:', '        logits[-1, 0, 0] = 7', '    return logits', ''];
  const client = new WorkerClient(pythonWorker(join(folderWith({ 'kernels.py': kernels.join('\n') }), 'kernels.py'), pythonWith('numpy')), 'test');
  await client.start();
  try {
    const tokens = 2 ** 15; // 2 MiB
    const call = async (value: number): Promise<number[]> => {
      const logits = tensor(new Float64Array(16 * tokens).fill(value), [tokens, 4, 4], 'f32');
      const answer = await client.call('sinkhorn', { logits }, { tokens, streams: 4, channels: 1, depth: 1 });
      return [...new Set(valuesOf(answer['residualMapping']!))];
    };
    expect(await call(1)).toEqual([1]);
    expect(await call(2)).toEqual([2]);
    await expect(call(3)).rejects.toThrow("changed its input 'logits'");
    expect(await call(4)).toEqual([4]);
    expect(await call(5)).toEqual([5]);
  } finally {
    await client.close();
  }
});
