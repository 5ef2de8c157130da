/** Shards of one run on the real command line: what they have together is what one machine has, whatever the order, and nothing foreign is taken. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { Random } from '../../src/generate/random.ts';
import type { Report } from '../../src/verify/results.ts';
import { formatShards, readShards } from '../../src/verify/shards/file.ts';
import { folderWith, kernelFile, plumbline } from './cli.ts';

const count = 16;
const json = ['--reporter', 'json', '--output-file', '-'];
const chosen = ['verify', 'kernels.mjs', '--seed', '5', '--runs', '20'];
/** Wrong on batches of many tokens alone, so that some claims fail in some shards. */
const wrong = kernelFile('if (tokens > 200) layerInput[7] += 1;');

async function runShards(folder: string, more: readonly string[] = []): Promise<string[]> {
  const run = async (first: number): Promise<void> => {
    for (let index = first; index <= count; index += 2) await plumbline(folder, [...chosen, '--shard', `${index}/${count}`, ...more]);
  };
  await Promise.all([run(1), run(2)]); // two at a time
  return readdirSync(join(folder, '.plumbline/blobs')).map((name) => join('.plumbline/blobs', name));
}

/** What does not depend on the clock. */
function untimed(report: Report): Report {
  return { ...report, durationMs: 0, results: report.results.map((result) => ({ ...result, durationMs: 0 })) };
}

describe.each([['right', kernelFile()], ['wrong', wrong]])('16 shards of a %s kernel', (kind, text) => {
  const folder = folderWith({ 'kernels.mjs': text });
  let files: string[] = [];
  let whole: Report;

  beforeAll(async () => {
    files = await runShards(folder);
    whole = JSON.parse((await plumbline(folder, [...chosen, ...json])).stdout) as Report;
  }, 240_000);

  it('are 16 files, none of which is the whole', () => {
    expect(files).toHaveLength(count);
    const cases = files.map((file) => (readShards(join(folder, file)).shards[0] as { results: { cases: number }[] }).results.reduce((sum, result) => sum + result.cases, 0));
    const all = whole.results.reduce((sum, result) => sum + result.cases, 0);
    expect(Math.max(...cases)).toBeLessThan(all / 4);
    if (kind === 'right') expect(cases.reduce((a, b) => a + b)).toBe(all);
  });

  it('merged say what one machine says', async () => {
    const { stdout, code } = await plumbline(folder, ['merge', ...json]);
    const merged = JSON.parse(stdout) as Report;
    expect(code).toBe(whole.exitCode);
    expect(merged.shards).toEqual({ count, included: Array.from({ length: count }, (_, k) => k + 1), merged: true, elsewhere: 0 });
    const { shards: _, ...rest } = untimed(merged);
    if (kind === 'right') expect(rest).toEqual(untimed(whole));
    // of failures, the same cases: other shards went on where one machine stopped
    const failures = (report: Report): unknown => report.results.filter(({ status }) => status === 'failed').map(({ property, counterexample }) => [property, counterexample]);
    expect(failures(merged)).toEqual(failures(whole));
    expect(merged.results.map(({ property, status }) => [property, status])).toEqual(whole.results.map(({ property, status }) => [property, status]));
    expect(merged.totals.failed > 0).toBe(kind === 'wrong');
  });

  it('merged in any order, and as merges of merges, are the same bytes in every reporter', async () => {
    const names = ['default', 'compact', 'json', 'junit', 'sarif', 'ctrf', 'markdown', 'html', 'github', 'blob'];
    const bytesOf = async (paths: readonly string[], as: string): Promise<string[]> => {
      const { stdout, code } = await plumbline(folder, ['merge', ...paths, '--reporter', names.join(','), ...['json', 'junit', 'sarif', 'ctrf', 'markdown', 'html', 'blob'].flatMap((name) => ['--output-file', `${name}=${as}.${name}`])]);
      expect(code).toBe(whole.exitCode);
      return [stdout, ...['json', 'junit', 'sarif', 'ctrf', 'markdown', 'html', 'blob'].map((name) => readFileSync(join(folder, `${as}.${name}`), 'utf8'))];
    };
    const random = new Random(3);
    const first = await bytesOf(files, 'first');
    for (const round of [1, 2]) expect(await bytesOf(random.permutation(count).map((k) => files[k]!), `order-${round}`)).toEqual(first);
    const joined = async (name: string, paths: readonly string[]): Promise<string> => {
      expect((await plumbline(folder, ['merge', ...paths, '--reporter', 'blob', '--output-file', name])).code).toBe(0);
      return name;
    };
    const left = await joined('left.json', files.slice(9));
    const middle = await joined('middle.json', [...files.slice(2, 9), left]);
    expect(await bytesOf([middle, ...files.slice(0, 2)], 'nested')).toEqual(first);
  }, 120_000);
});

