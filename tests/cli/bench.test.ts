/** `plumbline bench` through the real command line. No test depends on how fast anything is: what is slower is slower by its very work, many times over. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { BenchReport, WorkloadResult } from '../../src/perf/results.ts';
import { folderWith, kernelFile, plumbline } from './cli.ts';

/** The kernel does its work this many times. */
const worked = (times: number): string => kernelFile().replace('for (let b = 0; b < tokens; b++)', `for (let again = 0; again < ${times}; again++) for (let b = 0; b < tokens; b++)`);
const wrong = kernelFile('layerInput[0] += 1;');
const config = (targets: string, bench = "{ workloads: [{ operation: 'stream-read', name: 'small', tokens: 16, channels: 64 }] }"): string => `
import one from './one.mjs';
import three from './three.mjs';
export default { targets: { ${targets} }, bench: ${bench} };`;
const files = { 'one.mjs': kernelFile(), 'three.mjs': worked(4) };
const short = ['--seed', '1', '--time', '30ms'];

async function benched(folder: string, args: readonly string[]): Promise<{ code: number | null; report: BenchReport; stderr: string }> {
  const { code, stdout, stderr } = await plumbline(folder, ['bench', ...args, ...short, '--reporter', 'json', '--output-file', '-']);
  if (stdout === '') throw new Error(stderr);
  return { code, report: JSON.parse(stdout) as BenchReport, stderr };
}

const only = ({ results }: BenchReport): WorkloadResult => {
  expect(results).toHaveLength(1);
  return results[0]!;
};

