/** Campaigns on the real command line, what they leave behind, and what is done with it. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { readCounterexample } from '../../src/index.ts';
import { folderWith, kernelFile, plumbline, type Ended } from './cli.ts';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** Wrong where a number is exactly −0, which no family of streams has. */
const rare = kernelFile('for (let k = 0; k < streams.data.length; k++) if (Object.is(streams.data[k], -0)) layerInput[0] += 1;');
const corpus = '.plumbline/corpus';

function files(folder: string, path = corpus): string[] {
  return existsSync(join(folder, path)) ? readdirSync(join(folder, path)).filter((name) => name.endsWith('.safetensors')) : [];
}

describe('fuzz', () => {
  it('finds what random cases do not, keeps it, and verify tries it first for ever after', async () => {
    const folder = folderWith({ 'kernels.mjs': rare });
    const drawn = await plumbline(folder, ['verify', 'kernels.mjs', '-p', 'streams/read-parity', '--effort', 'quick', '--seed', '5']);
    expect(drawn.code).toBe(0);
    const found = await plumbline(folder, ['fuzz', 'kernels.mjs', '-p', 'streams/read-parity', '--fail-fast', '--seed', '5', '--threads', '1', '--problems', '2000000']);
    expect(found.stdout).toMatch(/plumbline fuzz · seed 5 · 1 claim\n[\s\S]*✗ streams\/read-parity on kernels\n {2}claim/);
    expect(found.code).toBe(1);
    const failures = files(folder, '.plumbline/failures');
    expect(failures).toHaveLength(1);
    const { inputs } = readCounterexample(join(folder, '.plumbline/failures', failures[0]!));
    expect(Array.from(inputs['streams']!.data).some((value) => Object.is(value, -0))).toBe(true);

    const listed = await plumbline(folder, ['corpus', 'list', '--failures']);
    expect(listed.stdout).toContain('streams/read-parity  wrong-values  ');
    const exported = await plumbline(folder, ['corpus', 'export']);
    expect(exported.stdout).toBe('1 counterexample in fixtures/counterexamples\n');
    const again = await plumbline(folder, ['verify', 'kernels.mjs', '-p', 'streams/read-parity', '--runs', '1', '--seed', '6']);
    expect(again.code).toBe(1);
    // a file that is of no use beside it is named, and costs nothing
    writeFileSync(join(folder, 'fixtures/counterexamples/broken.safetensors'), 'no tensors');
    writeFileSync(join(folder, 'kernels.mjs'), kernelFile());
    const mended = await plumbline(folder, ['verify', 'kernels.mjs', '-p', 'streams/read-parity', '--runs', '1', '--seed', '6']);
    expect(mended.stderr).toContain("skipped 'fixtures/counterexamples/broken.safetensors'");
    expect(mended.code).toBe(0);
    // the file by value says the same without the corpus and in another folder of counterexamples
    writeFileSync(join(folder, 'kernels.mjs'), rare);
    rmSync(join(folder, corpus), { recursive: true });
    const campaign = await plumbline(folder, ['fuzz', 'kernels.mjs', '-p', 'streams/read-parity', '--problems', '1', '--no-guidance', '--threads', '1', '--no-corpus', '--seed', '8']);
    expect(campaign.code).toBe(1);
    expect(files(folder)).toEqual([]);
  });

  it('begins with the counterexamples of its corpus', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile('layerInput.fill(7);') });
    expect((await plumbline(folder, ['fuzz', 'kernels.mjs', '-p', 'streams/read-parity', '--fail-fast', '--seed', '1'])).code).toBe(1);
    expect(files(folder)).toHaveLength(1);
    rmSync(join(folder, '.plumbline/failures'), { recursive: true });
    const { code, stdout } = await plumbline(folder, ['fuzz', 'kernels.mjs', '-p', 'streams/read-parity', '--fail-fast', '--seed', '2', '--threads', '1', '--json']);
    const report = JSON.parse(stdout) as { results: { cases: number }[] };
    expect([code, report.results[0]!.cases]).toEqual([1, 1]);
  });

  it('in shards, each with threads of its own number, merges to the same bytes in any order', { timeout: 180_000 }, async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile('if (tokens === 3) layerInput[2] += 1;') });
    const shard = (index: number, more: readonly string[] = []): Promise<Ended> => plumbline(folder, ['fuzz', 'kernels.mjs', '--no-corpus', '--problems', '3000', '--shard', `${index}/3`, '--threads', String(index), ...more]);
    const unseeded = await shard(1);
    expect([unseeded.code, unseeded.stderr]).toEqual([2, expect.stringContaining('--shard 1/3 needs a seed that all shards have')]);
    for (const index of [1, 2, 3]) await shard(index, ['--seed', '5']);
    const blob = (index: number): string => `.plumbline/blobs/blob-${index}-3.json`;
    const merged = (paths: readonly string[], more: readonly string[] = ['--reporter', 'json', '--output-file', '-']): Promise<Ended> => plumbline(folder, ['merge', ...paths, ...more]);
    const first = await merged([blob(1), blob(2), blob(3)]);
    const report = JSON.parse(first.stdout) as { totals: { failed: number }; shards: { included: number[] }; fuzz: { problems: number; threads: number }; results: { status: string; counterexample?: { file: string } }[] };
    expect([first.code, report.shards.included, report.fuzz.threads]).toEqual([1, [1, 2, 3], 6]);
    const own = [1, 2, 3].map((index) => (JSON.parse(readFileSync(join(folder, blob(index)), 'utf8')) as { shards: { fuzz: { problems: number }; results: { status: string }[] }[] }).shards[0]!);
    expect(report.fuzz.problems).toBe(own.reduce((sum, { fuzz }) => sum + fuzz.problems, 0));
    expect(report.totals.failed).toBeGreaterThan(0);
    for (const result of report.results) if (result.status === 'failed') expect(existsSync(join(folder, result.counterexample!.file))).toBe(true);
    await merged([blob(3), blob(2)], ['--reporter', 'blob', '--output-file', 'two.json']);
    expect((await merged(['two.json', blob(1)])).stdout).toBe(first.stdout);
    const missing = await merged([blob(1), blob(3)]);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('Shard 2 of 3 is missing')]);
    const told = await merged([blob(2), blob(3), blob(1)], ['--reporter', 'compact']);
    expect(told.stdout).toMatch(/3 shards[\s\S]*campaign {2}[\d,]+ problems/);
  });

  it('a right kernel holds; the JSON is all of standard output and says what was done', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const { code, stdout } = await plumbline(folder, ['fuzz', 'kernels.mjs', '--problems', '30000', '--seed', '3', '--json']);
    const report = JSON.parse(stdout) as { seed: number; exitCode: number; results: { status: string; cases: number }[]; fuzz: { problems: number; coverage: number; guided: boolean } };
    expect([code, report.exitCode, report.seed, report.fuzz.guided]).toEqual([0, 0, 3, true]);
    expect(report.fuzz.problems).toBeGreaterThanOrEqual(30_000);
    expect(report.fuzz.coverage).toBeGreaterThan(1000);
    expect(report.results.every(({ status, cases }) => status === 'unsupported' || cases > 0)).toBe(true);
  });

  it('that was over before every claim had its turn is no pass: 5', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const { code, stdout } = await plumbline(folder, ['fuzz', 'kernels.mjs', '--problems', '1', '--seed', '3', '--threads', '1']);
    expect(stdout).toContain('the campaign was over before its first case');
    expect(code).toBe(5);
  });

  it('ends on Ctrl-C with its report: 130', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const { code, stdout } = await plumbline(folder, ['fuzz', 'kernels.mjs', '--seed', '3'], {}, (child) => {
      child.stdout!.once('data', () => setTimeout(() => child.kill('SIGINT'), 1500));
    });
    expect(code).toBe(130);
    expect(stdout).toMatch(/campaign {2}[\d,]+ problems/);
  });

  it.each([
    [['fuzz', 'nobody'], "There is no target 'nobody'."],
    [['fuzz', 'kernels.mjs', '--max-time', 'soon'], 'max-time'],
    [['fuzz', 'kernels.mjs', '--counterexamples', 'nowhere'], "There is no folder 'nowhere'."],
    [['fuzz', 'kernels.mjs', '--json', '--reporter', 'junit'], '--json and --reporter'],
    [['corpus', 'import', 'nowhere'], "There is no file or folder 'nowhere'."],
  ])('%j is a usage error: 2', async (args, text) => {
    const { code, stderr } = await plumbline(folderWith({ 'kernels.mjs': kernelFile() }), args);
    expect(stderr).toContain(text);
    expect(code).toBe(2);
  });

  it('goes on when the disk is full, and says so', async () => {
    const folder = folderWith({ 'kernels.mjs': rare });
    // no file may grow: every write fails as on a full disk
    const { code, stderr } = await limited(folder, ['fuzz', 'kernels.mjs', '-p', 'streams/read-parity', '--problems', '20000', '--seed', '5', '--threads', '1', '--no-guidance']);
    expect([0, 1]).toContain(code);
    const written = await limited(folder, ['fuzz', 'kernels.mjs', '--problems', '60000', '--seed', '5', '--threads', '1', '-p', 'streams/*']);
    expect(stderr + written.stderr).toContain('the corpus is not kept');
    expect(files(folder)).toEqual([]);
  });
});

