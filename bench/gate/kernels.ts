/**
 * Kernels for the proof of the gate, each as targets that differ in their work alone: `read-0` goes through its tokens once, `read-3` through 3 % of them again, the same
 * instructions on real tokens, and nothing is scaled. They are loops, which V8 compiles in more than one way: the hard subjects. Everything they need is in this file, so that a copy of it is a copy of them.
 */
import type { KernelDeclaration, KernelRun, TargetDeclaration } from '../../src/targets/kernel.ts';

/** Extra work in per cent. */
export const extras = [0, 3, 5, 10] as const;
export const kinds = ['read', 'write', 'sinkhorn'] as const;
export type Kind = (typeof kinds)[number];

/** 100 tokens, so that a per cent is a token; a call takes 0.1 to 0.6 ms. */
export const workloads = {
  read: { operation: 'stream-read', sizes: { tokens: 100, streams: 4, channels: 256, depth: 1 } },
  write: { operation: 'stream-write', sizes: { tokens: 100, streams: 4, channels: 48, depth: 1 } },
  sinkhorn: { operation: 'sinkhorn', sizes: { tokens: 100, streams: 4, channels: 1, depth: 1 } },
} as const;

const read = (percent: number): KernelRun => ({ preMapping, streams }, { tokens, streams: n, channels }) => {
  const [pre, x] = [preMapping!.data as Float32Array, streams!.data as Float32Array];
  const layerInput = new Float32Array(tokens * channels);
  const all = tokens + Math.round((tokens * percent) / 100);
  for (let turn = 0; turn < all; turn++) {
    const b = turn % tokens;
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum = Math.fround(sum + Math.fround(pre[b * n + i]! * x[(b * n + i) * channels + c]!));
      layerInput[b * channels + c] = sum;
    }
  }
  return { layerInput };
};

const write = (percent: number): KernelRun => ({ residualMapping, postMapping, streams, layerOutput }, { tokens, streams: n, channels }) => {
  const [h, post, x, y] = [residualMapping!.data as Float32Array, postMapping!.data as Float32Array, streams!.data as Float32Array, layerOutput!.data as Float32Array];
  const nextStreams = new Float32Array(tokens * n * channels);
  const all = tokens + Math.round((tokens * percent) / 100);
  for (let turn = 0; turn < all; turn++) {
    const b = turn % tokens;
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < channels; c++) {
        let sum = Math.fround(post[b * n + i]! * y[b * channels + c]!);
        for (let j = 0; j < n; j++) sum = Math.fround(sum + Math.fround(h[(b * n + i) * n + j]! * x[(b * n + j) * channels + c]!));
        nextStreams[(b * n + i) * channels + c] = sum;
      }
    }
  }
  return { nextStreams };
};

const iterations = 20;
const epsilon = Math.fround(1e-6);

const sinkhorn = (percent: number): KernelRun => ({ logits }, { tokens, streams: n }) => {
  const from = logits!.data as Float32Array;
  const residualMapping = new Float32Array(from.length);
  const m = new Float32Array(n * n);
  const divide = (first: number, step: number): void => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum = Math.fround(sum + m[first + k * step]!);
    sum = Math.fround(sum + epsilon);
    for (let k = 0; k < n; k++) m[first + k * step] = m[first + k * step]! / sum;
  };
  const all = tokens + Math.round((tokens * percent) / 100);
  for (let turn = 0; turn < all; turn++) {
    const b = turn % tokens;
    for (let i = 0; i < n; i++) {
      let largest = -Infinity;
      for (let j = 0; j < n; j++) largest = Math.max(largest, from[(b * n + i) * n + j]!);
      let sum = 0;
      for (let j = 0; j < n; j++) {
        m[i * n + j] = Math.exp(from[(b * n + i) * n + j]! - largest);
        sum = Math.fround(sum + m[i * n + j]!);
      }
      for (let j = 0; j < n; j++) m[i * n + j] = Math.fround(m[i * n + j]! / sum) + epsilon;
    }
    for (let j = 0; j < n; j++) divide(j, n);
    for (let t = 1; t < iterations; t++) {
      for (let i = 0; i < n; i++) divide(i * n, 1);
      for (let j = 0; j < n; j++) divide(j, n);
    }
    residualMapping.set(m, b * n * n);
  }
  return { residualMapping };
};

const declare = (percent: number): Record<Kind, Record<string, KernelDeclaration>> => ({
  read: { 'stream-read': { arithmetic: 'ieee-f32', run: read(percent) } },
  write: { 'stream-write': { dialect: { orientation: 'plain' }, arithmetic: 'ieee-f32', run: write(percent) } },
  sinkhorn: { sinkhorn: { dialect: { preset: 'tilekernels', iterations, epsilon: 1e-6 }, arithmetic: 'ieee-f32', run: sinkhorn(percent) } },
});

const targets: Record<string, TargetDeclaration> = Object.fromEntries(extras.flatMap((percent) => kinds.map((kind) => [`${kind}-${percent}`, { kernels: declare(percent)[kind] }] as const)));
export default { targets };
