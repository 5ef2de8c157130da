/** Stacks of any depth, forward and backward: within their bounds, and nothing of a sublayer's streams is kept. */
import { expect, it } from 'vitest';

import { webgpuKernels } from '../../../../src/kernels/webgpu/index.ts';
import { bytesFor } from '../../../../src/kernels/webgpu/plan.ts';
import { sinkhornPresets } from '../../../../src/index.ts';
import { inputsOf, margin, opened } from './support.ts';

const targets = [await opened(), await opened({ storage: 'bf16' }), await opened({ sinkhorn: sinkhornPresets['paper']! })];

it.each(['stack', 'stack-vjp'] as const)('%s is within its bound from one sublayer to hundreds', { timeout: 120_000 }, async (operation) => {
  for (const target of targets) {
    for (const [streams, channels, depth] of [[4, 16, 1], [4, 16, 257], [1, 5, 40], [16, 3, 12], [7, 8, 3], [2, 2048, 2]] as const) {
      const sizes = { tokens: 3, streams, channels, depth };
      const inputs = inputsOf(target, operation, sizes);
      const mappings = inputs['residualMappings']!; // rows add up to 1 about, so that hundreds stay in range
      inputs['residualMappings'] = { ...mappings, data: (mappings.data as Float32Array).map((x) => (2 * x) / streams) };
      const found = await margin(target, operation, sizes, inputs);
      expect(found.margin, `n = ${streams}, C = ${channels}, D = ${depth}`).toBeLessThanOrEqual(1);
      expect(found.judged).toBeGreaterThan(3 * streams * channels);
    }
  }
});

it('the derivative keeps twice the mappings, whatever the channels', () => {
  const { plan } = webgpuKernels()['stack-vjp']!;
  const scratch = (depth: number, channels: number): number =>
    Object.values(plan({ tokens: 1, streams: 4, channels, depth }).buffers).filter(({ role }) => role === 'scratch').reduce((sum, buffer) => sum + bytesFor(buffer, 1), 0);
  expect(scratch(100, 4096)).toBe(scratch(100, 8));
  expect(scratch(100, 8) - scratch(50, 8)).toBe(2 * 50 * 16 * 4);
});
