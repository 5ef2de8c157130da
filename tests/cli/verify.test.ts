import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Report } from '../../src/verify/results.ts';
import { folderWith, kernelFile, plumbline } from './cli.ts';

const brief = ['--runs', '1', '--seed', '7'];

describe('a run', () => {
  it('that holds exits with 0 and says seed and totals', async () => {
    const { code, stdout, stderr } = await plumbline(folderWith(), ['verify', '-t', 'reference', '-o', 'stream-read', ...brief]);
    expect(stdout).toMatch(/^\d+ passed.* · seed 7 · effort standard · [\d,]+ problems? in /m);
    expect(stderr).toBe('reference: available\n');
    expect(code).toBe(0);
  });

  it('of a right kernel file holds; the config of the folder is not needed', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.mjs': kernelFile() }), ['verify', 'kernels.mjs', ...brief, '--reporter', 'default']);
    expect(stdout).toContain('kernels  kernels in this process');
    expect(code).toBe(0);
  });

  it('takes a configuration in TypeScript that imports plumbline', async () => {
    const config = `import { defineConfig, type KernelRun } from 'plumbline';
      const run: KernelRun = ({ preMapping }, { tokens, channels }) => ({ layerInput: new Float32Array(tokens * channels).fill(preMapping!.data.length) });
      export default defineConfig({ targets: { typed: { kernels: { 'stream-read': { arithmetic: 'ieee-f32', run } } } }, reporters: ['default'] });`;
    const { code, stdout, stderr } = await plumbline(folderWith({ 'plumbline.config.ts': config }), ['verify', '-t', 'typed', '-p', 'streams/read-parity', ...brief]);
    expect(stderr).toBe('typed: available\n');
    expect(stdout).toContain('✗ streams/read-parity on typed');
    expect(code).toBe(1);
  });

  it('of a wrong kernel exits with 1, writes the case, and the printed line replays it', async () => {
    const folder = folderWith({ 'wrong.mjs': kernelFile('if (tokens > 0) layerInput[0] += 1;') });
    const { code, stdout } = await plumbline(folder, ['verify', 'wrong.mjs', ...brief, '--reporter', 'default']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ \S+ on wrong\n {2}claim/);
    expect(stdout).toContain('measured');
    const line = /replay {4}node .*main\.js (replay .*)/.exec(stdout)![1]!;
    expect(existsSync(join(folder, line.split(' ')[1]!))).toBe(true);
    const again = await plumbline(folder, line.split(' '));
    expect(again.stdout).toContain('✗');
    expect(again.code).toBe(1);
  });

  it('of a wrong kernel exits with 0 when asked to, and the report still says 1', async () => {
    const folder = folderWith({ 'wrong.mjs': kernelFile('layerInput.fill(7);') });
    const { code, stdout } = await plumbline(folder, ['verify', 'wrong.mjs', ...brief, '--exit-zero', '--reporter', 'json', '--output-file', '-']);
    const report = JSON.parse(stdout) as Report;
    expect(code).toBe(0);
    expect(report.exitCode).toBe(1);
    expect(report.totals.failed).toBeGreaterThan(0);
    expect(Object.keys(report)).toEqual(expect.arrayContaining(['schemaVersion', 'seed', 'effort', 'environment', 'targets', 'results', 'totals']));
  });

  it('writes junit and json where it is told, and annotations for GitHub by itself', async () => {
    const folder = folderWith({ 'wrong.mjs': kernelFile('layerInput.fill(7);'), 'summary.md': '' });
    await plumbline(folder, ['verify', 'wrong.mjs', ...brief, '--reporter', 'json,junit', '--output-file', 'json=a.json', '--output-file', 'junit=b.xml']);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['a.json', 'b.xml']));
    const github = await plumbline(folder, ['verify', 'wrong.mjs', ...brief], { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(folder, 'summary.md') });
    expect(github.stdout).toContain('::error title=wrong%3A ');
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('## plumbline');
  });

  it('gives the same report for the same seed, whatever else is selected', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const run = async (...more: string[]): Promise<Report['results']> => {
      const { stdout } = await plumbline(folder, ['verify', 'kernels.mjs', '--runs', '3', '--seed', '9', '--reporter', 'json', '--output-file', '-', ...more]);
      return (JSON.parse(stdout) as Report).results.map((result) => ({ ...result, durationMs: 0 }));
    };
    const all = await run();
    const last = all.at(-1)!;
    expect(await run('--property', last.property)).toEqual([last]);
  });
});

