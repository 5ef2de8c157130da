/**
 * The arithmetics under which a candidate is tried, tightest first; each allows what the one before allows, so the last refutes least.
 * Which storage is possible is read off the answers themselves: a number with more than 8 significant bits was not stored as bf16.
 */
import { arithmeticPresets, type Arithmetic } from '../numerics/arithmetic.ts';
import { roundTo } from '../tensor/codecs.ts';
import type { Dtype } from '../tensor/dtype.ts';

export interface Ladder {
  /** The coarsest dtype that holds every answer. */
  readonly storage: Dtype;
  readonly rungs: readonly Arithmetic[];
  /** What the kernel declares, with the storage that was seen: where candidates are tried first. */
  readonly declared: Arithmetic;
}

const f32Rungs = ['ieee-f32', 'cuda-f32', 'cuda-fastmath', 'wgsl-f32'];
const coarsestFirst: readonly Dtype[] = ['bf16', 'f16', 'f32', 'f64'];

/** The coarsest dtype in which all finite values are exact. */
export function storageOf(values: Float64Array): Dtype {
  return coarsestFirst.find((dtype) => values.every((value) => !Number.isFinite(value) || roundTo[dtype](value) === value)) ?? 'f64';
}

/** The ladder for some answers. What the kernel itself declares is added where it allows more. */
export function ladderOf(values: Float64Array, declared: Arithmetic): Ladder {
  const storage = storageOf(values);
  const rungs = storage === 'f64' ? [arithmeticPresets['ieee-f64']!] : f32Rungs.map((name) => stored(arithmeticPresets[name]!, storage));
  const last = rungs.at(-1)!;
  const widest = widened(last, declared);
  if (widest !== last) rungs.push(widest);
  // a kernel that declares f64 and returns f32 numbers computes one precision lower
  return { storage, rungs, declared: declared.compute === last.compute ? stored(declared, storage) : rungs[0]! };
}

function stored(arithmetic: Arithmetic, storage: Dtype): Arithmetic {
  if (storage === arithmetic.storage) return arithmetic;
  return { ...arithmetic, name: arithmetic.name === 'ieee-f32' ? `${storage}-storage` : `${arithmetic.name}+${storage}-storage`, storage };
}

/** `last`, with every error that `declared` allows beyond it. */
function widened(last: Arithmetic, declared: Arithmetic): Arithmetic {
  if (declared.compute !== last.compute) return last;
  const wide = largest(last, declared) as Arithmetic;
  return JSON.stringify(wide) === JSON.stringify(last) ? last : { ...wide, name: `${last.name}+declared` };
}

/** Numbers and flags of the second where they are larger, field by field; everything else of the first. */
function largest(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return Math.max(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return a || b;
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a;
  return Object.fromEntries(Object.entries(a).map(([key, value]) => [key, largest(value, (b as Record<string, unknown>)[key])]));
}
