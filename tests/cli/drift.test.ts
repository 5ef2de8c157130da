/** `plumbline verify --margins` and `plumbline drift` through the real command line, in a repository whose kernel becomes worse at one commit and never wrong. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { folderWith, plumbline } from './cli.ts';

const library = new URL('../../dist/src/index.js', import.meta.url).href;

/** The reference kernel of sinkhorn in another arithmetic than f32, or the same. */
const kernel = (round: string): string => `import { referenceKernels } from ${JSON.stringify(library)};
const round = ${round};
export default { sinkhorn: referenceKernels({ round, arithmetic: 'ieee-f32' }).sinkhorn };`;
const fine = kernel('Math.fround');
/** Every rounding is to 23 bits instead of 24: errors of twice the size, with which every claim still holds. */
const coarse = kernel('(x) => { const y = x * (2 ** 30 + 1); return Number.isFinite(y) ? Math.fround(y - (y - x)) : x; }');
const history = 'fixtures/margins/kernels.jsonl';
const verify = ['verify', 'kernels.mjs', '--operation', 'sinkhorn', '--effort', 'quick', '--runs', '4', '--margins'];

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' } }).trim();
}

function commit(folder: string, message: string, text?: string): string {
  if (text !== undefined) writeFileSync(join(folder, 'kernels.mjs'), text);
  git(folder, 'add', 'kernels.mjs');
  git(folder, 'commit', '--quiet', '--allow-empty', '--message', message);
  return git(folder, 'rev-parse', 'HEAD');
}

let folder: string;
let worse: string;
let quiet: { code: number | null; stdout: string };

beforeAll(async () => {
  folder = folderWith({ '.gitignore': '.plumbline\n' });
  git(folder, 'init', '--quiet', '--initial-branch', 'main');
  for (let run = 0; run < 18; run++) {
    if (run === 13) quiet = await plumbline(folder, ['drift']);
    const hash = commit(folder, run === 13 ? 'Round in a cheaper way' : `change ${run}`, run === 0 ? fine : run === 13 ? coarse : undefined);
    if (run === 13) worse = hash;
    const { code, stdout, stderr } = await plumbline(folder, [...verify, '--seed', String(run + 1)]);
    if (code !== 0) throw new Error(`run ${run}: ${stdout}${stderr}`);
  }
}, 300_000);

describe('margins', () => {
  it('are one line for each run, with its commit, seed and place, and do not make the repository dirty', () => {
    const lines = readFileSync(join(folder, history), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(18);
    expect(lines[13]).toMatchObject({ kind: 'margins', target: 'kernels', commit: worse, dirty: false, seed: 14, effort: 'quick', runs: 4, environment: { node: process.versions.node } });
    const { results } = lines[0] as { results: { property: string; p50: number; p90: number; p99: number; max: number }[] };
    expect(results.length).toBeGreaterThan(3);
    for (const { p50, p90, p99, max } of results) expect(p50 <= p90 && p90 <= p99 && p99 <= max && max <= 1).toBe(true);
  });
});

describe('drift', () => {
  it('is quiet before the change', () => {
    expect(quiet).toMatchObject({ code: 0, stdout: expect.stringContaining('quiet: no margin doubled or moved') as string });
  });

  it('names the commit at which margins doubled, five runs after it', async () => {
    const { code, stdout } = await plumbline(folder, ['drift']);
    expect(stdout).toContain(`grew at ${worse.slice(0, 10)} Round in a cheaper way`);
    expect(stdout).toMatch(/run 14 of 18, 5 runs since · p = /);
    expect(stdout).toMatch(/sinkhorn\S* .* ×(1\.[5-9]|2)/);
    expect(code).toBe(1);
  });

  it('says the same as data, and draws each claim', async () => {
    const { code, stdout, stderr } = await plumbline(folder, ['drift', history, '--reporter', 'json', '--plots']);
    expect(code).toBe(1);
    const { targets } = JSON.parse(stdout) as { targets: { verdict: string; changes: { alert: boolean; at: number; blame: Record<string, unknown> }[] }[] };
    expect(targets).toMatchObject([{ verdict: 'drift', changes: [{ alert: true, at: 13, blame: { commit: worse, candidates: 1, subject: 'Round in a cheaper way' } }] }]);
    const plots = readdirSync(join(folder, '.plumbline/drift/kernels'));
    expect(stderr).toContain(`${plots.length} plots in .plumbline/drift`);
    expect(readFileSync(join(folder, '.plumbline/drift/kernels', plots[0]!), 'utf8')).toMatch(/<svg [^]*<circle [^]*<\/svg>/);
  });

  it('is accepted with --since, which leaves too few runs', async () => {
    const { code, stdout } = await plumbline(folder, ['drift', '--since', worse.slice(0, 8)]);
    expect([code, stdout.includes('nothing to compare: it takes 13 runs')]).toEqual([5, true]);
  });

  it('has nothing to compare without a history, and 2 for a commit that is none or not there', async () => {
    expect(await plumbline(folderWith(), ['drift'])).toMatchObject({ code: 5, stdout: expect.stringContaining('there is no history of margins') as string });
    expect(await plumbline(folder, ['drift', '--since', 'main'])).toMatchObject({ code: 2, stderr: expect.stringContaining("'main' is no commit") as string });
    expect(await plumbline(folder, ['drift', '--since', 'abcdef0'])).toMatchObject({ code: 2, stderr: expect.stringContaining("No run is of the commit 'abcdef0'") as string });
  });
});

describe('a history that is not whole', () => {
  it('is refused before anything runs, by its line, and is not touched', async () => {
    const broken = folderWith({ 'kernels.mjs': fine, 'm.jsonl': '{"schemaVersion":1,\n{}\n' });
    const text = readFileSync(join(broken, 'm.jsonl'), 'utf8');
    const { code, stdout, stderr } = await plumbline(broken, [...verify, 'm.jsonl']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain("'m.jsonl' cannot be read as a history of margins: line 1 is not JSON.");
    expect(readFileSync(join(broken, 'm.jsonl'), 'utf8')).toBe(text);
    expect(await plumbline(broken, ['drift', 'm.jsonl'])).toMatchObject({ code: 2 });
  });

  it('is read without a last line that a crash left half, and not added to', async () => {
    const crashed = folderWith({ 'kernels.mjs': fine });
    expect((await plumbline(crashed, [...verify, 'm.jsonl'])).code).toBe(0);
    appendFileSync(join(crashed, 'm.jsonl'), '{"schemaVersion":1,"kind":"marg');
    expect(await plumbline(crashed, ['drift', 'm.jsonl'])).toMatchObject({ code: 5, stderr: expect.stringContaining("'m.jsonl', line 2, is half-written and left out") as string });
    expect(await plumbline(crashed, [...verify, 'm.jsonl'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Delete line 2') as string });
  });

  it('of a newer plumbline, or of times, is refused with what to do', async () => {
    const line = readFileSync(join(folder, history), 'utf8').split('\n')[0]!;
    const files = folderWith({ 'new.jsonl': `${line.replace('"schemaVersion":1', '"schemaVersion":9')}\n`, 'times.jsonl': `${line.replace('"margins"', '"bench"')}\n` });
    expect(await plumbline(files, ['drift', 'new.jsonl'])).toMatchObject({ code: 2, stderr: expect.stringContaining('schemaVersion 9; this one reads up to 1).\n  Update plumbline') as string });
    expect(await plumbline(files, ['drift', 'times.jsonl'])).toMatchObject({ code: 2, stderr: expect.stringContaining("is a record of kind 'bench'") as string });
    expect(existsSync(join(files, 'fixtures'))).toBe(false);
  });
});
