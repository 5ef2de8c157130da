import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { pythonWith } from '../python.ts';
import { folderWith, plumbline } from './cli.ts';

const python = pythonWith('numpy');

describe('init', () => {
  it('--python writes at most 15 lines that verify at once, with the command that it prints', async () => {
    const folder = folderWith();
    const { code, stdout } = await plumbline(folder, ['init', '--python']);
    expect(code).toBe(0);
    expect(readFileSync(join(folder, 'kernels.py'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(15);
    const next = /Next:\n {2}\S.* (verify .*)\n/.exec(stdout)![1]!;
    const verified = await plumbline(folder, [...next.split(' '), '--seed', '1', '--runs', '2', '--python', python]);
    expect(verified.stdout).toMatch(/\b4\d passed/);
    expect(verified.code).toBe(0);
  });

  it('writes a configuration that verifies at once, with the command that it prints', async () => {
    const folder = folderWith();
    const { code, stdout } = await plumbline(folder, ['init']);
    expect(code).toBe(0);
    const next = /Next:\n {2}\S.* (verify .*)\n/.exec(stdout)![1]!;
    const verified = await plumbline(folder, [...next.split(' '), '--seed', '1']);
    expect(verified.stdout).toContain('18 passed');
    expect(verified.code).toBe(0);
  });

  it.each([[['--python'], 'kernels.py'], [[], 'plumbline.config.ts'], [['--python', '--ci'], '.github/workflows/plumbline.yml']])('%s never writes over %s: 2', async (args, file) => {
    const folder = folderWith();
    await plumbline(folder, ['init', ...args]);
    writeFileSync(join(folder, file), 'mine');
    const { code, stderr } = await plumbline(folder, ['init', ...args]);
    expect(stderr).toContain(`'${file}' is there already; nothing was written.`);
    expect(code).toBe(2);
    expect(readFileSync(join(folder, file), 'utf8')).toBe('mine');
    expect((await plumbline(folder, ['init', ...args, '--force'])).code).toBe(0);
    expect(readFileSync(join(folder, file), 'utf8')).not.toBe('mine');
  });

  it('--ci adds a workflow beside kernels that are there', async () => {
    const folder = folderWith({ 'kernels.py': 'mine' });
    expect((await plumbline(folder, ['init', '--python', '--ci'])).code).toBe(0);
    expect(readFileSync(join(folder, 'kernels.py'), 'utf8')).toBe('mine');
    expect(existsSync(join(folder, '.github/workflows/plumbline.yml'))).toBe(true);
  });

  it('--help has examples', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['init', '--help']);
    expect(stdout).toContain('$ plumbline init --python');
    expect(code).toBe(0);
  });
});

describe('--python', () => {
  it('wins over $PLUMBLINE_PYTHON', async () => {
    const folder = folderWith();
    await plumbline(folder, ['init', '--python']);
    const args = ['verify', 'kernels.py', '--property', 'sinkhorn/positivity', '--runs', '1'];
    expect((await plumbline(folder, args, { PLUMBLINE_PYTHON: '/nonexistent/python' })).code).toBe(4);
    expect((await plumbline(folder, [...args, '--python', python], { PLUMBLINE_PYTHON: '/nonexistent/python' })).code).toBe(0);
  });

  it('an interpreter that is not there is named, with the remedy: 4', async () => {
    const folder = folderWith();
    await plumbline(folder, ['init', '--python']);
    const { code, stdout } = await plumbline(folder, ['verify', 'kernels.py', '--python', '/nonexistent/python', '--reporter', 'default']);
    expect(stdout).toMatch(/There is no program '\/nonexistent\/python' here: install it, or name another \(for Python: --python/);
    expect(code).toBe(4);
  });

  it('is in the replay line, which then works', async () => {
    const folder = folderWith();
    await plumbline(folder, ['init', '--python']);
    const file = join(folder, 'kernels.py');
    writeFileSync(file, readFileSync(file, 'utf8').replace('range(19)', 'range(18)'));
    const { stdout } = await plumbline(folder, ['verify', 'kernels.py', '--python', python, '--property', 'sinkhorn/reference-parity', '--seed', '1', '--runs', '1', '--reporter', 'default']);
    const line = / {2}replay {4}\S.*? (replay .*)\n/.exec(stdout)![1]!;
    expect(line).toContain(`--python ${python}`);
    const { code, stdout: again } = await plumbline(folder, line.split(' '));
    expect(again).toContain('✗ sinkhorn/reference-parity on kernels');
    expect(code).toBe(1);
  });
});
