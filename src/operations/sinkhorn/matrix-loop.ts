/**
 * The half-steps of a straight dialect on 4×4 matrices in vector registers, as many matrices at a time as a vector has lanes: sixteen entries of 16 bytes each are loaded, changed, stored, and the next ones come.
 * What a step is made of is the caller's: f64x2 (simd.ts), f32x4 (kernels/reference/sinkhorn-quads.ts).
 */
import { advance, get, integer, load, repeat, set, store, type Code, type WasmFunction } from '../../numerics/webassembly.ts';
import type { SinkhornDialect } from './dialect.ts';
import { loopOf, type Step } from './steps.ts';

/** Parameters and locals of the one function. */
const [vectors, loops, pointer, counter] = [0, 1, 2, 3];
/** The local of entry k of a matrix. */
export const entry = (k: number): number => 4 + k;
/** A local for what a line is divided by. */
export const divisor = (line: number): number => 20 + line;
export const all: readonly number[] = [...Array.from({ length: 16 }).keys()];
/** Bytes of the sixteen entries. */
export const matrixBytes = 256;

/** A function `run(vectors, times)` on matrices from byte 0 on, and the `times` it is to be called with; `stepCode` changes the locals. */
export function matrixLoop(dialect: SinkhornDialect, stepCode: (step: Step) => Code): { run: WasmFunction; times: number } {
  const { prefix, body, times } = loopOf(dialect);
  const one = [
    ...all.flatMap((k) => set(entry(k), load(pointer, 16 * k))),
    ...prefix.flatMap(stepCode),
    ...(body.length === 0 ? [] : [...set(counter, get(loops)), ...repeat(counter, body.flatMap(stepCode))]),
    ...all.flatMap((k) => store(pointer, 16 * k, get(entry(k)))),
    ...advance(pointer, matrixBytes),
  ];
  return { run: { name: 'run', parameters: 2, integers: 2, pairs: 20, body: [...set(pointer, integer(0)), ...repeat(vectors, one)] }, times };
}
