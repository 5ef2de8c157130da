/** The shapes of families, and the dyadic grid that several of them stand on. A family fills the part of a flat array that belongs to one token. */
import type { Random } from '../random.ts';

/** Fills the n×n logits of one token at `offset`. `scale` is about the largest difference that the family makes; `token` counts cases of enumerating families. */
export type LogitsFamily = (out: Float64Array, offset: number, n: number, scale: number, random: Random, token: number) => void;

/** Fills the residual mappings [depth, n, n] of one token at `offset`. */
export type MappingFamily = (out: Float64Array, offset: number, n: number, depth: number, random: Random) => void;

/** Fills a rows×columns matrix at `offset`: streams [n, C], a layer output [1, C], a cotangent. */
export type MatrixFamily = (out: Float64Array, offset: number, rows: number, columns: number, random: Random) => void;

/** Fills n coefficients at `offset`, each between 0 and `limit` (1 for preMapping, 2 for postMapping). */
export type CoefficientFamily = (out: Float64Array, offset: number, n: number, limit: number, random: Random) => void;

/**
 * The step of a dyadic grid: a power of two, at least 1/8, so that `scale` is at most 32 steps and a normal number of that
 * scale at most 111. Seven bits a number: exact in every dtype, and so are sums of two of them.
 */
export function dyadicStep(scale: number): number {
  return 2 ** Math.max(-3, Math.ceil(Math.log2(scale / 32)));
}

/** A normal number of the given scale on the grid of `step`. Never −0. */
export function dyadic(random: Random, scale: number, step: number): number {
  return Math.round((scale * random.normal()) / step) * step + 0;
}