describe('a merge', () => {
  const folder = folderWith({ 'kernels.mjs': wrong });
  const blob = (index: number, of = 3): string => `.plumbline/blobs/blob-${index}-${of}.json`;
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  const refused = async (files: readonly string[], text: RegExp): Promise<void> => {
    const { code, stderr, stdout } = await plumbline(folder, ['merge', ...files]);
    expect(stderr).toMatch(text);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  };

  beforeAll(async () => {
    for (const index of [1, 2, 3]) await plumbline(folder, [...chosen, '--shard', `${index}/3`]);
  }, 120_000);

  it('of a shard twice is refused, also within a merged file', async () => {
    await refused([blob(1), blob(2), blob(3), blob(2)], /Shard 2\/3 is there twice/);
    await plumbline(folder, ['merge', blob(1), blob(2), '--reporter', 'blob', '--output-file', 'two.json']);
    await refused(['two.json', blob(3), blob(1)], /Shard 1\/3 is there twice: in 'two\.json'/);
  });

  it('without a shard is refused, and with --partial is incomplete and no pass', async () => {
    await refused([blob(1), blob(3)], /Shard 2 of 3 is missing\.\n {2}Give their files too, or --partial/);
    const right = folderWith({ 'kernels.mjs': kernelFile() });
    for (const index of [1, 3]) expect((await plumbline(right, [...chosen, '--shard', `${index}/3`])).code).toBe(0);
    const { code, stdout } = await plumbline(right, ['merge', '--partial', '--reporter', 'compact']);
    expect(stdout).toMatch(/incomplete kernels streams\/read-parity: \d+ of 20 cases ran; shard 2 missing/);
    expect(stdout).toContain('Incomplete: shards 2 of 3 are missing (exit code 5).');
    expect(stdout).not.toMatch(/\d passed/);
    expect(code).toBe(5);
  });

  it.each([
    ['that was tampered with', (text: string): string => text.replace('"status":"failed"', '"status":"passed"'), /was changed after it was written/],
    ['that was cut off', (text: string): string => text.slice(0, text.length / 2), /is not JSON, or was cut off.*\n {2}Run that shard again/],
    ['of something else', (): string => '{"schemaVersion":1}', /is not the result file of a shard.*\n {2}Give files that --reporter blob wrote/],
    ['of a later format', (text: string): string => text.replace('"schemaVersion":1', '"schemaVersion":2'), /of format 2; this plumbline reads format 1/],
  ])('of a file %s is refused, and says what to do', async (_, change, text) => {
    const original = readFileSync(join(folder, blob(2)), 'utf8');
    const changed = change(original);
    expect(changed).not.toBe(original);
    await refused([blob(1), write('changed.json', changed), blob(3)], text);
  });

  /** A file that is whole, of another run. */
  const forged = (change: (run: Record<string, unknown>) => void): string => {
    const read = readShards(join(folder, blob(2)));
    const run = structuredClone(read.run) as unknown as Record<string, unknown>;
    change(run);
    return write('forged.json', formatShards({ ...read, run } as never));
  };

  it('of another version, seed, plan or number of shards is refused', async () => {
    await refused([blob(1), forged((run) => (run['plumbline'] = '9.9.9')), blob(3)], /written by plumbline 9\.9\.9; this is/);
    await refused([blob(1), forged((run) => (run['seed'] = 6)), blob(3)], /of another seed than '.*blob-1-3.json': 6 and not 5/);
    await refused([blob(1), forged((run) => (run['plan'] = { ...(run['plan'] as object), runs: 21 })), blob(3)], /of another plan \(runs\)/);
    await plumbline(folder, [...chosen, '--shard', '2/4']);
    await refused([blob(1), blob(2, 4), blob(3)], /of another number of shards/);
  });

  it('of another commit, of uncommitted changes, or of another kernel file is refused', async () => {
    const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { cwd: folder, encoding: 'utf8' });
    git('init', '-q');
    git('add', 'kernels.mjs');
    git('commit', '-q', '-m', 'one');
    const at = async (index: number, as: string): Promise<string> => {
      await plumbline(folder, [...chosen, '--shard', `${index}/3`, '--output-file', as, '--reporter', 'blob']);
      return as;
    };
    const one = await at(1, 'c1.json');
    git('commit', '-q', '--allow-empty', '-m', 'two');
    await refused([one, await at(2, 'c2.json')], /of another commit than 'c1\.json'/);
    const two = await at(1, 'c3.json');
    write('kernels.mjs', `${wrong}\n// changed\n`);
    await refused([two, await at(2, 'c4.json')], /of another state of the files \(uncommitted changes\)/);
  });

  it('gives back the counterexamples, and their replay lines work', async () => {
    const elsewhere = folderWith({ 'kernels.mjs': wrong });
    const { stdout } = await plumbline(elsewhere, ['merge', ...[1, 2, 3].map((index) => join(folder, blob(index))), '--reporter', 'default']);
    const line = /replay {4}node .*main\.js (replay .*)/.exec(stdout)![1]!;
    const again = await plumbline(elsewhere, line.split(' '));
    expect(again.stdout).toContain('✗');
    expect(again.code).toBe(1);
  });

  it('of nothing says what to do', async () => {
    const { code, stderr } = await plumbline(folderWith(), ['merge']);
    expect(stderr).toContain("There is no '.plumbline/blobs'.\n  Give files that --reporter blob wrote");
    expect(code).toBe(2);
  });
});