function limited(folder: string, args: readonly string[]): Promise<Ended> {
  const child = spawn('sh', ['-c', `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`, process.execPath, main, ...args], { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

describe('corpus', () => {
  it('has help for each of its commands, and says what is wrong with an option', async () => {
    for (const command of ['list', 'minimise', 'import', 'export']) {
      const { code, stdout, stderr } = await plumbline(folderWith(), ['corpus', command, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`Usage: plumbline corpus ${command}`);
    }
    expect(await plumbline(folderWith(), ['corpus', 'list', '--bogus'])).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown option '--bogus'") as string });
  });

  it('says when there is nothing: 5', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['corpus', 'list']);
    expect([code, stdout]).toEqual([5, '0 files, 0 counterexamples in .plumbline/corpus\n']);
  });

  it('imports files and folders once, and lists them as JSON', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile('layerInput.fill(7);') });
    await plumbline(folder, ['verify', 'kernels.mjs', '-p', 'streams/read-parity', '--runs', '1', '--seed', '7']);
    const first = await plumbline(folder, ['corpus', 'import', '.plumbline/failures']);
    expect([first.code, first.stdout]).toEqual([0, '1 added, 0 better than what was there, 0 known\n']);
    const second = await plumbline(folder, ['corpus', 'import', join('.plumbline/failures', files(folder, '.plumbline/failures')[0]!)]);
    expect(second.stdout).toBe('0 added, 0 better than what was there, 1 known\n');
    const listed = await plumbline(folder, ['corpus', 'list', '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject({ property: 'streams/read-parity', outcome: 'wrong-values', target: 'kernels' });
    const minimised = await plumbline(folder, ['corpus', 'minimise']);
    expect(minimised.stdout).toBe('1 kept, 0 dropped\n');
  });

  it('is whole and readable however often its writers are killed', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    for (let kill = 0; kill < 6; kill++) {
      await plumbline(folder, ['fuzz', 'kernels.mjs', '-p', 'streams/*', '--seed', String(kill), '--threads', '1'], {}, (child) => void setTimeout(() => child.kill('SIGKILL'), 1200 + 300 * kill));
      for (const name of files(folder)) expect(readFileSync(join(folder, corpus, name)).length).toBeGreaterThan(0);
      const { stderr } = await plumbline(folder, ['corpus', 'list']);
      expect(stderr).toBe('');
    }
  });
});
