/** `plumbline conform` passes workers that keep to the page, and names the check that others break: one planted fault for each check. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { faultyWorker } from '../../fixtures/workers/faults.ts';
import { folderWith, plumbline } from './cli.ts';
import { python, withPython } from './python.ts';

const source = join(import.meta.dirname, '../../fixtures/workers/sinkhorn.rs');
const rust = join(folderWith(), 'sinkhorn');

/** A stream-read kernel in bf16 without a framework, with a place to make it wrong. */
const bf16 = (spoil = ''): string => `
import array
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "numpy" else find(name, *more)
import plumbline_worker as plumbline

@plumbline.kernel("stream-read", arithmetic="bf16-storage", streams=[1])
def stream_read(pre_mapping, streams):
    tokens, _, channels = streams.shape
    ones = all(weight == 0x3F80 for weight in array.array("H", bytes(pre_mapping.data)))
    data = array.array("H", bytes(streams.data))
    ${spoil}
    return plumbline.Tensor("bf16", (tokens, channels), data.tobytes())
`;

beforeAll(() => {
  try {
    execFileSync('rustc', ['--edition', '2021', '-O', '-o', rust, source], { stdio: 'pipe' });
  } catch (error) {
    throw new Error('The worker in Rust cannot be built: install rustc (rustup), and fixtures/workers/sinkhorn.rs has to compile.', { cause: error });
  }
}, 120_000);

describe('a worker that keeps to the page', () => {
  it('in Rust conforms', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['conform', '--', rust]);
    expect(stdout).toContain('✓ bf16 and f16 bit for bit');
    expect(stdout).toMatch(/19 checks: 19 hold, 0 broken, 0 untested\n$/);
    expect(code).toBe(0);
  });

  it('in Rust is verified', async () => {
    const config = `export default { targets: { rust: { worker: { command: [${JSON.stringify(rust)}] } } } };`;
    const { code, stdout } = await plumbline(folderWith({ 'plumbline.config.mjs': config }), ['verify', '-t', 'rust', '--runs', '3', '--seed', '7']);
    expect(stdout).toMatch(/^\d+ passed.* · 1 unsupported/m);
    expect(code).toBe(0);
  });

  it('in Python conforms, given as a file', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.py': bf16() }), ['conform', 'kernels.py'], withPython);
    expect(stdout).toMatch(/16 checks: 16 hold, 0 broken, 0 untested\n$/);
    expect(code).toBe(0);
  });
});

describe('a worker that does not', () => {
  it.each([
    ['declares-nonsense', 0, 'kernels'],
    ['raises', 1, 'call (stream-read)'],
    ['prints', 1, 'call (stream-read)'],
    ['writes-its-inputs', 2, 'inputs stay (stream-read)'],
    ['fails-at-empty-batches', 0, 'empty batch (stream-read)'],
    ['keeps-large-inputs', 0, '8 MiB, then little (stream-read)'],
    ['fails-at-unknown-operations', 0, 'unknown operation'],
    ['answers-unknown-messages', 0, 'unknown messages and fields'],
    ['answers-twice', 8, 'nothing else on stdout'],
    ['dies-of-a-foreign-version', 0, 'foreign version'],
    ['ignores-shutdown', 0, 'shutdown'],
    ['outlives-stdin', 0, 'end of stdin'],
    ['outlives-stdin', 0, 'death of the parent'],
    ['leaves-a-daemon', 0, 'nothing left behind'],
  ])('%s (call %d): %s', async (fault, call, check) => {
    const { code, stdout } = await plumbline(folderWith(), ['conform', '--call-timeout', '30s', '--', python, ...faultyWorker(fault, call).slice(1)]);
    expect(stdout.split('\n').filter((line) => line.startsWith('✗')).map((line) => line.slice(2).split('  ')[0])).toContain(check);
    expect(code).toBe(1);
  });

  it('changes bits of bf16', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.py': bf16('data = array.array("H", [bits ^ (ones and bits == 0x7F7F) for bits in data])') }), ['conform', 'kernels.py'], withPython);
    expect(stdout).toMatch(/✗ bf16 and f16 bit for bit .*the pattern 0x7f7f came back as 0x7f7e\n.*no detour/);
    expect(code).toBe(1);
  });

  it.each([
    ['speaks-another-version', 0, 'speaks version 2'],
    ['greets-with-garbage', 0, 'Prints belong on stderr'],
    ['exits', 0, 'exited with code 3 before it said hello'],
  ])('%s does not start: 4', async (fault, call, says) => {
    const { code, stdout } = await plumbline(folderWith(), ['conform', '--', python, ...faultyWorker(fault, call).slice(1)]);
    expect(stdout).toContain(says);
    expect(code).toBe(4);
  });

  it('is not named: 2', async () => {
    const { code, stderr } = await plumbline(folderWith(), ['conform']);
    expect(stderr).toContain("missing required argument 'command'");
    expect(code).toBe(2);
  });
});
