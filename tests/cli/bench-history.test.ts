/** `plumbline bench --record`, `--history`, `--export` and `--import` through the real command line. Times of histories are written here: no test depends on how fast anything is. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import type { BenchRecord } from '../../src/perf/history/record.ts';
import { folderWith, kernelFile, plumbline } from './cli.ts';

const small = ['--workload', 'stream-read/mhc-3b-decode', '--seed', '1', '--time', '20ms'];
const record = ['bench', 'kernels.mjs', ...small, '--record'];
const file = 'bench/baselines/kernels.jsonl';
const foreign = (name: string): string => fileURLToPath(new URL(`../unit/perf/foreign/${name}.json`, import.meta.url));

const recordsIn = (folder: string, path = file): BenchRecord[] => readFileSync(join(folder, path), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as BenchRecord);

/** A repository of `count` commits and a history with a run of each; times take `factor` as long from commit `at` on. */
function history(count: number, at: number, factor: number, change: (record: BenchRecord, k: number) => BenchRecord = (one) => one): { folder: string; commits: string[] } {
  const folder = folderWith();
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' } }).trim();
  git('init', '--quiet', '--initial-branch', 'main');
  const commits = Array.from({ length: count }, (_, k) => {
    git('commit', '--quiet', '--allow-empty', '--message', `change ${k}`);
    return git('rev-parse', 'HEAD');
  });
  mkdirSync(join(folder, 'bench/baselines'), { recursive: true });
  const lines = commits.map((commit, k) => JSON.stringify(change({
    schemaVersion: 1, kind: 'bench', workload: { operation: 'stream-read', target: 'kernels', sizes: { tokens: 16 }, dtype: 'f32' },
    samples: [1, 2, 3].map((sample) => (k >= at ? factor : 1) * (1 + 0.001 * ((7 * k + 3 * sample) % 11))), // a pattern that repeats: no trend
    order: 'time', clock: 'calls', counts: { launches: 2 }, commit, dirty: false, seed: k, date: new Date(Date.UTC(2026, 0, 1 + k)).toISOString(),
    environment: { cpu: 'Some CPU', cores: 2, platform: 'linux', arch: 'x64', node: '20.20.2', plumbline: '0.1.0', dependencies: {} },
  }, k)));
  writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
  return { folder, commits };
}

describe('bench --record', () => {
  it('adds a line for each kernel with its samples, place and counts, and refuses more allocations than before', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    expect(await plumbline(folder, [...record, '--bundle', 'kernels.mjs'])).toMatchObject({ code: 0, stderr: expect.stringContaining(`Recorded: ${file} (1)`) as string });
    const [first] = recordsIn(folder);
    const bytes = 4 * 16 * (4 + 4 * 1280 + 1280);
    expect(first).toMatchObject({
      workload: { operation: 'stream-read', target: 'kernels', sizes: { tokens: 16, streams: 4, channels: 1280 }, dtype: 'f32', cache: 'warm' }, order: 'time', clock: 'calls', seed: 1,
      counts: { bytesMoved: bytes, allocations: 4 * 16 * 1280, bundleBytes: kernelFile().length }, environment: { node: process.versions.node },
    });
    expect(first!.samples.length).toBeGreaterThanOrEqual(10);
    expect(first!.kernelHash).toMatch(/^[0-9a-f]{64}$/);

    writeFileSync(join(folder, 'kernels.mjs'), kernelFile('new Float64Array(1000);'));
    const { code, stderr } = await plumbline(folder, record);
    expect([code, recordsIn(folder).length]).toEqual([6, 2]);
    expect(stderr).toContain('allocations 81,920 → 89,920');
  });

  it('writes nothing of a kernel that is wrong', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile('layerInput[0] += 1;') });
    expect(await plumbline(folder, record)).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was recorded') as string });
    expect(existsSync(join(folder, file))).toBe(false);
  });

  it('refuses a history that is damaged, newer or half-written before anything is timed, and does not touch it', async () => {
    const { folder } = history(1, 0, 1);
    writeFileSync(join(folder, 'kernels.mjs'), kernelFile());
    const line = readFileSync(join(folder, file), 'utf8');
    const cases: [string, string][] = [
      [`${line}hello\n`, 'line 2 is not JSON'],
      [line.replace('"schemaVersion":1', '"schemaVersion":3'), 'was written by a newer plumbline (schemaVersion 3'],
      [`${line}{"schemaVer`, 'line 2, is half-written'],
    ];
    for (const [text, message] of cases) {
      writeFileSync(join(folder, file), text);
      expect(await plumbline(folder, record)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) as string });
      expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
    }
  });
});

describe('bench --against', () => {
  it('refuses more allocations exactly, however fast the code is', async () => {
    const folder = folderWith({ 'old.mjs': kernelFile(), 'kernels.mjs': kernelFile('new Float64Array(1000);') });
    const { code, stdout } = await plumbline(folder, ['bench', 'kernels.mjs', '--against', 'path:old.mjs', ...small, '--pairs', '20', '--allow-inconclusive']);
    expect(stdout).toContain('counts grew: allocations 81,920 → 89,920');
    expect(code).toBe(6);
  });
});

