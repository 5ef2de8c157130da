/** The errors that src/kernels/tfjs/arithmetic.ts declares, against the backends themselves. PLUMBLINE_STRIDE=1 tries every f32 of the ranges (minutes). */
import type * as tfjs from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';

import { tfjsArithmetic, type TfjsBackend } from '../../../src/kernels/tfjs/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { loaders } from '../../../src/targets/tfjs-backends.ts';
import { alone } from '../../../src/targets/tfjs-engine.ts';
import { unitRoundoff } from '../../../src/tensor/dtype.ts';
import { testedBackends } from './support.ts';

const stride = Number(process.env['PLUMBLINE_STRIDE'] ?? 2003);
const chunk = 2 ** 20;
type Map = (tf: typeof tfjs, x: Float32Array) => tfjs.Tensor;

/** Largest relative error, in u, of `map` over f32 values of one sign with magnitudes from `from` to `to`; also how many were tried. */
async function worst(backend: TfjsBackend, from: number, to: number, sign: 1 | -1, map: Map, exact: (x: number) => number): Promise<{ error: number; tried: number }> {
  const loaded = await loaders[backend]();
  if (!('tf' in loaded)) throw new Error(loaded.reason);
  const [first, last] = new Uint32Array(Float32Array.of(from, to).buffer);
  let error = 0;
  let tried = 0;
  for (let bits = first!; bits <= last!; bits += chunk * stride) {
    const count = Math.min(chunk, Math.floor((last! - bits) / stride) + 1);
    const x = new Float32Array(Uint32Array.from({ length: count }, (_, i) => bits + i * stride).buffer).map((value) => sign * value);
    const y = await alone(loaded.tf, loaded.backend, () => Promise.resolve(loaded.tf.tidy(() => map(loaded.tf, x).dataSync())));
    for (let i = 0; i < count; i++) {
      const expected = exact(x[i]!);
      const relative = Math.abs(y[i]! - expected) / Math.abs(expected) / unitRoundoff.f32;
      if (!(relative <= error)) error = relative;
    }
    tried += count;
  }
  return { error, tried };
}

const exp: Map = (tf, x) => tf.exp(tf.tensor1d(x));
const rsqrt: Map = (tf, x) => tf.rsqrt(tf.tensor1d(x));
const sigmoid: Map = (tf, x) => tf.sigmoid(tf.tensor1d(x));
const log: Map = (tf, x) => tf.log(tf.tensor1d(x));
/** The second entry of softmax([0, x]); below −17.4, where 1 + eˣ rounds to 1, it is the exponential that softmax computes. */
const softmax: Map = (tf, x) => tf.softmax(tf.stack([tf.zeros([x.length]), tf.tensor1d(x)], 1)).slice([0, 1], [x.length, 1]);

describe.each(testedBackends)('tfjs-%s', { timeout: 1_200_000 }, (backend) => {
  const declared = resolveArithmetic(tfjsArithmetic[backend]);

  it('exp is as accurate as declared', async () => {
    for (const { error, tried } of [
      await worst(backend, 2 ** -12, 87.33, -1, exp, Math.exp),
      await worst(backend, 2 ** -12, 88.7, 1, exp, Math.exp),
      await worst(backend, 17.4, 87.33, -1, softmax, Math.exp),
    ]) {
      expect(tried).toBeGreaterThan(5000);
      expect(error).toBeLessThanOrEqual(declared.exp.constant);
    }
  });

  it('log is as accurate as declared', async () => {
    for (const { error, tried } of [await worst(backend, 2 ** -10, 0.9999, 1, log, Math.log), await worst(backend, 1.0001, 32, 1, log, Math.log)]) {
      expect(tried).toBeGreaterThan(5000);
      expect(error).toBeLessThanOrEqual(declared.log.relative);
    }
  });

  it('rsqrt is as accurate as declared', async () => {
    const { error, tried } = await worst(backend, 2 ** -120, 2 ** 120, 1, rsqrt, (x) => 1 / Math.sqrt(x));
    expect(tried).toBeGreaterThan(5000);
    expect(error).toBeLessThanOrEqual(declared.inverseSqrt);
  });

  it('sigmoid is as accurate as declared, and as 1/(1 + exp(−x)) where nothing is declared', async () => {
    const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
    const composed = declared.exp.constant + 1 + declared.division.perLine + declared.division.perEntry;
    for (const { error, tried } of [await worst(backend, 2 ** -12, 80, -1, sigmoid, logistic), await worst(backend, 2 ** -12, 80, 1, sigmoid, logistic)]) {
      expect(tried).toBeGreaterThan(5000);
      expect(error).toBeLessThanOrEqual(declared.sigmoid?.relative ?? composed);
    }
  });

  it('softmax adds a sum, a reciprocal and a product at most', async () => {
    const { error } = await worst(backend, 2 ** -20, 17.4, -1, softmax, (x) => Math.exp(x) / (1 + Math.exp(x)));
    expect(error).toBeLessThanOrEqual(declared.exp.constant + 1 + declared.division.perLine + declared.division.perEntry);
  });

  it('subnormal results of softmax are kept, or flushed where that is declared', async () => {
    const loaded = await loaders[backend]();
    if (!('tf' in loaded)) throw new Error(loaded.reason);
    const y = await alone(loaded.tf, loaded.backend, () => Promise.resolve(loaded.tf.tidy(() => softmax(loaded.tf, Float32Array.of(-88, -95)).dataSync())));
    expect(Array.from(y, (value) => value === 0)).toEqual([declared.flushToZero, declared.flushToZero]);
  });
});
