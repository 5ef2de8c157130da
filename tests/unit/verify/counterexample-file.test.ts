import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { expect, it } from 'vitest';

import { PlumblineError } from '../../../src/errors.ts';
import { encodeSafetensors } from '../../../src/tensor/safetensors.ts';
import { tensor } from '../../../src/tensor/tensor.ts';
import { readCounterexample, writeCounterexample, type CounterexampleData } from '../../../src/verify/counterexample-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-test-'));

const example: CounterexampleData = {
  property: 'sinkhorn/column-sums',
  operation: 'sinkhorn',
  target: 'mine',
  recipe: {
    operation: 'sinkhorn',
    sizes: { tokens: 1, streams: 2, channels: 1, depth: 1 },
    seed: 7,
    families: { logits: 'normal' },
    scale: 4,
    tokens: [0],
    values: { logits: [0, -0, Number.NaN, -Infinity] },
  },
  seed: 4294967295,
  dialect: { iterations: 20, epsilon: 1e-6 },
  arithmetic: 'ieee-f32',
  outcome: 'wrong-values',
  message: 'column 1 sum − 1',
  measured: Number.NaN,
  bound: Infinity,
  plumbline: '0.1.0',
  inputs: { logits: tensor([0, -0, Number.NaN, -Infinity], [1, 2, 2], 'bf16') },
  outputs: { residualMapping: tensor([1, 0, 0, 1], [1, 2, 2], 'f32') },
};

it('reads what it wrote, numbers that JSON lacks included', () => {
  const path = writeCounterexample(join(folder, 'deep', 'er'), example);
  expect(readCounterexample(path)).toEqual(example);
  expect(Object.is(readCounterexample(path).recipe.values!['logits']![1], -0)).toBe(true);
});

it('is named after target, property and content, and leaves no temporary file', () => {
  const dir = mkdtempSync(join(folder, 'names-'));
  const first = writeCounterexample(dir, example);
  expect(basename(first)).toMatch(/^mine-sinkhorn-column-sums-[0-9a-f]{8}\.safetensors$/);
  expect(writeCounterexample(dir, example)).toBe(first);
  expect(writeCounterexample(dir, { ...example, seed: 1 })).not.toBe(first);
  expect(basename(writeCounterexample(dir, { ...example, target: '../../ä b' }))).toMatch(/^b-sinkhorn-column-sums-/);
  expect(readdirSync(dir)).toHaveLength(3);
});

it('refuses a folder that cannot be one', () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  expect(() => writeCounterexample(file, example)).toThrow(expect.objectContaining({ code: 'bad-file' }));
});

function foreign(metadata: Record<string, string>): string {
  const path = join(mkdtempSync(join(folder, 'foreign-')), 'x.safetensors');
  writeFileSync(path, encodeSafetensors({ a: tensor([1], [1]) }, metadata));
  return path;
}
const ours = { format: 'plumbline-counterexample', version: '1' };

it.each<[string, string, string]>([
  ['a file that is not there', join(folder, 'none'), 'Cannot read'],
  ['a folder', folder, 'Cannot read'],
  ['a foreign safetensors file', foreign({ format: 'pt' }), 'not a counterexample'],
  ['a file without metadata', foreign({}), 'not a counterexample'],
  ['another version', foreign({ ...ours, version: '2' }), 'version 2'],
  ['no statement', foreign(ours), 'damaged'],
  ['a statement that is not JSON', foreign({ ...ours, counterexample: '{' }), 'damaged'],
  ['a statement with missing fields', foreign({ ...ours, counterexample: '{"property":"a"}' }), 'recipe'],
])('%s is a clear error', (_, path, reason) => {
  const read = (): unknown => readCounterexample(path);
  expect(read).toThrow(PlumblineError);
  expect(read).toThrow(reason);
});

it('names the file when its bytes are damaged', () => {
  const path = writeCounterexample(folder, example);
  writeFileSync(path, readFileSync(path).subarray(0, 100));
  expect(() => readCounterexample(path)).toThrow(path);
});
