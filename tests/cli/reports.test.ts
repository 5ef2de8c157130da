/** Reports to files through the real command line: every format of a run at once, and the pages of the other commands. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { folderWith, kernelFile, plumbline } from './cli.ts';

const spoiled = '/* every layer input is off */ layerInput[0] += 1;';
const quick = ['--effort', 'quick', '--seed', '1'];
const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

describe('plumbline verify', () => {
  test('writes each report that was asked for, where it was told to', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile(spoiled) });
    const files = ['html=out/a page.html', 'sarif=out/a.sarif', 'ctrf=out/a.ctrf.json', 'markdown=out/a.md', 'junit=out/a.xml', 'json=out/a.json'].flatMap((file) => ['--output-file', file]);
    const { code, stdout, stderr } = await plumbline(folder, ['verify', 'kernels.mjs', ...quick, '--reporter', 'html,sarif,ctrf', '--reporter', 'markdown,junit,json', ...files]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('HTML report: out/a page.html\n');
    const report = JSON.parse(read(folder, 'out/a.json')) as { totals: { failed: number }; results: { counterexample?: { replay: string } }[] };
    const { failed } = report.totals;
    expect(failed).toBeGreaterThan(0);
    const replay = report.results.find(({ counterexample }) => counterexample !== undefined)!.counterexample!.replay;
    const [run] = (JSON.parse(read(folder, 'out/a.sarif')) as { runs: { results: { locations: unknown[] }[]; invocations: { commandLine: string }[] }[] }).runs;
    expect(run!.results).toHaveLength(failed);
    expect(JSON.stringify(run!.results[0]!.locations)).toContain('"uri":"kernels.mjs"');
    expect(run!.invocations[0]!.commandLine).toContain("'html=out/a page.html'");
    expect((JSON.parse(read(folder, 'out/a.ctrf.json')) as { results: { summary: { failed: number } } }).results.summary.failed).toBe(failed);
    for (const name of ['out/a page.html', 'out/a.md']) {
      expect(read(folder, name)).toContain(replay);
      expect(read(folder, name)).toContain('verify kernels.mjs --effort quick --seed 1');
    }
  });

  test('one on standard output, alone', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const { code, stdout } = await plumbline(folder, ['verify', 'kernels.mjs', ...quick, '--reporter', 'html', '--output-file', '-']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<!doctype html>\n[\s\S]*<\/html>\n$/);
  });

  test('refuses a file that two could write, and an unknown reporter', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const both = await plumbline(folder, ['verify', 'kernels.mjs', '--reporter', 'html,sarif', '--output-file', 'a']);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('could be for')]);
    const unknown = await plumbline(folder, ['verify', 'kernels.mjs', '--reporter', 'htm']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("Did you mean 'html'?")]);
  });
});

describe('pages of other commands', () => {
  const all = ['certify', '--all-inputs', '--limit', '1', '--out', 'certificate.json'];

  test('certify: the certificate in plain words, and the command that checks it; check: what the checker found', async () => {
    const folder = folderWith();
    const certified = await plumbline(folder, [...all, '--reporter', 'html', '--output-file', 'certificate.html']);
    expect([certified.code, certified.stdout]).toEqual([0, '']);
    const page = read(folder, 'certificate.html');
    for (const { plain } of (JSON.parse(read(folder, 'certificate.json')) as { claims: { plain: string }[] }).claims) expect(page).toContain(`<p><strong>${plain}</strong></p>`);
    expect(page).toContain('plumbline check certificate.json');
    const checked = await plumbline(folder, ['check', 'certificate.json', '--reporter', 'default,html']);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain('valid: 8 of 8 claims confirmed');
    expect(read(folder, '.plumbline/check.html')).toContain('certificate.json is valid');
    const forged = folderWith({ 'certificate.json': read(folder, 'certificate.json').replace('"limit": 1', '"limit": 0.5') });
    expect((await plumbline(forged, ['check', 'certificate.json', '--reporter', 'html'])).code).toBe(1);
    expect(read(forged, '.plumbline/check.html')).toContain('certificate.json is not valid');
  });

  test('without --reporter html there is no page', async () => {
    const folder = folderWith();
    const { stdout } = await plumbline(folder, all);
    expect(stdout).toContain('Certificate of');
    expect(existsSync(join(folder, '.plumbline'))).toBe(false);
  });

  test('compare: gains against depth, on standard output', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['compare', '--depth', '1,4', '--tokens', '4', '--no-sweep', '--seed', '1', '--reporter', 'html']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<!doctype html>/);
    expect(stdout).toContain('Composite gain');
  });

  test('bench: the samples', async () => {
    const folder = folderWith();
    const { code, stderr } = await plumbline(folder, ['bench', '--target', 'reference', '--workload', 'sinkhorn/decode', '--time', '20ms', '--seed', '1', '--no-plot', '--reporter', 'html,json', '--output-file', 'html=bench.html']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('HTML report: bench.html')]);
    expect(read(folder, 'bench.html')).toContain('Samples of sinkhorn/decode');
    expect(existsSync(join(folder, '.plumbline/bench.json'))).toBe(true);
  });

  test.each([
    [['certify', '--all-inputs', '--reporter', 'htm'], "Did you mean 'html'?"],
    [['check', 'x.json', '--reporter', 'pdf'], "There is no reporter 'pdf' here."],
    [['bench', '--reporter', 'html,json', '--output-file', 'a'], "could be for json or html"],
    [['bench', '--reporter', 'html', '--output-file', 'json=a'], 'Add --reporter json.'],
    [['bench', '--reporter', 'html,json', '--output-file', 'html=-', '--output-file', 'json=-'], 'alone'],
    [['bench', '--output-file', 'a'], 'needs a reporter that writes a file'],
  ])('%j is bad usage', async (args, reason) => {
    const { code, stderr } = await plumbline(folderWith({ 'x.json': '{}' }), args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
  });
});
