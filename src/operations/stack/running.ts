/**
 * What the relative bound of a stack leaves out: absolute errors (underflow) that later sublayers carry on, and how large
 * intermediate results can get. Both are vectors of length n that run through the sublayers once (running error analysis, Higham §3.3):
 *   forwards   z_{l+1} = |E_l|·z_l + 1          an absolute error of 1 made at every sublayer, per stream
 *   backwards  the same with |E_l|ᵀ, from the last sublayer down
 * Buffers belong to the analysis and are overwritten by the next token.
 */
import type { Strided } from '../streams/algebra.ts';

/** The magnitude of the effective mapping of sublayer l of a token. */
export type EffectiveMapping = (token: number, sublayer: number) => Strided<Float64Array>;

/** One vector per sublayer boundary 0 … D. */
export class Run {
  private readonly vectors: Float64Array[];
  private readonly n: number;

  constructor(depth: number, n: number) {
    this.n = n;
    this.vectors = Array.from({ length: depth + 1 }, () => new Float64Array(n));
  }

  /** The vector at a boundary: below sublayer `boundary`, above `boundary` − 1. */
  at(boundary: number): Float64Array {
    return this.vectors[boundary]!;
  }

  /** v_{l+1} = |E_l|·v_l + local. The caller has written v_0. */
  forwards(token: number, mapping: EffectiveMapping, local: number): void {
    for (let l = 0; l + 1 < this.vectors.length; l++) this.step(mapping(token, l), false, this.vectors[l]!, this.vectors[l + 1]!, local);
  }

  /** v_l = |E_l|ᵀ·v_{l+1} + local. The caller has written v_D. */
  backwards(token: number, mapping: EffectiveMapping, local: number): void {
    for (let l = this.vectors.length - 2; l >= 0; l--) this.step(mapping(token, l), true, this.vectors[l + 1]!, this.vectors[l]!, local);
  }

  /** The largest entry of all vectors. */
  largest(): number {
    let largest = 0;
    for (const vector of this.vectors) for (const x of vector) largest = Math.max(largest, x);
    return largest;
  }

  private step(mapping: Strided<Float64Array>, transpose: boolean, from: Float64Array, to: Float64Array, local: number): void {
    const row = transpose ? mapping.column : mapping.row;
    const column = transpose ? mapping.row : mapping.column;
    for (let i = 0; i < this.n; i++) {
      let sum = local;
      for (let j = 0; j < this.n; j++) sum += mapping.data[mapping.at + i * row + j * column]! * from[j]!;
      to[i] = sum;
    }
  }
}

/** Largest magnitude (or sum of magnitudes) over the channels of each stream of a token. */
export function overChannels(into: Float64Array, x: Float64Array, token: number, n: number, channels: number, join: (a: number, b: number) => number): void {
  for (let i = 0; i < n; i++) {
    const at = (token * n + i) * channels;
    let joined = 0;
    for (let c = 0; c < channels; c++) joined = join(joined, Math.abs(x[at + c]!));
    into[i] = joined;
  }
}

export const add = (a: number, b: number): number => a + b;