describe('a kernel that misbehaves is an outcome, and the others still run', () => {
  const cases: [string, string, string][] = [
    ['throws', `throw new Error('out of memory');`, 'failed: The kernel threw: out of memory'],
    ['returns NaN', 'layerInput.fill(NaN);', 'non-finite'],
    ['returns the wrong shape', 'return { layerInput: new Float32Array(tokens * channels + 1) };', 'wrong-shape'],
    ['returns the wrong dtype', 'return { layerInput: new Float64Array(tokens * channels) };', 'wrong-dtype'],
    ['returns nothing', 'return undefined;', 'wrong-shape'],
    ['never ends', 'return new Promise(() => {});', 'timed-out'],
    ['changes its inputs', 'streams.data.fill(1);', 'changed its input'],
  ];
  it.each(cases)('%s', async (_, spoil, text) => {
    const good = kernelFile().replace('export default', 'export const good =');
    const config = `${good}\nconst bad = (${JSON.stringify(spoil)}, ({ preMapping, streams }, { tokens, streams: n, channels }) => { const layerInput = new Float32Array(tokens * channels); ${spoil}; return { layerInput }; });
      export default { targets: { bad: { kernels: { 'stream-read': { arithmetic: 'ieee-f32', run: bad } } }, good: { kernels: good } } };`;
    const folder = folderWith({ 'plumbline.config.mjs': config });
    const { code, stdout } = await plumbline(folder, ['verify', '-t', 'bad,good', '-p', 'streams/read-parity', ...brief, '--call-timeout', '300ms', '--reporter', 'json', '--output-file', '-']);
    const { results } = JSON.parse(stdout) as Report;
    expect(results.map(({ target, status }) => [target, status])).toEqual([['bad', 'failed'], ['good', 'passed']]);
    expect(results[0]!.reason).toContain(text);
    expect(code).toBe(1);
  });
});

