/** Cases, a job in Python that knows nothing of plumbline, and the verdict: the round trip through the real command line. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { pythonWith } from '../python.ts';
import { folderWith, plumbline } from './cli.ts';

const job = join(import.meta.dirname, '../../fixtures/jobs/sinkhorn-job.py');
const python = pythonWith('numpy');
const cases = ['cases', '--out', 'cases', '--operation', 'sinkhorn,sinkhorn-vjp', '--dialect', 'tilekernels', '--format', 'npy', '--seed', '1', '--tokens', '300', '--streams', '4'];

/** A folder in which the job has run. */
async function recorded(...args: readonly string[]): Promise<string> {
  const folder = folderWith();
  const { code, stdout } = await plumbline(folder, cases);
  expect(stdout).toContain('verify --dump cases');
  expect(code).toBe(0);
  execFileSync(python, [job, 'cases', ...args], { cwd: folder });
  return folder;
}

describe('verify --dump', () => {
  it('a right job holds, forward and backward: 0', async () => {
    const { code, stdout } = await plumbline(await recorded(), ['verify', '--dump', 'cases', '--seed', '1', '--reporter', 'json', '--output-file', '-']);
    const report = JSON.parse(stdout) as { results: { property: string; status: string; reason?: string }[]; totals: Record<string, number> };
    expect(report.results.filter(({ status }) => status !== 'passed' && status !== 'unsupported')).toEqual([]);
    expect(report.totals['passed']).toBeGreaterThan(15);
    const determinism = report.results.find(({ property }) => property === 'robustness/determinism/sinkhorn');
    expect(determinism).toMatchObject({ status: 'unsupported', reason: expect.stringContaining('needs a kernel to run') });
    expect(code).toBe(0);
  });

  it('a job of one iteration less is found, with the element, the case and a replay line that works: 1', async () => {
    const folder = await recorded('--iterations', '19');
    const { code, stdout } = await plumbline(folder, ['verify', '--dump', 'cases', '--seed', '1', '--reporter', 'default']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ sinkhorn\/reference-parity on cases/);
    expect(stdout).toMatch(/✗ gradient\/vjp-parity on cases/);
    expect(stdout).toMatch(/found {5}wrong-values: residualMapping − reference, token \d+ of \d+ in sinkhorn-\d/);
    expect(stdout).toMatch(/residualMapping f32 \[1, 4, 4\], token 0, column \d/);
    const line = /replay (\.plumbline\/failures\/cases-sinkhorn-reference-parity\S+) (--dump cases)/.exec(stdout)!;
    expect((await plumbline(folder, ['replay', line[1]!, '--dump', 'cases'])).code).toBe(1);
    // the same inputs on a kernel that is right
    const onReference = await plumbline(folder, ['replay', line[1]!, '--target', 'reference']);
    expect(onReference.stdout).toContain('holds on reference now');
    expect(onReference.code).toBe(0);
  });

  it('a job that wrote nothing, and a file that is cut: 2, with the file', async () => {
    const folder = folderWith();
    await plumbline(folder, cases);
    const missing = await plumbline(folder, ['verify', '--dump', 'cases']);
    expect(missing.stderr).toMatch(/Cannot read 'sinkhorn-1\.residualMapping\.npy'[\s\S]*The job that makes it has not written it/);
    expect(missing.code).toBe(2);
    execFileSync(python, [job, 'cases'], { cwd: folder });
    truncateSync(join(folder, 'cases/sinkhorn-1.residualMapping.npy'), 1000);
    const cut = await plumbline(folder, ['verify', '--dump', 'cases']);
    expect(cut.stderr).toMatch(/'sinkhorn-1\.residualMapping\.npy': Not a whole \.npy file: an array of f32 \[\d+, 4, 4\] takes \d+ bytes, 872 follow/);
    expect(cut.stderr).not.toContain('    at ');
    expect(cut.code).toBe(2);
  });

  it('only claims that take a kernel: 5, nothing ran', async () => {
    const { code, stdout } = await plumbline(await recorded(), ['verify', '--dump', 'cases', '--property', 'robustness/determinism/*']);
    expect(stdout).toContain('Nothing ran');
    expect(code).toBe(5);
  });

  it('kernels beside a dump, and --list of one, are misunderstandings: 2', async () => {
    const folder = await recorded();
    writeFileSync(join(folder, 'kernels.py'), '');
    expect((await plumbline(folder, ['verify', 'kernels.py', '--dump', 'cases'])).code).toBe(2);
    expect((await plumbline(folder, ['verify', '--dump', 'cases', '--list'])).code).toBe(2);
  });
});

describe('cases', () => {
  it('the same seed gives the same bytes, and nothing is written over unasked', async () => {
    const [a, b] = [folderWith(), folderWith()];
    for (const folder of [a, b]) expect((await plumbline(folder, cases)).code).toBe(0);
    const files = readdirSync(join(a, 'cases'));
    expect(files).toHaveLength(7);
    for (const file of files) expect(readFileSync(join(b, 'cases', file)).equals(readFileSync(join(a, 'cases', file)))).toBe(true);
    const again = await plumbline(a, cases);
    expect(again.stderr).toContain("'cases/plumbline.json' is there already");
    expect(again.code).toBe(2);
    expect((await plumbline(a, [...cases, '--force'])).code).toBe(0);
  });

  it.each<[string[], RegExp]>([
    [['--operation', 'sinkhron'], /There is no operation 'sinkhron'[\s\S]*'sinkhorn'/],
    [['--operation', 'sinkhorn', '--dtype', 'bf17'], /no dtype 'bf17'/],
    [['--operation', 'sinkhorn', '--dtype', 'stream=bf16'], /No chosen operation has 'stream'/],
    [['--operation', 'sinkhorn', '--dialect', 'tilekernel'], /no dialect 'tilekernel'/],
    [['--operation', 'sinkhorn', '--streams', '17'], /integer from 1 to 16/],
    [[], /Which operation/],
  ])('%j is refused: 2', async (args, reason) => {
    const { code, stderr } = await plumbline(folderWith(), ['cases', '--out', 'cases', ...args]);
    expect(stderr).toMatch(reason);
    expect(code).toBe(2);
  });

  it('dtypes by port reach the files', async () => {
    const folder = folderWith();
    const { stdout } = await plumbline(folder, ['cases', '--out', 'c', '--operation', 'stream-read', '--dtype', 'streams=bf16,layerInput=bf16', '--tokens', '5', '--streams', '4', '--channels', '8']);
    expect(stdout).toContain('streams bf16 [tokens, streams, channels]');
    const manifest = JSON.parse(readFileSync(join(folder, 'c/plumbline.json'), 'utf8')) as { cases: { dtypes: Record<string, string> }[] };
    expect(manifest.cases[0]?.dtypes).toEqual({ preMapping: 'f32', streams: 'bf16', layerInput: 'bf16' });
  });
});
