import { describe, expect, it } from 'vitest';

import { sinkhornPresets } from '../../../../src/index.ts';
import { answered, inputsOf, margin, opened } from './support.ts';

const f32 = await opened();
const bf16 = await opened({ storage: 'bf16' });
const one = { channels: 1, depth: 1 };

describe('sinkhorn', () => {
  it('is within its bound for n = 1…16 and at the edges of workgroups, in f32 and bf16', async () => {
    for (const target of [f32, bf16]) {
      for (let streams = 1; streams <= 16; streams++) {
        for (const tokens of streams === 4 || streams === 3 ? [1, 63, 64, 65] : [3]) {
          const found = await margin(target, 'sinkhorn', { tokens, streams, ...one });
          expect(found.margin, `n = ${streams}, ${tokens} tokens`).toBeLessThanOrEqual(1);
          expect(found.judged).toBe(tokens * streams ** 2);
        }
      }
    }
  });

  it('computes every preset', async () => {
    for (const [name, sinkhorn] of Object.entries(sinkhornPresets)) {
      const target = await opened({ sinkhorn });
      for (const streams of [3, 4]) {
        const found = await margin(target, 'sinkhorn', { tokens: 65, streams, ...one });
        expect(found.margin, `${name}, n = ${streams}`).toBeLessThanOrEqual(1);
        expect(found.judged, name).toBeGreaterThan(32 * streams ** 2);
      }
      await target.close();
    }
  });

  it('gives a matrix the same bits wherever it stands, also where the tokens are cut into parts and the groups into rows', async () => {
    const small = await opened({}, { largestBinding: 128 * 64, mostGroups: 3 });
    const sizes = { tokens: 1000, streams: 4, ...one };
    const inputs = inputsOf(f32, 'sinkhorn', sizes);
    const whole = (await answered(f32, 'sinkhorn', inputs, sizes))['residualMapping']!.data;
    expect((await answered(small, 'sinkhorn', inputs, sizes))['residualMapping']!.data).toEqual(whole);
    const single = { logits: { ...inputs['logits']!, shape: [1, 4, 4], data: inputs['logits']!.data.slice(16 * 777, 16 * 778) } };
    expect((await answered(f32, 'sinkhorn', single, { ...sizes, tokens: 1 }))['residualMapping']!.data).toEqual(whole.slice(16 * 777, 16 * 778));
  });

  it('has the same bits with and without subgroups, also where the last quad is not full', async () => {
    const plain = await opened({}, { quads: false });
    for (const tokens of [1, 2, 3, 5, 127, 130]) {
      for (const operation of ['sinkhorn', 'sinkhorn-vjp'] as const) {
        const sizes = { tokens, streams: 4, ...one };
        const inputs = inputsOf(f32, operation, sizes);
        const [output] = Object.keys(await answered(f32, operation, inputs, sizes));
        expect((await answered(plain, operation, inputs, sizes))[output!]!.data).toEqual((await answered(f32, operation, inputs, sizes))[output!]!.data);
      }
    }
  });

  // cross ratios without ε are for logits whose squares sum to 64 at most; others beside them go another way
  it.each(['paper', 'tilekernels'])('%s is within its bounds for logits near and far from each other in one batch, forward and backward', async (preset) => {
    const sizes = { tokens: 128, streams: 4, ...one };
    for (const iterations of [1, 2, 3, 20, 45]) {
      const target = await opened({ sinkhorn: { ...sinkhornPresets[preset]!, iterations } });
      for (const operation of ['sinkhorn', 'sinkhorn-vjp'] as const) {
        const inputs = inputsOf(target, operation, sizes);
        inputs['logits']!.data.forEach((value, at) => (inputs['logits']!.data[at] = value * [1, 3, 8][Math.floor(at / 16) % 3]!));
        const found = await margin(target, operation, sizes, inputs);
        expect(found.margin, `${operation}, T = ${iterations}`).toBeLessThanOrEqual(1);
        expect(found.judged).toBeGreaterThan(64 * 16);
      }
      await target.close();
    }
  });

  // the derivative keeps what stands before segments of iterations: many of them, a part of one, one alone
  it.each(['paper', 'tilekernels'])('%s: the derivative of as many iterations as there are segments for', async (preset) => {
    const sizes = { tokens: 65, streams: 4, ...one };
    for (const iterations of [7, 8, 21, 41, 200, 256]) {
      const target = await opened({ sinkhorn: { ...sinkhornPresets[preset]!, iterations } });
      const found = await margin(target, 'sinkhorn-vjp', sizes);
      expect(found.margin, `T = ${iterations}`).toBeLessThanOrEqual(1);
      expect(found.judged).toBeGreaterThan(16);
      await target.close();
    }
  });

  it.each([
    ['a temperature, without epsilon', { ...sinkhornPresets['paper']!, temperature: 0.25 }],
    ['a temperature, with epsilon', { ...sinkhornPresets['tilekernels']!, temperature: 3 }],
    ['columns last, from exponentials', { ...sinkhornPresets['paper']!, lastNormalised: 'columns' }],
    ['rows last, with epsilon', { ...sinkhornPresets['tilekernels']!, lastNormalised: 'rows' }],
    ['a softmax without epsilon', { ...sinkhornPresets['tilekernels']!, epsilon: 0, epsilonInStart: false, divisor: 'plain' }],
    ['an epsilon that is too large for cross ratios', { ...sinkhornPresets['tilekernels']!, epsilon: 0.01 }],
    ['the maximum of the matrix', { ...sinkhornPresets['paper']!, stabilisation: 'matrix-max' }],
  ] as const)('of 4 × 4 with %s is within its bounds, forward and backward', async (_name, sinkhorn) => {
    const target = await opened({ sinkhorn });
    const sizes = { tokens: 65, streams: 4, ...one };
    for (const operation of ['sinkhorn', 'sinkhorn-vjp'] as const) {
      const found = await margin(target, operation, sizes);
      expect(found.margin, operation).toBeLessThanOrEqual(1);
      expect(found.judged).toBe(65 * 16);
    }
    await target.close();
  });

  it('has the same bits where its tensors are larger than a buffer may be, and is run in several calls', async () => {
    for (const storage of ['f32', 'bf16'] as const) {
      const [large, small] = [await opened({ storage }), await opened({ storage }, { largestBuffer: 16 * 256 })];
      for (const streams of [3, 4]) {
        const sizes = { tokens: 1001, streams, ...one };
        const inputs = inputsOf(large, 'sinkhorn', sizes);
        expect((await answered(small, 'sinkhorn', inputs, sizes))['residualMapping']!.data).toEqual((await answered(large, 'sinkhorn', inputs, sizes))['residualMapping']!.data);
      }
      const sizes = { tokens: 300, streams: 4, channels: 8, depth: 1 };
      const inputs = inputsOf(small, 'mappings-vjp', sizes);
      await expect(answered(small, 'mappings-vjp', inputs, sizes)).rejects.toMatchObject({ outcome: 'out-of-memory' }); // sums over tokens are not taken in parts
    }
  });
});