describe('usage errors exit with 2 and name what was meant', () => {
  const folder = folderWith({
    'kernels.mjs': kernelFile(),
    'throws.mjs': `throw new Error('no driver');`,
    'dialect.mjs': `export default { sinkhorn: { dialect: { iteration: 3 }, arithmetic: 'ieee-f32', run: () => ({}) } };`,
    'operation.mjs': `export default { kernels: { sinkhrn: { arithmetic: 'ieee-f32', run: () => ({}) } } };`,
    'kernels.rb': '',
  });
  it.each([
    ['a flag', ['verify', '--sed', '42'], 'Did you mean --seed?'],
    ['a command', ['verfy'], 'Did you mean verify?'],
    ['no command', [], 'Usage: plumbline'],
    ['a property', ['verify', '-p', 'streams/read-partiy'], "Did you mean 'streams/read-parity'?"],
    ['a target', ['verify', '-t', 'refrence'], "Did you mean 'reference'?"],
    ['an operation', ['verify', '-o', 'stream-raed'], "Did you mean 'stream-read'?"],
    ['a pattern', ['verify', '-p', 'nothing/*'], "No property matches 'nothing/*'."],
    ['a reporter', ['verify', '-r', 'junt'], "Did you mean 'junit'?"],
    ['an effort', ['verify', '-e', 'fast'], 'Allowed choices are quick, standard, thorough'],
    ['a seed', ['verify', '-s', '1.5'], 'integer from 0 to 4294967295'],
    ['a time', ['verify', '--max-time', '60'], '500ms, 60s, 2m or 1h'],
    ['a file', ['verify', 'kernel.mjs'], "There is no file 'kernel.mjs'."],
    ['a file in another language', ['verify', 'kernels.rb'], 'not a TypeScript, JavaScript or Python file'],
    ['a config that throws', ['verify', 'throws.mjs'], 'no driver'],
    ['a dialect field', ['verify', 'dialect.mjs'], "Did you mean 'iterations'?"],
    ['an operation in a file', ['verify', 'operation.mjs'], "Did you mean 'sinkhorn'?"],
    ['claims and operations that exclude each other', ['verify', '-o', 'stack', '-p', 'streams/read-parity'], 'Loosen'],
  ])('%s', async (_, args, text) => {
    const { code, stdout, stderr } = await plumbline(folder, args);
    expect(stderr).toContain(text);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('a run that did not check everything never looks like a pass', () => {
  it('no claim is about the kernels: 5', async () => {
    const folder = folderWith({ 'kernels.mjs': kernelFile() });
    const { code, stdout } = await plumbline(folder, ['verify', 'kernels.mjs', '-p', 'sinkhorn/*', ...brief]);
    expect(stdout).toContain('Nothing ran');
    expect(code).toBe(5);
  });

  it('no targets: 5', async () => {
    const { code } = await plumbline(folderWith({ 'none.mjs': 'export default { targets: {} };' }), ['verify', 'none.mjs', ...brief]);
    expect(code).toBe(5);
  });

  it('time is up: 5, with what was left undone', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['verify', '-t', 'reference', '-o', 'sinkhorn', '--max-time', '1ms', '--seed', '7']);
    expect(stdout).toMatch(/skipped reference sinkhorn\//);
    expect(code).toBe(5);
  });

  it('a target that was asked for is unavailable: 4, with the remedy', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['verify', '-t', 'reference,tfjs-webgpu', '-p', 'streams/read-parity', ...brief]);
    expect(stdout).toContain('unavailable tfjs-webgpu');
    expect(code).toBe(4);
  });

  it('a configuration that waits for ever: 3', async () => {
    const { code, stderr } = await plumbline(folderWith({ 'stuck.mjs': 'await new Promise(() => {}); export default {};' }), ['verify', 'stuck.mjs']);
    expect(stderr).toContain('ended before it was finished');
    expect(code).toBe(3);
  });

  it('a kernel that ends the process: 3', async () => {
    const { code, stderr } = await plumbline(folderWith({ 'exits.mjs': kernelFile('process.exit(0);') }), ['verify', 'exits.mjs', ...brief]);
    expect(stderr).toContain('ended before it was finished');
    expect(code).toBe(3);
  });

  it('Ctrl-C: 130, with a partial report', async () => {
    const slow = kernelFile('return new Promise((resolve) => setTimeout(resolve, 150, { layerInput }));');
    const folder = folderWith({ 'slow.mjs': slow });
    const { code, stdout, stderr } = await plumbline(folder, ['verify', 'slow.mjs', '-e', 'thorough', '--reporter', 'json', '--output-file', '-'], {}, (child) => {
      child.stderr!.once('data', () => setTimeout(() => child.kill('SIGINT'), 400)); // the target is open: the run has begun
    });
    const report = JSON.parse(stdout) as Report;
    expect(stderr).toContain('Ctrl-C again');
    expect(report.interrupted).toBe(true);
    expect(report.results.some(({ status }) => status === 'incomplete' || status === 'skipped')).toBe(true);
    expect(code).toBe(130);
  });

  it('Ctrl-C reaches kernels that answer at once, on both cores', async () => {
    const args = ['verify', '-t', 'reference,tfjs-cpu', '-e', 'thorough', '-s', '1', '--reporter', 'json', '--output-file', '-'];
    const { code, stdout } = await plumbline(folderWith({}), args, {}, (child) => {
      child.stderr!.once('data', () => setTimeout(() => child.kill('SIGINT'), 1500));
    });
    const report = JSON.parse(stdout) as Report;
    expect(report.interrupted).toBe(true);
    expect(new Set(report.results.map(({ target }) => target))).toEqual(new Set(['reference', 'tfjs-cpu']));
    expect(code).toBe(130);
  });

  it('Ctrl-C twice: 130 at once', async () => {
    const folder = folderWith({ 'stuck.mjs': kernelFile('return new Promise((resolve) => setTimeout(resolve, 60_000, { layerInput }));') });
    const started = performance.now();
    const { code } = await plumbline(folder, ['verify', 'stuck.mjs', '--call-timeout', '1h'], {}, (child) => {
      child.stderr!.once('data', () => {
        setTimeout(() => child.kill('SIGINT'), 300);
        setTimeout(() => child.kill('SIGINT'), 600);
      });
    });
    expect(code).toBe(130);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('other questions', () => {
  it('--list says what would be checked, without running it', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.mjs': kernelFile() }), ['verify', 'kernels.mjs', '--list']);
    expect(stdout).toMatch(/^kernels\n(.*\n)* {2}streams\/read-parity {2}\S/);
    expect(stdout).toMatch(/\d+ claims would be checked\n$/);
    expect(code).toBe(0);
  });

  it('--print-config shows what is in force: flags over configuration over defaults', async () => {
    const folder = folderWith({ 'plumbline.config.mjs': `export default { effort: 'quick', seed: 5, maxTime: '2m' };` });
    const { stdout } = await plumbline(folder, ['verify', '--print-config', '--seed', '6', '-t', 'reference', '-p', '*read-parity']);
    expect(JSON.parse(stdout)).toMatchObject({ effort: 'quick', seed: 6, maxTimeMs: 120_000, callTimeoutMs: 10_000, targets: ['reference'], properties: ['streams/read-parity'], loaded: ['plumbline.config.mjs'] });
  });

  it('--help has examples and the exit codes', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['verify', '--help']);
    expect(stdout).toContain('$ plumbline verify kernels.ts');
    expect(stdout).toContain('130  interrupted');
    expect(code).toBe(0);
  });

  it('colours follow the conventions', async () => {
    const args = ['verify', '-t', 'reference', '-p', 'streams/read-parity', ...brief];
    const coloured = async (env: Record<string, string>, ...more: string[]): Promise<boolean> => (await plumbline(folderWith(), [...args, ...more], env)).stdout.includes('\u001b');
    expect(await coloured({})).toBe(false);
    expect(await coloured({ FORCE_COLOR: '1' })).toBe(true);
    expect(await coloured({ FORCE_COLOR: '1' }, '--no-color')).toBe(false);
  });
});
