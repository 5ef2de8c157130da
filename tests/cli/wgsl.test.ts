/** The WGSL example through the real command line: right, wrong, and without a GPU. A machine that has none fails here and is told what to install. */
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { BenchReport } from '../../src/perf/results.ts';
import { folderWith, plumbline } from './cli.ts';

const examples = join(import.meta.dirname, '../../examples');
/** A Vulkan loader that finds no driver; the second name is the older. */
const noDriver = { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' };

interface Verified {
  readonly targets: readonly { readonly status: string; readonly reason?: string; readonly remedy?: string }[];
  readonly results: readonly { readonly property: string; readonly status: string }[];
}

async function verified(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<Verified & { code: number | null }> {
  // without a GPU a shader is compiled for each n in seconds, and on a busy machine in many
  const common = ['--effort', 'quick', '--seed', '1', '--call-timeout', '60s', '--reporter', 'json', '--output-file', '-'];
  const { code, stdout } = await plumbline(folderWith(), ['verify', join(examples, name), ...common, ...args], env);
  return { code, ...(JSON.parse(stdout) as Verified) };
}

/** Status by claim. */
async function statuses(name: string, ...args: readonly string[]): Promise<{ code: number | null; found: Map<string, string> }> {
  const { code, targets, results } = await verified(name, args);
  const absent = targets.find(({ status }) => status === 'unavailable');
  if (absent !== undefined) throw new Error(`${absent.reason} ${absent.remedy} Or run .ci/gpu.`);
  return { code, found: new Map(results.map(({ property, status }) => [property, status])) };
}

describe('wgsl_sinkhorn.ts', () => {
  it('is right, forward and backward', { timeout: 600_000 }, async () => {
    const { code, found } = await statuses('wgsl_sinkhorn.ts');
    expect([...found].filter(([, status]) => status !== 'passed' && status !== 'unsupported')).toEqual([]);
    expect([...found.values()].filter((status) => status === 'passed').length).toBeGreaterThanOrEqual(60);
    expect(code).toBe(0);
  });

  it('has a planted fault that is found forward and backward; what does not depend on precision holds', { timeout: 600_000 }, async () => {
    const broken = ['sinkhorn/reference-parity', 'sinkhorn/last-normalised-sums', 'sinkhorn/single-stream', 'gradient/vjp-parity'];
    const whole = ['sinkhorn/row-shift', 'robustness/determinism/sinkhorn', 'robustness/token-independence/sinkhorn-vjp'];
    const { code, found } = await statuses('wgsl_sinkhorn_wrong.ts', '--property', [...broken, ...whole].join(','));
    const expected = [...broken.map((property) => [property, 'failed'] as const), ...whole.map((property) => [property, 'passed'] as const)];
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    expect(code).toBe(1);
  });

  it('is timed on the device, and what was timed is what was verified', { timeout: 600_000 }, async () => {
    const args = ['--operation', 'sinkhorn', '--workload', '*/decode', '--seed', '1', '--time', '50ms', '--call-timeout', '60s', '--reporter', 'json', '--output-file', '-'];
    const { code, stdout, stderr } = await plumbline(folderWith(), ['bench', join(examples, 'wgsl_sinkhorn.ts'), ...args]);
    const { results } = JSON.parse(stdout === '' ? stderr : stdout) as BenchReport;
    expect(results).toMatchObject([{ workload: 'sinkhorn/decode', status: 'timed', clock: 'device', counts: { launches: 1 } }]);
    expect(results[0]!.times!.samples.every((ms) => ms > 0)).toBe(true);
    expect(results[0]!.copy!.share).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('says what to install where there is no GPU', async () => {
    const { code, targets, results } = await verified('wgsl_sinkhorn.ts', [], noDriver);
    expect(targets).toMatchObject([{ status: 'unavailable', reason: 'Dawn finds no GPU.', remedy: expect.stringContaining('mesa-vulkan-drivers') as string }]);
    expect(results).toEqual([]);
    expect(code).toBe(4);
  });
});

describe('verify --effort thorough --target webgpu', () => {
  it('screens problems on the device, and says how many', { timeout: 300_000 }, async () => {
    const args = ['verify', '--target', 'webgpu', '--effort', 'thorough', '--runs', '2', '--seed', '1', '--property', 'sinkhorn/last-normalised-sums', '--no-color'];
    const { code, stdout } = await plumbline(folderWith(), args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ problems, [\d,]+ more screened on the device, in /);
  });
});
