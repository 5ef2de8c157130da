/** Every kernel within its bound, where lanes of 16 bytes are filled and where they are not, in f32 and bf16; the same bits for a token wherever it stands. */
import { describe, expect, it } from 'vitest';

import { operations, type OperationId, type Tensor } from '../../../../src/index.ts';
import { isShared } from '../../../../src/operations/operation.ts';
import { answered, inputsOf, margin, opened, tokenOf } from './support.ts';

const f32 = await opened();
const bf16 = await opened({ storage: 'bf16' });
const kernels = Object.keys(f32.kernels()) as OperationId[];

describe.each(kernels)('%s', (operation) => {
  it('is within its bound', { timeout: 300_000 }, async () => {
    for (const target of [f32, bf16]) {
      let judged = 0; // not for each size: two sublayers in bf16 may leave the logits open
      // n = 4 has its own shaders; 8 channels fill lanes in both dtypes, 3 in none; 24 coefficients are one block of the projection, 35 two
      for (const [streams, channels, tokens] of [[4, 8, 1], [4, 3, 65], [1, 8, 63], [3, 3, 5], [5, 8, 2]] as const) {
        const found = await margin(target, operation, { tokens, streams, channels, depth: 2 });
        expect(found.margin, `n = ${streams}, C = ${channels}, ${tokens} tokens`).toBeLessThanOrEqual(1);
        judged += found.judged;
      }
      expect(judged).toBeGreaterThan(0);
    }
  });

  it('gives a token the same bits in parts, in rows of workgroups and alone', { timeout: 300_000 }, async () => {
    const sizes = { tokens: 3000, streams: 4, channels: 8, depth: 1 };
    const inputs = inputsOf(f32, operation, sizes);
    const whole = await answered(f32, operation, inputs, sizes);
    const small = await opened({}, { largestBinding: 2 ** 18, mostGroups: 7 });
    const cut = await answered(small, operation, inputs, sizes);
    const alone = await answered(f32, operation, tokenOf(operation, inputs, 2577), { ...sizes, tokens: 1 });
    for (const port of operations[operation].outputs) {
      const { data } = whole[port.name]!;
      expect(cut[port.name]!.data, port.name).toEqual(data);
      const each = data.length / sizes.tokens;
      if (!isShared(port)) expect(alone[port.name]!.data, port.name).toEqual(data.slice(2577 * each, 2578 * each));
    }
  });
});

// which outputs have one number for each channel
it.each([['stream-read', 'layerInput'], ['stream-write', 'nextStreams'], ['stream-read-vjp', 'streamsGradient'], ['stream-write-vjp', 'streamsGradient'], ['stream-write-vjp', 'layerOutputGradient'], ['stack-vjp', 'streamsGradient']] as const)(
  '%s gives a channel of %s the same bits in lanes of 16 bytes and one by one, zeros with their signs',
  async (operation, output) => {
    for (const target of [f32, bf16]) {
      for (const streams of [1, 3, 4]) {
        const sizes = { tokens: 33, streams, channels: 8, depth: 1 };
        const inputs = inputsOf(target, operation, sizes);
        for (const input of Object.values(inputs)) input.data.forEach((_, at) => at % 3 === 0 && (input.data[at] = at % 2 === 0 ? 0 : input.dtype === 'bf16' ? 0x8000 : -0));
        const five = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.shape.at(-1) === 8 ? firstFive(input) : input]));
        const whole = (await answered(target, operation, inputs, sizes))[output]!;
        expect((await answered(target, operation, five, { ...sizes, channels: 5 }))[output]!.data, `n = ${streams}`).toEqual(firstFive(whole).data);
      }
    }
  },
);

it('takes more than 65,535 workgroups: stream-read-vjp has one for each token', async () => {
  const sizes = { tokens: 65_536 + 3, streams: 1, channels: 4, depth: 1 };
  const found = await margin(f32, 'stream-read-vjp', sizes);
  expect(found.margin).toBeLessThanOrEqual(1);
  expect(found.judged).toBe(sizes.tokens * 5);
});

/** Of the eight channels of each row the first five. */
function firstFive(input: Tensor): Tensor {
  return { ...input, shape: [...input.shape.slice(0, -1), 5], data: input.data.filter((_, at) => at % 8 < 5) };
}
