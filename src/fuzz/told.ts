/**
 * Which events about problems of one operation and stream count were told before, kept by what they say. A table of bits for what has few values, so that an event that is nothing new, as almost all are, costs
 * a look into a few hundred bytes instead of a hash and a place of `Coverage`'s two megabytes, which no cache holds. Nothing is told twice, and nothing new is left out: what has no place here is told each time.
 */
const mostIds = 1024;
const wordsPerId = mostIds / 32;
const lanes = 32;
/** Values that have a place; others are told each time. */
const mostValues = 4096;
const mostEntries = 16;

export class Told {
  private readonly remembers: boolean;
  /** The number of each value of a fact, as pairs know it: by what the fact is about, then by value; 0 for one that was not met. */
  private readonly ids: Int16Array[] = [];
  private idCount = 0;
  private readonly pairs = new Int32Array(mostIds * wordsPerId);
  private readonly lanes = new Int32Array(lanes * wordsPerId);
  /** Numbers of the events of facts, 0 for one that was not told. */
  private readonly facts: Int32Array[] = [];
  private readonly exponents: Uint8Array[] = [];
  private readonly entries: Uint8Array[] = [];
  private readonly values: Uint8Array[] = [];
  private readonly ranges: Int32Array[] = [];

  /** One that does not remember has everything told each time. */
  constructor(remembers = true) {
    this.remembers = remembers;
  }

  /** A small number from 1 for a value of a fact; 0 where there is no more place. */
  idOf(what: number, value: number): number {
    const known = this.ids[what];
    if (known !== undefined && value >= 0 && value < known.length && known[value] !== 0) return known[value]!;
    if (!(value >= 0 && value < mostValues) || this.idCount >= mostIds - 1) return 0;
    return (roomFor(this.ids, what, value, (length) => new Int16Array(length))[value] = ++this.idCount);
  }

  /** Whether two facts, by their numbers, were told as a pair; from now on they are. */
  pair(a: number, b: number): boolean {
    return a !== 0 && b !== 0 && this.wasSet(this.pairs, a * wordsPerId, b);
  }

  /**
   * The first b, from `from` and before `a`, of which facts a and b of a problem were not told as a pair; a where all were. `ids` are the facts' numbers. The same as `pair` for each, for who has many: telling
   * it is left to `pair`.
   */
  untold(ids: Int16Array, a: number, from: number): number {
    const { pairs } = this;
    const row = ids[a]! * wordsPerId; // that of 0 is empty: nothing without a number was told
    for (let b = from; b < a; b++) {
      const id = ids[b]!;
      if ((pairs[row + (id >>> 5)]! & (1 << (id & 31))) === 0) return b;
    }
    return a;
  }

  /** Whether a fact was told of a lane; from now on it is. */
  lane(lane: number, id: number): boolean {
    return id !== 0 && this.wasSet(this.lanes, lane * wordsPerId, id);
  }

  /** The event of a fact, 0 where it was not told. */
  eventOf(what: number, value: number): number {
    const known = this.facts[what];
    return known !== undefined && value >= 0 && value < known.length ? known[value]! : 0;
  }

  /** Says that a fact was told by this event. */
  tell(what: number, value: number, event: number): void {
    if (this.remembers && value >= 0 && value < mostValues) roomFor(this.facts, what, value, (length) => new Int32Array(length))[value] = event;
  }

  /** The exponents (8 bits and the sign before them) of an input that were told, 1 for those: for who reads many. `exponent` tells them. */
  exponentsOf(place: number): Uint8Array {
    return (this.exponents[place] ??= new Uint8Array(512));
  }

  /** Whether an exponent of an input was told; from now on it is. */
  exponent(place: number, signed: number): boolean {
    return this.wasTold(this.exponentsOf(place), signed);
  }

  /** The quarters of exponents that were told of an input's first entries, 64 for each, as `exponentsOf`. */
  entriesOf(place: number): Uint8Array {
    return (this.entries[place] ??= new Uint8Array(64 * mostEntries));
  }

  /** Whether a quarter of an exponent was told of an entry; from now on it is. */
  entry(place: number, entry: number, quarter: number): boolean {
    return entry < mostEntries && this.wasTold(this.entriesOf(place), entry * 64 + quarter);
  }

  /** Whether a value of some kind was told; from now on it is. */
  value(kind: number, value: number): boolean {
    return value >= 0 && value < mostValues && this.wasTold((this.values[kind] ??= new Uint8Array(mostValues)), value);
  }

  /** Whether the exponents from one to another, 8 bits each, were told of an output; from now on they are. */
  range(place: number, low: number, high: number): boolean {
    return this.wasSet((this.ranges[place] ??= new Int32Array(2 ** 11)), 0, low * 256 + high);
  }

  private wasSet(words: Int32Array, from: number, id: number): boolean {
    const place = from + (id >>> 5);
    const bit = 1 << (id & 31);
    const word = words[place]!;
    if ((word & bit) !== 0) return true;
    if (this.remembers) words[place] = word | bit;
    return false;
  }

  private wasTold(told: Uint8Array, value: number): boolean {
    if (told[value] !== 0) return true;
    if (this.remembers) told[value] = 1;
    return false;
  }
}

/** The table of `what` with a place for `value`. */
function roomFor<T extends Int16Array | Int32Array>(tables: T[], what: number, value: number, make: (length: number) => T): T {
  const known = tables[what];
  if (known !== undefined && value < known.length) return known;
  const larger = make(Math.min(mostValues, Math.max(32, 2 ** Math.ceil(Math.log2(value + 1)))));
  if (known !== undefined) larger.set(known);
  tables[what] = larger;
  return larger;
}
