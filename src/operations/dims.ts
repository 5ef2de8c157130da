/**
 * The dimensions of ports: sizes, and lengths that follow from them. A derived dimension is a row of blocks, each a product of sizes, so that
 * one rule tells how long it is, which index belongs to which stream or channel, and what is left of it when streams or channels are left out.
 */
import type { SizeName, Sizes } from './operation.ts';
import { permutationsOf } from './relatives/permutations.ts';

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

/** Dimensions that are no products: how long they are for n streams, and where each index comes from when streams became `picks`. */
const counted = {
  /** The permutations of the streams, n! of them, in lexicographic order. One of the picked streams stands for one that leaves the others alone. */
  permutations: {
    length: (n: number): number => Array.from({ length: n }, (_, i) => i + 1).reduce((product, i) => product * i, 1),
    sources(n: number, picks: readonly number[]): number[] {
      const names = permutationsOf(n).map((permutation) => permutation.join());
      return permutationsOf(picks.length).map((permutation) => {
        const whole = Array.from({ length: n }, (_, i) => i);
        permutation.forEach((image, i) => (whole[picks[i]!] = picks[image]!));
        return names.indexOf(whole.join());
      });
    },
  },
  /** The factors of a Kronecker product of 2×2 matrices, log2 n of them. The last ones are left; the order of streams does not move them. */
  factors: {
    length: (n: number): number => Math.floor(Math.log2(n)),
    sources(n: number, picks: readonly number[]): number[] {
      const [before, after] = [this.length(n), this.length(picks.length)];
      return Array.from({ length: after }, (_, f) => before - after + f);
    },
  },
} as const;
type Counted = keyof typeof counted;

/** Dimensions that are blocks of sizes. */
export type BlockDim = SizeName | keyof typeof derived;
export type Dim = BlockDim | Counted;

function isCounted(dim: Dim): dim is Counted {
  return Object.hasOwn(counted, dim);
}

/** The blocks of a dimension: a size is one block of itself. */
export function blocksOf(dim: BlockDim): readonly (readonly SizeName[])[] {
  return Object.hasOwn(derived, dim) ? derived[dim as keyof typeof derived] : [[dim as SizeName]];
}

/** Length of a dimension. */
export function lengthOf(dim: Dim, sizes: Sizes): number {
  // a size is its own length; asked for every problem
  if (dim === 'streams' || dim === 'tokens' || dim === 'channels' || dim === 'depth') return sizes[dim];
  if (isCounted(dim)) return counted[dim].length(sizes.streams);
  return blocksOf(dim).reduce((sum, block) => sum + block.reduce((product, name) => product * sizes[name], 1), 0);
}

/** Whether a dimension's length depends on a size. */
export function dependsOn(dim: Dim, size: SizeName): boolean {
  if (isCounted(dim)) return size === 'streams';
  return blocksOf(dim).some((block) => block.includes(size));
}

/**
 * For each index of a dimension, after the coordinates along `size` became `picks` (a selection or a permutation of them), the index that it had
 * before. `sizes` are those before.
 */
export function sourcesOf(dim: Dim, sizes: Sizes, size: SizeName, picks: readonly number[]): number[] {
  if (isCounted(dim)) return size === 'streams' ? counted[dim].sources(sizes.streams, picks) : Array.from({ length: lengthOf(dim, sizes) }, (_, i) => i);
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
  if (isCounted(dim)) return [];
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