describe('--shard', () => {
  it.each(['0/3', '4/3', '3', '1/0', '-1/3', 'a/b', '1/99999'])('refuses %s', async (text) => {
    const { code, stderr } = await plumbline(folderWith(), ['verify', '--shard', text]);
    expect(stderr).toMatch(/It is i\/n with i from 1 to n|argument missing|unknown option/);
    expect(code).toBe(2);
  });

  it('needs a seed that all shards have', async () => {
    const { code, stderr } = await plumbline(folderWith({ 'kernels.mjs': kernelFile() }), ['verify', 'kernels.mjs', '--shard', '1/2']);
    expect(stderr).toContain('--shard 1/2 needs a seed that all shards have.');
    expect(code).toBe(2);
  });

  it('that has no case is no pass, and its file still completes the others', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const one = ['verify', 'kernels.mjs', '--seed', '5', '--runs', '1', '-p', 'streams/read-parity'];
    const codes = await Promise.all([1, 2].map(async (index) => (await plumbline(folder, [...one, '--shard', `${index}/2`])).code));
    expect(codes.toSorted((a, b) => a! - b!)).toEqual([0, 5]);
    expect((await plumbline(folder, ['merge'])).code).toBe(0);
  });
});

describe('shards of a statistical certificate', () => {
  const sampled = ['certify', '--statistical', '--target', 'reference', '--property', 'streams/read-parity', '--problems', '30000', '--seed', '4'];

  it('together give the certificate of one machine, in any order', async () => {
    const folder = folderWith();
    for (const index of [1, 2, 3]) expect((await plumbline(folder, [...sampled, '--shard', `${index}/3`])).code).toBe(0);
    const files = [1, 2, 3].map((index) => `.plumbline/blobs/blob-${index}-3.json`);
    const merged = await Promise.all([files, files.toReversed()].map((order) => plumbline(folder, ['merge', ...order, '--reporter', 'json', '--out', 'merged.json'])));
    expect(merged[0]!.stdout).toBe(merged[1]!.stdout);
    expect(merged[0]!.code).toBe(0);
    const { stdout } = await plumbline(folder, [...sampled, '--json']);
    const [here, there] = [stdout, merged[0]!.stdout].map((text) => JSON.parse(text) as { claims: unknown; subject: unknown; notClaimed: unknown });
    expect(here!.claims).toEqual(there!.claims);
    expect(here!.subject).toEqual(there!.subject);
    expect((await plumbline(folder, ['check', 'merged.json'])).code).toBe(0);
    expect((await plumbline(folder, ['merge', files[0]!, files[1]!, '--partial'])).stderr).toContain('Shard 3 of 3 is missing.');
  });

  it('count every failure once', async () => {
    const folder = folderWith({ 'kernels.mjs': wrong });
    const args = ['certify', 'kernels.mjs', ...sampled.slice(1).filter((word, k, all) => word !== '--target' && all[k - 1] !== '--target')];
    const parts = await Promise.all([1, 2].map((index) => plumbline(folder, [...args, '--shard', `${index}/2`])));
    expect(parts.map(({ code }) => code)).toEqual([1, 1]);
    const [whole, merged] = [await plumbline(folder, [...args, '--json']), await plumbline(folder, ['merge', '--reporter', 'json'])];
    expect(merged.code).toBe(1);
    const failures = ({ stdout }: { stdout: string }): number => (JSON.parse(stdout) as { claims: { parameters: { failures: number } }[] }).claims[0]!.parameters.failures;
    expect(failures(merged)).toBe(failures(whole));
    expect(failures(merged)).toBeGreaterThan(0);
  });
});