describe('bench --history', () => {
  it('names the commit from which times are longer: 6', async () => {
    const { folder, commits } = history(24, 15, 1.1);
    const { code, stdout } = await plumbline(folder, ['bench', '--history']);
    expect(stdout).toMatch(new RegExp(`slower at ${commits[15]!.slice(0, 10)} change 15: 1 ms → 1\\.11? ms, \\+(9\\.\\d|1\\d) %`));
    expect([code, stdout.includes('1 slower')]).toEqual([6, true]);
    const json = await plumbline(folder, ['bench', '--history', '--reporter', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ workloads: [{ verdict: 'slower', changes: [{ at: 15, direction: 'slower', lasting: true, blame: { commit: commits[15], candidates: 1, subject: 'change 15' } }] }] });
    expect((await plumbline(folder, ['bench', '--history', '--since', commits[14]!.slice(0, 12)])).code).toBe(0); // ten runs, one of them before the change: nothing to be found
  });

  it('is quiet without a change, 5 with too few runs or those of another machine, and names a count that grew', async () => {
    expect(await plumbline(history(24, 24, 1).folder, ['bench', '--history'])).toMatchObject({ code: 0, stdout: expect.stringContaining('1 quiet') as string });
    expect(await plumbline(history(5, 5, 1).folder, ['bench', '--history'])).toMatchObject({ code: 5, stdout: expect.stringContaining('it takes 10 comparable runs; add 5') as string });
    const moved = history(24, 20, 9, (one, k) => (k < 20 ? one : { ...one, environment: { ...one.environment, device: 'H200' } }));
    expect(await plumbline(moved.folder, ['bench', '--history'])).toMatchObject({ code: 5, stdout: expect.stringContaining("20 runs left out: device unnamed instead of 'H200'") as string });
    const grown = history(5, 5, 1, (one, k) => ({ ...one, counts: { launches: k < 3 ? 2 : 3 } }));
    expect(await plumbline(grown.folder, ['bench', '--history'])).toMatchObject({ code: 6, stdout: expect.stringContaining(`launches 2 → 3 at ${grown.commits[3]!.slice(0, 10)} change 3`) as string });
  });

  it('reads on before a last line that is half-written, and says so', async () => {
    const { folder } = history(24, 24, 1);
    appendFileSync(join(folder, file), '{"schemaVersion":1,"ki');
    expect(await plumbline(folder, ['bench', '--history'])).toMatchObject({ code: 0, stderr: expect.stringContaining('line 25, is half-written and left out') as string });
  });

  it('has nothing without a history, and names what does not go together', async () => {
    expect(await plumbline(folderWith(), ['bench', '--history'])).toMatchObject({ code: 5, stderr: expect.stringContaining('there is no history of times') as string });
    const wrong: [string[], string][] = [
      [['--history', '--export', 'github'], 'do different things'],
      [['kernels.mjs', '--history'], 'times nothing'],
      [['--since', 'abcdef0'], '--since is for --history'],
      [['--history', '--since', 'main'], 'is no commit'],
      [['--export', 'github'], 'no history to export'],
      [['--history', '--record'], 'only reads'],
      [['--history', '--reporter', 'xml'], "no reporter 'xml'"],
    ];
    for (const [args, message] of wrong) expect(await plumbline(folderWith({ 'kernels.mjs': kernelFile() }), ['bench', ...args])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) as string });
  });
});

describe('bench --export', () => {
  it('prints JSON alone, or writes the tables of Otava to a folder', async () => {
    const { folder } = history(6, 6, 1);
    const [bencher, github] = [await plumbline(folder, ['bench', '--export', 'bencher']), await plumbline(folder, ['bench', '--export', 'github', '--baselines', file])];
    const name = 'stream-read on kernels, tokens 16, f32';
    expect(JSON.parse(bencher.stdout)).toMatchObject({ [name]: { latency: { value: expect.any(Number) as number }, launches: { value: 2 } } });
    expect(JSON.parse(github.stdout)).toMatchObject([{ name, unit: 'ms' }, { name: `${name}: launches`, value: 2 }]);
    expect(await plumbline(folder, ['bench', '--export', 'otava'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Give the folder') as string });
    expect((await plumbline(folder, ['bench', '--export', 'otava', '--output-file', 'otava'])).code).toBe(0);
    expect(readdirSync(join(folder, 'otava')).toSorted()).toEqual(['1-stream-read-on-kernels-tokens-16-f32.csv', 'otava.yaml']);
  });
});

describe('bench --import', () => {
  it('adds what other programs measured to a history that --history reads', async () => {
    const folder = folderWith();
    for (const name of ['pytest-benchmark', 'vitest', 'tinybench']) {
      cpSync(foreign(name), join(folder, `${name}.json`));
      expect(await plumbline(folder, ['bench', '--import', `${name}.json`])).toMatchObject({ code: 0, stderr: `2 results of ${name} added to bench/baselines/imported.jsonl\n` });
    }
    expect(recordsIn(folder, 'bench/baselines/imported.jsonl').map(({ importedFrom }) => importedFrom)).toEqual(['pytest-benchmark', 'pytest-benchmark', 'vitest', 'vitest', 'tinybench', 'tinybench']);
    expect(await plumbline(folder, ['bench', '--history'])).toMatchObject({ code: 5, stdout: expect.stringContaining('6 with too few runs') as string });
  });

  it('adds nothing of a file that it cannot read', async () => {
    const folder = folderWith({ 'x.json': '{"files":[{"groups":1}]}' });
    expect(await plumbline(folder, ['bench', '--import', 'x.json'])).toMatchObject({ code: 2, stderr: expect.stringContaining("'x.json' is damaged: files.0.filepath") as string });
    expect(await plumbline(folder, ['bench', '--import', 'none.json'])).toMatchObject({ code: 2, stderr: expect.stringContaining("Cannot read 'none.json'") as string });
    expect(existsSync(join(folder, 'bench'))).toBe(false);
  });
});
