/** `verify` finds every fault that is planted in the WGSL kernels, and each really changes a shader or a plan. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { wgslFaults } from '../../../../fixtures/wgsl-faults/index.ts';
import { properties } from '../../../../properties/index.ts';
import { sinkhornPresets, verify, webgpuTarget } from '../../../../src/index.ts';

test('there are at least fifteen, each by its own name', () => {
  expect(new Set(wgslFaults.map(({ name }) => name)).size).toBe(wgslFaults.length);
  expect(wgslFaults.length).toBeGreaterThanOrEqual(15);
});

test.each(wgslFaults)('$operation: $name', { timeout: 240_000 }, async ({ operation, plant, replan, storage, layer, sinkhorn = 'tilekernels', derivative = 'unrolled' as const, mostGroups, effort = 'quick' as const }) => {
  let planted = 0;
  const rewrite = (code: string): string => {
    const wrong = plant?.(code) ?? code;
    if (wrong !== code) planted++;
    return wrong;
  };
  const replanned: typeof replan = (passes) => {
    const wrong = replan?.(passes) ?? passes;
    if (JSON.stringify(wrong) !== JSON.stringify(passes)) planted++;
    return wrong;
  };
  const target = webgpuTarget(
    { sinkhorn: sinkhornPresets[sinkhorn]!, derivative, ...(storage === undefined ? {} : { storage }), ...(layer === undefined ? {} : { layer }) },
    { rewrite, replan: replanned, ...(mostGroups === undefined ? {} : { mostGroups }) },
  );
  const found = new AbortController(); // one claim that fails is enough
  const report = await verify({
    targets: [target], properties: properties.filter((property) => property.operation === operation), effort, seed: 1, shrink: false, failuresDir: mkdtempSync(join(tmpdir(), 'plumbline-wgsl-')), signal: found.signal,
    onEvent: (event) => void (event.type === 'property-finished' && event.result.status === 'failed' && found.abort()),
  });
  expect(report.targets).toMatchObject([{ status: 'available' }]);
  expect(planted).toBeGreaterThan(0);
  expect(report.totals.failed).toBeGreaterThan(0);
  // by what it computes: a shader or a plan that the device refuses shows nothing
  const outcomes = report.results.flatMap(({ status, counterexample }) => (status === 'failed' ? [counterexample?.outcome] : []));
  expect(outcomes.filter((outcome) => outcome !== 'wrong-values' && outcome !== 'non-finite')).toEqual([]);
});
