/**
 * Counter-based random numbers: a stream is a pure function of its seed words, so the values of one token do not depend on
 * which other tokens are in the batch. That is what lets the shrinker drop tokens without changing the rest; a sequential
 * generator (pure-rand) would have to be jumped for every token. Mixing function: the finaliser of MurmurHash3.
 */
export class Random {
  private counter = 0; // kept in 32 signed bits: larger integers are slow in JavaScript
  private readonly key: number;

  constructor(...seed: readonly number[]) {
    let key = 0x2545f491;
    for (let i = 0; i < seed.length; i++) key = mix((Math.imul(key, goldenRatio) + seed[i]!) | 0);
    this.key = key;
  }

  /** 32 random bits, as an integer from 0. */
  bits(): number {
    return this.word() >>> 0;
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

  /** Mean 0, variance 1, in about 2¹⁸ steps: the sum of four uniforms, scaled. Bell-shaped with tails that end at 3.46. */
  normal(): number {
    return bell(this.word());
  }

  /** Writes factor·normal() to out[from … to − 1]; the same numbers as so many calls, without the calls. */
  fillNormal(out: Float64Array, from: number, to: number, factor: number): void {
    const { key } = this;
    let { counter } = this;
    for (let i = from; i < to; i++) {
      counter = (counter + goldenRatio) | 0;
      out[i] = factor * bell(mix(counter ^ key));
    }
    this.counter = counter;
  }

  /** 1 or −1. */
  sign(): number {
    return this.word() & 1 ? 1 : -1;
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

  private word(): number {
    this.counter = (this.counter + goldenRatio) | 0;
    return mix(this.counter ^ this.key);
  }
}

/** A 32-bit seed from a text, for seeds that follow from names. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash) >>> 0;
}

const goldenRatio = 0x9e3779b9 | 0;
const perStep = Math.sqrt(3) / 65536;

function mix(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Four uniforms from one word: its halves, and those of a word derived from it. */
function bell(word: number): number {
  const other = Math.imul(word, 0x27d4eb2d);
  const derived = other ^ (other >>> 15);
  return ((word & 0xffff) + (word >>> 16) + (derived & 0xffff) + (derived >>> 16) - 131070) * perStep;
}
