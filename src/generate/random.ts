/**
 * Counter-based random numbers: a stream is a pure function of its seed words, so the values of one token do not depend on
 * which other tokens are in the batch. That is what lets the shrinker drop tokens without changing the rest; a sequential
 * generator (pure-rand) would have to be jumped for every token. Mixing function: the finaliser of MurmurHash3.
 */
export class Random {
  private counter = 0;
  private readonly key: number;

  constructor(...seed: readonly number[]) {
    this.key = seed.reduce((hash, word) => mix(Math.imul(hash, 0x9e3779b1) + (word >>> 0)), 0x2545f491);
  }

  /** 32 random bits. */
  bits(): number {
    this.counter = (this.counter + 0x9e3779b9) >>> 0;
    return mix(this.counter ^ this.key);
  }

  /** A number in [0, 1), a multiple of 2⁻³². */
  uniform(): number {
    return this.bits() * 2 ** -32;
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  /** An integer in [from, to]. */
  integer(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** Mean 0, variance 1: the sum of four uniforms, scaled. Bell-shaped with tails that end at 3.46. */
  normal(): number {
    const a = this.bits();
    const b = this.bits();
    const sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16);
    return (sum - 131070) * (Math.sqrt(3) / 65536);
  }

  sign(): number {
    return this.bits() & 1 ? 1 : -1;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A random permutation of 0 … length − 1. */
  permutation(length: number): number[] {
    const order = Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}

/** A 32-bit seed from a text, for seeds that follow from names. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash >>> 0);
}

function mix(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
