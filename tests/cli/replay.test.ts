import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { encodeSafetensors } from '../../src/tensor/safetensors.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { folderWith, kernelFile, plumbline } from './cli.ts';

const wrong = kernelFile('layerInput.fill(7);');
const folder = folderWith({ 'kernels.mjs': wrong });
let file = '';

beforeAll(async () => {
  const { code } = await plumbline(folder, ['verify', 'kernels.mjs', '-p', 'streams/read-parity', '--runs', '1', '--seed', '7']);
  expect(code).toBe(1);
  const files = readdirSync(join(folder, '.plumbline/failures'));
  expect(files).toHaveLength(1);
  file = join('.plumbline/failures', files[0]!);
});

describe('replay', () => {
  it('shows the failure again: 1', async () => {
    const { code, stdout } = await plumbline(folder, ['replay', file, '--config', 'kernels.mjs']);
    expect(stdout).toMatch(/✗ streams\/read-parity on kernels\n {2}claim/);
    expect(code).toBe(1);
  });

  it('holds on another target: 0', async () => {
    const { code, stdout } = await plumbline(folder, ['replay', file, '--target', 'reference']);
    expect(stdout).toContain('✓ streams/read-parity holds on reference now');
    expect(code).toBe(0);
  });

  it('holds when the kernel is mended: 0', async () => {
    writeFileSync(join(folder, 'kernels.mjs'), kernelFile());
    const { code, stdout } = await plumbline(folder, ['replay', file, '--config', 'kernels.mjs']);
    writeFileSync(join(folder, 'kernels.mjs'), wrong);
    expect(stdout).toContain('it was stored as wrong-values');
    expect(code).toBe(0);
  });

  it('says how to reach a kernel that is not built in: 2', async () => {
    const { code, stderr } = await plumbline(folder, ['replay', file]);
    expect(stderr).toContain("There is no target 'kernels'.");
    expect(stderr).toContain('--config');
    expect(code).toBe(2);
  });

  const damaged: [string, () => Uint8Array | string, string][] = [
    ['an empty file', () => '', 'Not a whole safetensors file'],
    ['text', () => 'this is not a tensor file at all', 'Not a whole safetensors file'],
    ['a cut file', () => readFileSync(join(folder, file)).subarray(0, 300), 'Not a whole safetensors file'],
    ['a foreign file', () => encodeSafetensors({ weight: tensor([1], [1]) }, { format: 'pt' }), 'not a counterexample'],
  ];
  it.each(damaged)('%s is a clear error: 2', async (_, content, text) => {
    writeFileSync(join(folder, 'damaged.safetensors'), content());
    const { code, stdout, stderr } = await plumbline(folder, ['replay', 'damaged.safetensors']);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('a file that is not there: 2', async () => {
    const { code, stderr } = await plumbline(folder, ['replay', 'none.safetensors']);
    expect(stderr).toContain("Cannot read 'none.safetensors'");
    expect(code).toBe(2);
  });
});
