/** The counterexamples that this project keeps, and `npm run verify` tries first (in a folder that is not the usual one, so that the README's examples show what a search finds): each is small, holds for the reference, and kills the fault that it was found on before anything is drawn. */
import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { rareFaults } from '../../../fixtures/rare-faults/index.ts';
import { properties } from '../../../properties/index.ts';
import { inProcess, referenceKernels, verify, type Report, type TargetDeclaration } from '../../../src/index.ts';
import { readStored } from '../../../src/cli/stored.ts';

const folder = fileURLToPath(new URL('../../../fixtures/rare-faults/counterexamples', import.meta.url));
const files = readdirSync(folder);
const failuresDir = mkdtempSync(join(tmpdir(), 'plumbline-kept-'));
const warnings: string[] = [];
const kept = readStored(folder, (text) => warnings.push(text));

test('every file is read, and none is large', () => {
  expect(warnings).toEqual([]);
  expect(kept).toHaveLength(files.length);
  for (const file of files) expect(statSync(`${folder}/${file}`).size).toBeLessThan(32 * 1024);
});

test.each(kept.map((data) => [data.target, data] as const))('%s is known again, and the reference is right there', async (target, data) => {
  const property = properties.find(({ id }) => id === data.property)!;
  const fault = rareFaults.find(({ name }) => name === target)!;
  const run = (kernels: TargetDeclaration['kernels']): Promise<Report> =>
    verify({ targets: [inProcess(target, { kernels })], properties: [property], effort: 'quick', runs: 1, seed: 1, shrink: false, stored: [data], failuresDir });
  const [wrong, right] = [await run({ [fault.operation]: fault.kernel }), await run({ [fault.operation]: referenceKernels()[fault.operation] })];
  expect(wrong.results).toMatchObject([{ status: 'failed', cases: 1 }]);
  expect(right.results).toMatchObject([{ status: 'passed', cases: 2 }]);
});
