/** What a device does wrong has a name, and nothing waits for ever. */
import { afterAll, describe, expect, it } from 'vitest';

import { tensorPlan } from '../../../../src/kernels/webgpu/frame.ts';
import { makeResident, openDevice } from '../../../../src/kernels/webgpu/index.ts';
import { gridOf, partsOf } from '../../../../src/kernels/webgpu/plan.ts';
import { tensor } from '../../../../src/index.ts';
import { folderWith, plumbline } from '../../../cli/cli.ts';
import { opened } from './support.ts';

const gpu = await openDevice();
afterAll(() => gpu.close());

const sizes = (tokens: number): { tokens: number; streams: number; channels: number; depth: number } => ({ tokens, streams: 4, channels: 1, depth: 1 });
const plan = (code: string, tokens = 1, elements = 16): ReturnType<typeof tensorPlan> =>
  tensorPlan(sizes(tokens), { label: 'a shader', inputs: { a: { elements, dtype: 'f32' } }, outputs: { b: { elements, dtype: 'f32' } }, code, groups: () => 1 });

describe('a device', () => {
  it('says that a shader does not compile, and where', async () => {
    await expect(makeResident(gpu, plan('fn main() { let x = 1 }'))).rejects.toMatchObject({ fault: 'bad-shader', message: expect.stringMatching(/a shader does not compile.*:1:/) as string });
  });

  it('refuses a shader that binds something else', async () => {
    const code = '@group(0) @binding(7) var<storage, read_write> x: array<f32>; @compute @workgroup_size(1) fn main() { x[0] = 1.0; }';
    await expect(makeResident(gpu, plan(code))).rejects.toMatchObject({ fault: 'refused' });
  });

  it('is out of memory where a tensor is larger than a buffer may be', async () => {
    const code = '@group(0) @binding(1) var<storage, read> a: array<f32>; @compute @workgroup_size(1) fn main() { _ = a[0]; }';
    await expect(makeResident(gpu, plan(code, 2 ** 20, 2 ** 12))).rejects.toMatchObject({ fault: 'out-of-memory' });
  });

  it('that is lost ends the calls that wait for it, and those that follow', async () => {
    const target = await opened();
    const { run } = target.kernels()['sinkhorn']!;
    const logits = { logits: tensor(new Float32Array(16 * 4096), [4096, 4, 4]) };
    const waiting = expect(run(logits, sizes(4096))).rejects.toMatchObject({ name: 'TargetUnusable', message: expect.stringContaining('closed') as string });
    await target.close();
    await waiting;
    await expect(run(logits, sizes(4096))).rejects.toMatchObject({ name: 'TargetUnusable' });
  });

  it('that does not exist is reported with what to install', async () => {
    const args = ['verify', '--target', 'webgpu', '--effort', 'quick', '--reporter', 'json', '--output-file', '-'];
    const { code, stdout } = await plumbline(folderWith(), args, { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' });
    const { targets } = JSON.parse(stdout) as { targets: unknown[] };
    expect(targets).toMatchObject([{ name: 'webgpu', status: 'unavailable', reason: 'Dawn finds no GPU.', remedy: expect.stringContaining('mesa-vulkan-drivers') as string }]);
    expect(code).toBe(4);
  });
});

describe('a plan', () => {
  it('is cut into whole blocks whose bytes are aligned, and covers every token once', () => {
    const parts = partsOf(plan('', 1000, 3), 4096);
    expect(parts[0]).toEqual([0, 256]); // 384 tokens of 12 bytes are too many, 128 are half of 3 · 256 · 2
    expect(parts.reduce((sum, [, tokens]) => sum + tokens, 0)).toBe(1000);
    for (const [at] of parts) expect((at * 12) % 256).toBe(0);
    expect(partsOf(plan('', 1000, 3), 100)).toEqual([]);
  });

  it('has no more workgroups in a dimension than a device takes', () => {
    expect(gridOf(65_535, 65_535)).toEqual([65_535, 1]);
    expect(gridOf(65_536, 65_535)).toEqual([32_768, 2]);
    const [x, y] = gridOf(200_001, 65_535);
    expect(x <= 65_535 && x * y >= 200_001 && x * (y - 1) < 200_001).toBe(true);
  });
});
