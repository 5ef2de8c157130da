/** How each tfjs backend rounds. The measurements are described, and can be repeated, in the README of this folder. */
import type { ArithmeticInput } from '../../numerics/arithmetic.ts';

export const tfjsBackends = ['cpu', 'wasm', 'node', 'node-gpu', 'webgpu'] as const;
export type TfjsBackend = (typeof tfjsBackends)[number];

export const tfjsArithmetic: Readonly<Record<TfjsBackend, ArithmeticInput>> = {
  cpu: {
    preset: 'ieee-f32',
    source: 'tfjs-backend-cpu 4.22: each operation in f64 JavaScript, its result rounded to f32; exp, log, rsqrt and sigmoid as JavaScript has them, 1.0 u after rounding (measured)',
  },
  wasm: {
    preset: 'ieee-f32',
    source:
      'tfjs-backend-wasm 4.22: IEEE f32 operations; exp and log of musl, 1.00 u and 1.32 u; rsqrt 1.50 u; sigmoid composed of them, 4.56 u; softmax of XNNPACK: polynomial exp, 3.10 u (all measured), results below 2⁻¹²⁶ flushed, one rounded reciprocal per line',
    exp: { constant: 4, slope: 0 },
    division: { perLine: 1, perEntry: 1 },
    flushToZero: true,
  },
  node: {
    preset: 'ieee-f32',
    source:
      'libtensorflow 2.9.1 on CPU (Eigen): IEEE f32 operations; exp 2.00 u, inside softmax 3.98 u; log 4.36 u; rsqrt 3.65 u; sigmoid 3.40 u; softmax by one rounded reciprocal per line (all measured); subnormal operands and results flushed',
    exp: { constant: 4, slope: 0 },
    log: { relative: 5, absolute: 0 },
    inverseSqrt: 4,
    division: { perLine: 1, perEntry: 1 },
    flushToZero: true,
  },
  'node-gpu': {
    preset: 'cuda-f32',
    source: 'libtensorflow 2.9.1 on CUDA, TF32 switched off: CUDA C++ Programming Guide, expf 2 ULP, logf 1 ULP; subnormals flushed; not measured, the library could not be loaded where this was written',
    flushToZero: true,
  },
  webgpu: 'wgsl-f32',
};

/** Backends that were seen to give a token the same bits whatever its batch is. The others choose algorithms by shape. */
export const batchInvariantBackends: ReadonlySet<TfjsBackend> = new Set(['cpu', 'wasm']);
