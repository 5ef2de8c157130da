/** A kernel that changes an input is seen at the element, whatever was called before: larger, smaller, of another dtype, or while another call is in flight. */
import { expect, test } from 'vitest';

import { operations, type KernelRun, type Tensor } from '../../../src/index.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';
import { KernelCaller } from '../../../src/verify/call.ts';

const sizes = (tokens: number) => ({ tokens, streams: 2, channels: 1, depth: 1 });
const logits = (tokens: number): { logits: Float64Array } => ({ logits: Float64Array.from({ length: 4 * tokens }, (_, k) => k) });
const answer = (tokens: number): Record<string, Float32Array> => ({ residualMapping: new Float32Array(4 * tokens).fill(0.5) });

function callerOf(run: KernelRun): KernelCaller {
  return new KernelCaller(resolveKernel(operations.sinkhorn, { dialect: 'tilekernels', arithmetic: 'ieee-f32', run }, 'test'), run, 1000);
}

/** Adds nothing but a sign to element `at`, where there is one: −0 is another number than 0. */
function spoil(t: Tensor, at: number): void {
  if (at < t.data.length) (t.data as Float32Array)[at] = -(t.data as Float32Array)[at]!;
}

test('at the first call and later ones, of every size', async () => {
  let at = -1;
  const caller = callerOf((inputs, { tokens }) => {
    if (at >= 0) spoil(inputs['logits']!, at);
    return answer(tokens);
  });
  for (const [tokens, place] of [[3, -1], [3, 0], [9, 35], [2, 7], [9, -1], [2, 5], [20_000, 79_999], [20_000, -1], [1, 3]] as const) {
    at = place;
    const call = caller.call(logits(tokens), sizes(tokens));
    if (place < 0) await call;
    else await expect(call).rejects.toThrow(`The kernel changed its input 'logits' at element ${place}.`);
  }
});

test('while another call is in flight', async () => {
  const waiting: (() => void)[] = [];
  const caller = callerOf(async (inputs, { tokens }) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    if (tokens === 2) spoil(inputs['logits']!, 6);
    return answer(tokens);
  });
  const calls = [caller.call(logits(3), sizes(3)), caller.call(logits(2), sizes(2)), caller.call(logits(4), sizes(4))];
  while (waiting.length < 3) await new Promise(setImmediate);
  for (const release of [waiting[1]!, waiting[0]!, waiting[2]!]) release();
  expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
