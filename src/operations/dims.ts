/**
 * The dimensions of ports: sizes, and lengths that follow from them. A derived dimension is a row of blocks, each a product of sizes, so that
 * one rule tells how long it is, which index belongs to which stream or channel, and what is left of it when streams or channels are left out.
 */
import type { SizeName, Sizes } from './operation.ts';

/** Blocks of each derived dimension, in order. */
const derived = {
  /** The flattened streams x' of paper Eq. 7: nC. */
  width: [['streams', 'channels']],
  /** What the projection predicts for a token, n² + 2n numbers: pre | post | residual, the residual row-major. */
  coefficients: [['streams'], ['streams'], ['streams', 'streams']],
  /** One number each for pre, post and residual (the α of paper Eq. 7). */
  mappings: [[], [], []],
  /** One number. */
  one: [[]],
} as const satisfies Readonly<Record<string, readonly (readonly SizeName[])[]>>;

export type Dim = SizeName | keyof typeof derived;

/** The blocks of a dimension: a size is one block of itself. */
export function blocksOf(dim: Dim): readonly (readonly SizeName[])[] {
  return Object.hasOwn(derived, dim) ? derived[dim as keyof typeof derived] : [[dim as SizeName]];
}

/** Length of a dimension. */
export function lengthOf(dim: Dim, sizes: Sizes): number {
  return blocksOf(dim).reduce((sum, block) => sum + block.reduce((product, name) => product * sizes[name], 1), 0);
}

/** Whether a dimension's length depends on a size. */
export function dependsOn(dim: Dim, size: SizeName): boolean {
  return blocksOf(dim).some((block) => block.includes(size));
}

/**
 * For each index of a dimension, after the coordinates along `size` became `picks` (a selection or a permutation of them), the index that it had
 * before. `sizes` are those before.
 */
export function sourcesOf(dim: Dim, sizes: Sizes, size: SizeName, picks: readonly number[]): number[] {
  const sources: number[] = [];
  let start = 0;
  for (const block of blocksOf(dim)) {
    let offsets = [0];
    for (const name of block) {
      const all = Array.from({ length: sizes[name] }, (_, i) => i);
      offsets = offsets.flatMap((offset) => (name === size ? picks : all).map((i) => offset * sizes[name] + i));
    }
    sources.push(...offsets.map((offset) => start + offset));
    start += block.reduce((product, name) => product * sizes[name], 1);
  }
  return sources;
}

/** Coordinates along `size` of one index of a dimension; none where its block has no such size. */
export function coordinatesOf(dim: Dim, sizes: Sizes, size: SizeName, index: number): number[] {
  let start = 0;
  for (const block of blocksOf(dim)) {
    const length = block.reduce((product, name) => product * sizes[name], 1);
    if (index < start + length) {
      let rest = index - start;
      const found: number[] = [];
      for (const name of [...block].reverse()) {
        if (name === size) found.unshift(rest % sizes[name]);
        rest = Math.floor(rest / sizes[name]);
      }
      return found;
    }
    start += length;
  }
  return [];
}
