/**
 * Quantiles of numbers ≥ 0 that are never all held: counts in buckets that split every octave from 2⁻⁴⁸ to 2¹⁶ into 32 equal parts, as HdrHistogram does
 * (Tene). The bucket of a number is read off its bits, so that adding is an integer step, allocates nothing and gives the same on every machine; two sketches are
 * merged by adding counts. A bucket from b to b + w has w ≤ b/32, so its upper edge is above every number in it by at most one part in 32.
 */
const part = 5;
const octaves = { low: -48, high: 16 } as const;
/** Bits above the ones that a bucket keeps: of the high word, 20 are mantissa. */
const shift = 20 - part;
const base = (1023 + octaves.low) << part;
const buckets = (octaves.high - octaves.low) << part;

/** The largest relative amount by which a quantile is too large. */
export const sketchError = 2 ** -part;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const high = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** What a sketch holds; `largest` may be infinite. */
export interface SketchState {
  readonly zeros: number;
  readonly above: number;
  readonly largest: number;
  readonly counts: readonly (readonly [bucket: number, count: number])[];
}

/** Counts of numbers. Below 2⁻⁴⁸ counts as 0; above 2¹⁶, and infinity, as larger than everything else. */
export class Sketch {
  private readonly counts = new Uint32Array(buckets);
  private zeros = 0;
  private above = 0;
  private largest = 0;

  /** Adds one number. Throws `RangeError` for NaN and negative numbers, which have no place. */
  add(value: number): void {
    if (!(value >= 0)) throw new RangeError(`a sketch holds numbers from 0 on, not ${value}`);
    if (value > this.largest) this.largest = value;
    float[0] = value;
    const bucket = (words[high]! >>> shift) - base;
    if (bucket < 0) this.zeros++;
    else if (bucket >= buckets) this.above++;
    else this.counts[bucket]!++;
  }

  /** Adds all numbers of another sketch. */
  merge(other: Sketch): void {
    for (let k = 0; k < buckets; k++) this.counts[k]! += other.counts[k]!;
    this.zeros += other.zeros;
    this.above += other.above;
    this.largest = Math.max(this.largest, other.largest);
  }

  /** The counts as plain data, without empty buckets. */
  state(): SketchState {
    const counts: [bucket: number, count: number][] = [];
    for (let k = 0; k < buckets; k++) if (this.counts[k]! > 0) counts.push([k, this.counts[k]!]);
    return { zeros: this.zeros, above: this.above, largest: this.largest, counts };
  }

  /** The sketch of a state. Throws `RangeError` for one that no sketch has. */
  static of({ zeros, above, largest, counts }: SketchState): Sketch {
    const sketch = new Sketch();
    sketch.zeros = zeros;
    sketch.above = above;
    sketch.largest = largest;
    for (const [bucket, count] of counts) {
      if (!Number.isInteger(bucket) || !(bucket >= 0 && bucket < buckets)) throw new RangeError(`a sketch has no bucket ${bucket}`);
      sketch.counts[bucket] = count;
    }
    return sketch;
  }

  /** How many numbers there are. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, this.zeros + this.above);
  }

  /** The largest number, exactly; 0 when there is none. */
  get max(): number {
    return this.largest;
  }

  /**
   * The number of rank ⌈q·count⌉ in ascending order, rounded up by at most `sketchError` of itself; 0 when there is none. Never above `max`.
   */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = this.zeros;
    if (seen >= rank) return 0;
    for (let k = 0; k < buckets; k++) {
      seen += this.counts[k]!;
      if (seen >= rank) return Math.min(upperEdge(k), this.largest);
    }
    return this.largest;
  }
}

function upperEdge(bucket: number): number {
  words[1 - high] = 0;
  words[high] = (bucket + 1 + base) << shift;
  return float[0]!;
}
