import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { CompareReport } from '../../src/compare/compare.ts';
import type { TrainingReport } from '../../src/compare/train/campaign.ts';
import { folderWith, plumbline } from './cli.ts';
import { checkSvg } from './svg.ts';

const brief = ['compare', '--seed', '5', '--tokens', '8', '--depth', '1,60', '--no-sweep'];

describe('compare', () => {
  it('prints tables with their definitions, says the seed, and exits with 0', async () => {
    const { code, stdout, stderr } = await plumbline(folderWith(), brief);
    expect(stdout).toMatch(/^plumbline compare · seed 5 · 8 tokens · 4 streams · gate α 0.3/);
    for (const text of ['independent', 'correlated', 'trained-like', 'hyper-connections', 'Amax gain', 'least sums', 'hides attenuation']) expect(stdout).toContain(text);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('prints the same numbers as JSON and as Markdown', async () => {
    const folder = folderWith();
    const { stdout } = await plumbline(folder, [...brief, '--reporter', 'json', '--setting', 'independent']);
    const report = JSON.parse(stdout) as CompareReport;
    expect(report).toMatchObject({ schemaVersion: 1, kind: 'compare', seed: 5, tokens: 8, depths: [1, 60], sweep: [] });
    expect(report.settings.map(({ name }) => name)).toEqual(['independent']);
    const explosion = report.settings[0]!.designs.find(({ design }) => design === 'hyper-connections')!.figures[1]!.forward;
    expect(explosion).toBeGreaterThan(400);
    await plumbline(folder, [...brief, '--reporter', 'markdown', '--setting', 'independent', '--output-file', 'out/table.md']);
    expect(readFileSync(join(folder, 'out/table.md'), 'utf8')).toMatch(/^## plumbline compare\n[\s\S]*\| hyper-connections \| [\d.]+ \/ [\d.]+ \| [\de.+]+ \/ [\de.+]+ \|/);
  });

  it('draws a plot that is well-formed', async () => {
    const folder = folderWith();
    expect((await plumbline(folder, [...brief, '--plot', 'gain.svg'])).code).toBe(0);
    const text = readFileSync(join(folder, 'gain.svg'), 'utf8');
    checkSvg(text);
    expect(text.match(/<path /g)!.length).toBe(3 * (7 + 6)); // all designs, and those that stay small
  });

  const wrong: [string, string[], string][] = [
    ['an unknown design', ['--designs', 'mhc-light'], "There is no design 'mhc-light'.\n  Did you mean 'mhc-lite'?"],
    ['an unknown setting', ['--setting', 'corelated'], "Did you mean 'correlated'?"],
    ['an impossible depth', ['--depth', '0'], "--depth '0' is no number of sublayers.\n  It is an integer from 1 to 4096."],
    ['a depth that is no number', ['--depth', '8,many'], "--depth 'many'"],
    ['a design that is not for so many streams', ['--designs', 'kronecker', '--streams', '3'], 'kronecker is not defined for 3 streams.'],
    ['an unknown flag', ['--deph', '60'], "(Did you mean --depth?)"],
    ['a gate that is not above 0', ['--gate', '0'], 'It is a number above 0'],
    ['a flag of training without it', ['--steps', '5'], '--steps is about training.\n  Add --train.'],
    ['a learning rate without training', ['--learning-rate', '0.1'], '--learning-rate is about training.'],
    ['a learning rate that is none', ['--train', '--learning-rate', 'fast'], "--learning-rate 'fast' is no learning rate."],
  ];
  it.each(wrong)('refuses %s', async (_, args, text) => {
    const { code, stdout, stderr } = await plumbline(folderWith(), ['compare', ...args]);
    expect(stderr).toContain(text);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('leaves out designs that are not defined for the streams, unless they were asked for', async () => {
    const { code, stdout } = await plumbline(folderWith(), [...brief, '--streams', '3']);
    expect(stdout).not.toContain('kronecker');
    expect(code).toBe(0);
  });

  it('has a help with examples, all designs and the exit codes', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['compare', '--help']);
    for (const text of ['$ plumbline compare --train', 'mhc-lite', 'trained-like', 'Exit codes:', '130']) expect(stdout).toContain(text);
    expect(code).toBe(0);
  });
});

describe('compare --train', () => {
  const few = ['compare', '--train', '--designs', 'plain-residual,hyper-connections', '--seeds', '1', '--reporter', 'json', '--output-file', 'train.json', '--plot', 'train.svg'];
  const reportIn = (folder: string): TrainingReport => JSON.parse(readFileSync(join(folder, 'train.json'), 'utf8')) as TrainingReport;

  it('writes its report and its plot', async () => {
    const folder = folderWith();
    const { code, stderr, stdout } = await plumbline(folder, [...few, '--steps', '2']);
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('2/2  hyper-connections, seed 1, rate 0.005: step 2/2');
    const report = reportIn(folder);
    expect(report).toMatchObject({ schemaVersion: 1, kind: 'compare-train', steps: 2, status: 'complete', shape: { depth: 48, streams: 4 } });
    expect(report.runs.map(({ design, steps, snapshots }) => [design, steps, snapshots[0]!.gradientByLayer.length])).toEqual([['plain-residual', 2, 48], ['hyper-connections', 2, 48]]);
    checkSvg(readFileSync(join(folder, 'train.svg'), 'utf8'));
  });

  it('interrupted, it reports what it has and exits with 130', async () => {
    const folder = folderWith();
    const { code, stderr } = await plumbline(folder, [...few, '--steps', '100000'], {}, (child) => {
      child.stderr!.on('data', (text: string) => text.includes('step 1/') && child.kill('SIGINT'));
    });
    expect(stderr).toContain('Stopping after this step');
    expect(code).toBe(130);
    expect(reportIn(folder).status).toBe('interrupted');
    expect(reportIn(folder).runs).toHaveLength(1);
  });

  it('out of time, it reports what it has and exits with 5', async () => {
    const folder = folderWith();
    const { code } = await plumbline(folder, [...few, '--steps', '100000', '--max-time', '1s']);
    expect(code).toBe(5);
    expect(existsSync(join(folder, 'train.svg'))).toBe(true);
    expect(reportIn(folder).status).toBe('out-of-time');
  });
});
