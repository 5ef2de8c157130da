/** The projection in tiles: within its bound where tokens and slices of columns end, both forms with the same bits, and the same bits for a token wherever it stands. */
import { describe, expect, it } from 'vitest';

import { mappingsPresets, type Tensor } from '../../../../src/index.ts';
import { answered, inputsOf, margin, opened, tokenOf } from './support.ts';

const perStream = { norm: 'per-stream' as const };
const exact = { projectionRounding: 'exact' as const };

describe.each([
  ['f32, rounded to TF32', {}, { tokens: 3, streams: 4, channels: 16, depth: 1 }],
  ['f32, exact', { mappings: exact }, { tokens: 131, streams: 4, channels: 96, depth: 1 }],
  ['f32, two slices of columns, the second of one chunk', { mappings: exact }, { tokens: 2, streams: 4, channels: 1040, depth: 1 }],
  ['f32, a norm for each stream', { mappings: { ...exact, ...perStream } }, { tokens: 5, streams: 4, channels: 64, depth: 1 }],
  ['bf16', { storage: 'bf16' as const }, { tokens: 65, streams: 4, channels: 64, depth: 1 }],
  ['bf16, two slices', { storage: 'bf16' as const }, { tokens: 1, streams: 4, channels: 1040, depth: 1 }],
] as const)('%s', (_, options, sizes) => {
  it.each(['mappings', 'mappings-vjp'] as const)('%s is within its bound, and has the same bits with loops and without', { timeout: 300_000 }, async (operation) => {
    const [loops, written] = [await opened(options, { writtenOut: false }), await opened(options, { writtenOut: true, rewrite: (code, label) => (label.startsWith('projection in tiles') && /for \(var (step|r|k) /.test(code) ? '' : code) })];
    const inputs = inputsOf(loops, operation, sizes);
    const found = await margin(loops, operation, sizes, inputs);
    expect(found.margin).toBeLessThanOrEqual(1);
    expect(found.judged).toBeGreaterThan(0);
    if (operation === 'mappings') expect(bitsOf(await answered(written, operation, inputs, sizes))).toEqual(bitsOf(await answered(loops, operation, inputs, sizes)));
  });
});

it('gives a token the same bits alone and in every place of a tile', { timeout: 300_000 }, async () => {
  const target = await opened({ mappings: exact });
  const sizes = { tokens: 261, streams: 4, channels: 1040, depth: 1 };
  const inputs = inputsOf(target, 'mappings', sizes);
  const whole = await answered(target, 'mappings', inputs, sizes);
  for (const token of [0, 3, 63, 64, 260]) {
    const alone = await answered(target, 'mappings', tokenOf('mappings', inputs, token), { ...sizes, tokens: 1 });
    for (const [name, { data }] of Object.entries(alone)) expect(data, `${name} of token ${token}`).toEqual(whole[name]!.data.slice(token * data.length, (token + 1) * data.length));
  }
});

it('knows the preset that it is tested with', () => {
  expect(mappingsPresets['tilekernels']!.projectionRounding).not.toBe('exact');
});

function bitsOf(outputs: Readonly<Record<string, Tensor>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}
