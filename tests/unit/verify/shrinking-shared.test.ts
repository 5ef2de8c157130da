/** What is left of a failing case of an operation with parameters that all tokens share: a handful of numbers, parameters included. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { plantedFaults } from '../../../fixtures/planted-faults/index.ts';
import { properties } from '../../../properties/index.ts';
import { inProcess } from '../../../src/targets/in-process.ts';
import { valuesOf } from '../../../src/tensor/tensor.ts';
import { readCounterexample } from '../../../src/verify/counterexample-file.ts';
import { verify } from '../../../src/verify/verify.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-shrinking-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['mappings-post-multiplier-one', 'mappings/parity', 1, 0],
  ['mappings-scales-rotated', 'mappings/parity', 1, 4],
  ['mappings-k-tail', 'mappings/picked-inputs', 1, 4],
  ['mappings-weight-twice', 'mappings/folding', 1, 4],
  ['mappings-vjp-rms-held', 'mappings/vjp-parity', 1, 4],
  ['mappings-vjp-averaged', 'mappings/gradient-batches', 2, 2],
] as const)('%s, found by %s', async (name, id, tokens, most) => {
  const { operation, kernel } = plantedFaults.find((fault) => fault.name === name)!;
  const report = await verify({
    targets: [inProcess('planted', { kernels: { [operation]: kernel } })],
    properties: properties.filter((property) => property.id === id),
    effort: 'quick',
    seed: 1,
    failuresDir: folder,
  });
  const counterexample = report.results[0]!.counterexample!;
  expect(counterexample.kernelCalls).toBeLessThanOrEqual(100);
  expect(counterexample.problems).toBe(tokens);
  const { inputs } = readCounterexample(counterexample.file);
  const nonZero = Object.values(inputs).reduce((sum, input) => sum + valuesOf(input).filter((value) => value !== 0).length, 0);
  expect(nonZero, counterexample.typed).toBeLessThanOrEqual(most);
});