function repository(text: string): string {
  const folder = folderWith({ 'kernels.mjs': text });
  const git = (...args: string[]): unknown => execFileSync('git', args, { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' } });
  git('init', '--quiet', '--initial-branch', 'main');
  git('add', '.');
  git('commit', '--quiet', '--message', 'first');
  return folder;
}

describe('bench', () => {
  it('times a kernel at the sizes of published models: bytes, share of a copy, operations, a plot', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const { code, report } = await benched(folder, ['kernels.mjs', '--workload', 'stream-read/mhc-3b-*', '--max-memory', '64']);
    const [decode, prefill] = report.results;
    expect(code).toBe(0);
    expect(report).toMatchObject({ schemaVersion: 1, kind: 'bench', seed: 1, budget: { memoryBytes: 2 ** 26, callMs: 500 } });
    const moved = 4 * 16 * (4 + 4 * 1280 + 1280);
    expect(decode).toMatchObject({ status: 'timed', workload: 'stream-read/mhc-3b-decode', target: 'kernels', dtype: 'f32', clock: 'calls', bytesMoved: moved, operations: 16 * 1280 * 7 });
    expect(decode!.times!.p5 <= decode!.times!.median && decode!.times!.median <= decode!.times!.p95).toBe(true);
    expect(decode!.copy!.share).toBeGreaterThan(0);
    expect(decode!.allocated).toBe(4 * 16 * 1280); // its output, and nothing else
    expect(prefill).toMatchObject({ status: 'over-budget', reason: expect.stringContaining('64 MiB are allowed') as string });
    expect(readFileSync(join(folder, '.plumbline/bench/kernels-stream-read-mhc-3b-decode.svg'), 'utf8')).toContain('µs a call');
  });

  it('prints a table with the verdict, and the same to a file as JSON when asked', async () => {
    const folder = folderWith({ ...files, 'plumbline.config.mjs': config('slow: { kernels: three }, quick: { kernels: one }') });
    const { code, stdout } = await plumbline(folder, ['bench', '--target', 'slow', '--against', 'quick', ...short, '--reporter', 'default,json']);
    expect(stdout).toMatch(/✗ stream-read\/small .*\n\s+slower \+\d{3} %, between/);
    expect(stdout).toContain('exit code 6');
    expect((JSON.parse(readFileSync(join(folder, '.plumbline/bench.json'), 'utf8')) as BenchReport).exitCode).toBe(6);
    expect(code).toBe(6);
  });

  it('never times a kernel that is wrong: exit code 1 and the line that replays it', async () => {
    const { code, report } = await benched(folderWith({ 'kernels.mjs': wrong }), ['kernels.mjs', '--workload', '*-3b-decode']);
    expect(only(report)).toMatchObject({ status: 'wrong', reason: expect.stringContaining('failed') as string, remedy: expect.stringContaining('replay .plumbline/failures/') as string });
    expect(only(report).times).toBeUndefined();
    expect(code).toBe(1);
  });

  it('sees a kernel that is right on small batches alone', async () => {
    const tail = kernelFile('if (tokens > 4097) layerInput.fill(0, 4097 * channels);');
    const folder = folderWith({ 'tail.mjs': tail, 'plumbline.config.mjs': "import kernels from './tail.mjs';\nexport default { targets: { mine: { kernels } }, bench: { workloads: [{ operation: 'stream-read', tokens: 5000, channels: 8 }] } };" });
    const { code, report } = await benched(folder, ['--target', 'mine']);
    expect(only(report)).toMatchObject({ status: 'wrong', workload: 'stream-read/tokens5000-channels8', reason: expect.stringMatching(/token 4999.* times as far off as its bound allows/) as string });
    expect(code).toBe(1);
  });

  it('lists what it would time, and nothing more', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['bench', '--list', '--operation', 'sinkhorn']);
    expect(stdout).toBe('sinkhorn/decode  tokens 16, streams 4, channels 1, depth 1\nsinkhorn/prefill  tokens 4096, streams 4, channels 1, depth 1\n');
    expect(code).toBe(0);
  });

  it('says what no target serves, with a remedy', async () => {
    const folder = folderWith({ ...files, 'plumbline.config.mjs': config('mine: { kernels: one }', "{ workloads: [{ operation: 'sinkhorn', name: 'x', tokens: 4 }] }") });
    const { code, report } = await benched(folder, ['--target', 'mine']);
    expect(only(report)).toMatchObject({ status: 'unserved', reason: 'mine: no kernel of sinkhorn', remedy: expect.stringContaining('bench.workloads') as string });
    expect(code).toBe(5);
    const named = await benched(folder, ['--target', 'mine', '--workload', 'sinkhorn/decode']);
    expect(only(named.report)).toMatchObject({ status: 'unserved', workload: 'sinkhorn/decode', remedy: expect.stringContaining('--list') as string });
    expect(named.code).toBe(5);
  });

  it('stops when its time is over: what is left is said, and exit code 5', async () => {
    const { code, report } = await benched(folderWith({ 'kernels.mjs': kernelFile() }), ['kernels.mjs', '--max-time', '1ms', '--workload', '*-decode']);
    expect(report.results.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'skipped'));
    expect(code).toBe(5);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['a workload', ['kernels.mjs', '--workload', 'stream-reed/*'], /No workload matches 'stream-reed\/\*'/],
    ['a reporter', ['kernels.mjs', '--reporter', 'junit'], /no reporter 'junit' of a bench/],
    ['an output file without json', ['kernels.mjs', '--output-file', 'x.json'], /Add --reporter json/],
    ['a threshold', ['kernels.mjs', '--threshold', '0.1'], /from 1 to 100/],
    ['a baseline', ['kernels.mjs', '--against', 'v0.0.1'], /no target, no file and no commit/],
    ['a commit outside a repository', ['kernels.mjs', '--against', 'ref:main'], /There is no commit 'main' here.*\n.*fetch-depth/],
    ['a target', ['kernels.mjs', '--against', 'target:mine'], /There is no target 'mine'/],
    ['built-in targets against a file', ['--target', 'reference', '--against', 'kernels.mjs'], /built-in targets are part of plumbline/],
  ])('refuses %s that it does not know: exit code 2', async (_, args, message) => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const { code, stderr } = await plumbline(folder, ['bench', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(join(folder, '.plumbline'))).toBe(false);
  });

  it.each<[string, string, RegExp]>([
    ['an operation', "{ operation: 'sinkhron', tokens: 1 }", /bench\.workloads\.0: There is no operation 'sinkhron'/],
    ['a size that is missing', "{ operation: 'stream-read', tokens: 1 }", /stream-read has channels/],
    ['a size that does not exist', "{ operation: 'sinkhorn', tokens: 1, depth: 2 }", /sinkhorn has no depth/],
    ['a field', "{ operation: 'sinkhorn', token: 1 }", /has no field 'token'.*\n.*'tokens'|tokens/],
    ['a count', "{ operation: 'sinkhorn', tokens: 0 }", /bench\.workloads\.0\.tokens/],
  ])('refuses a configuration with %s', async (_, entry, message) => {
    const folder = folderWith({ ...files, 'plumbline.config.mjs': config('mine: { kernels: one }', `{ workloads: [${entry}] }`) });
    const { code, stderr } = await plumbline(folder, ['bench']);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('bench --against', () => {
  it('a target: slower gives exit code 6, faster 0; copies of each take turns', async () => {
    const folder = folderWith({ ...files, 'plumbline.config.mjs': config('slow: { kernels: three }, quick: { kernels: one }') });
    const slower = await benched(folder, ['--target', 'slow', '--against', 'quick']);
    expect(only(slower.report)).toMatchObject({ target: 'slow', status: 'compared', comparison: { judgement: { verdict: 'slower' }, design: 'pairs', count: 60, copies: 12, control: 'copy' } });
    expect(slower.code).toBe(6);
    const faster = await benched(folder, ['--target', 'quick', '--against', 'target:slow']);
    expect(only(faster.report).comparison!.judgement.verdict).toBe('faster');
    expect(faster.code).toBe(0);
  });

  it('a commit: its files are written elsewhere and removed, and the working folder is as it was', async () => {
    const folder = repository(kernelFile());
    writeFileSync(join(folder, 'kernels.mjs'), worked(4));
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('plumbline-baseline-'));
    const status = (): string => execFileSync('git', ['status', '--porcelain', '--', 'kernels.mjs'], { cwd: folder, encoding: 'utf8' });
    const changed = status();
    const { code, report } = await benched(folder, ['kernels.mjs', '--against', 'main', '--workload', '*-3b-decode']);
    expect(report.against).toMatch(/^main \([0-9a-f]{7}\)$/);
    expect(only(report).comparison!.judgement.verdict).toBe('slower');
    expect(code).toBe(6);
    expect(status()).toBe(changed);
    expect(existsSync(join(folder, '.git/worktrees'))).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('plumbline-baseline-') && !before.includes(name))).toEqual([]);
  });

  it('a commit that does not have the file, or one outside the repository', async () => {
    const folder = repository(kernelFile());
    writeFileSync(join(folder, 'new.mjs'), kernelFile());
    expect(await plumbline(folder, ['bench', 'new.mjs', '--against', 'main'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/There is no 'new\.mjs' at main/) as string });
    const outside = join(folderWith({ 'kernels.mjs': kernelFile() }), 'kernels.mjs');
    expect(await plumbline(folder, ['bench', outside, '--against', 'main'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/is not in this repository/) as string });
  });

  it('removes the files of a commit when it is interrupted', async () => {
    const folder = repository(worked(2));
    const ended = await plumbline(folder, ['bench', 'kernels.mjs', '--against', 'HEAD', '--workload', '*-decode', '--threshold', '1'], {}, (child) => {
      child.stderr!.on('data', (text: Buffer) => {
        if (String(text).includes('verifying')) child.kill('SIGINT');
      });
    });
    expect(ended.code).toBe(130);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('plumbline-baseline-'))).toEqual([]);
  });

  it('a file, whose only target stands against the only one', async () => {
    const folder = folderWith({ 'new.mjs': worked(4), 'old.mjs': kernelFile() });
    const { code, report } = await benched(folder, ['new.mjs', '--against', 'old.mjs', '--workload', '*-3b-decode']);
    expect(report.against).toBe('old.mjs');
    expect(only(report).comparison!.judgement.verdict).toBe('slower');
    expect(code).toBe(6);
  });

  it('what is both a file and a target must be said', async () => {
    const folder = folderWith({ ...files, quick: '', 'plumbline.config.mjs': config('slow: { kernels: three }, quick: { kernels: one }') });
    expect(await plumbline(folder, ['bench', '--against', 'quick'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--against target:quick') as string });
  });

  it('compares nothing that does other work, or that is wrong: exit code 5 and the reason', async () => {
    const other = kernelFile().replace("arithmetic: 'ieee-f32'", "arithmetic: 'ieee-f64'").replaceAll('Float32Array', 'Float64Array').replaceAll('Math.fround', '');
    const folder = folderWith({ 'new.mjs': kernelFile(), 'f64.mjs': other, 'wrong.mjs': wrong });
    const wide = await benched(folder, ['new.mjs', '--against', 'f64.mjs', '--workload', '*-3b-decode']);
    expect(only(wide.report).comparison!.judgement).toMatchObject({ verdict: 'not-comparable', reason: 'the baseline has preMapping in f64, the candidate in f32' });
    expect(only(wide.report).times!.samples.length).toBeGreaterThan(0);
    expect(wide.code).toBe(5);
    const bad = await benched(folder, ['new.mjs', '--against', 'wrong.mjs', '--workload', '*-3b-decode']);
    expect(only(bad.report).comparison!.judgement).toMatchObject({ verdict: 'not-comparable', reason: expect.stringContaining('the baseline was not timed: ') as string });
    expect((await benched(folder, ['new.mjs', '--against', 'wrong.mjs', '--workload', '*-3b-decode', '--allow-inconclusive'])).code).toBe(0);
    // a wrong candidate is wrong, whatever it is compared with
    expect((await benched(folder, ['wrong.mjs', '--against', 'new.mjs', '--workload', '*-3b-decode'])).code).toBe(1);
  });
});
