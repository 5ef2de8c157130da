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

  /** A small number from 1 for a value of a fact; 0 where there is no more place. */
  idOf(what: number, value: number): number {
    if (!(value >= 0 && value < mostValues)) return 0;
    const known = this.ids[what];
    if (known !== undefined && value < known.length && known[value] !== 0) return known[value]!;
    if (this.idCount >= mostIds - 1) return 0;
    return (roomFor(this.ids, what, value, (length) => new Int16Array(length))[value] = ++this.idCount);
  }

  /** Whether two facts, by their numbers, were told as a pair; from now on they are. */
  pair(a: number, b: number): boolean {
    return a !== 0 && b !== 0 && wasSet(this.pairs, a * wordsPerId, b);
  }

  /** Whether a fact was told of a lane; from now on it is. */
  lane(lane: number, id: number): boolean {
    return id !== 0 && wasSet(this.lanes, lane * wordsPerId, id);
  }

  /** The event of a fact, 0 where it was not told. */
  eventOf(what: number, value: number): number {
    const known = this.facts[what];
    return known !== undefined && value >= 0 && value < known.length ? known[value]! : 0;
  }

  /** Says that a fact was told by this event. */
  tell(what: number, value: number, event: number): void {
    if (value >= 0 && value < mostValues) roomFor(this.facts, what, value, (length) => new Int32Array(length))[value] = event;
  }

  /** Whether an exponent (8 bits and the sign before them) of an input was told; from now on it is. */
  exponent(place: number, signed: number): boolean {
    return wasTold((this.exponents[place] ??= new Uint8Array(512)), signed);
  }

  /** Whether a quarter of an exponent was told of an entry; from now on it is. */
  entry(place: number, entry: number, quarter: number): boolean {
    return entry < mostEntries && wasTold((this.entries[place] ??= new Uint8Array(64 * mostEntries)), entry * 64 + quarter);
  }

  /** Whether a value of some kind was told; from now on it is. */
  value(kind: number, value: number): boolean {
    return value >= 0 && value < mostValues && wasTold((this.values[kind] ??= new Uint8Array(mostValues)), value);
  }
}

function wasSet(words: Int32Array, from: number, id: number): boolean {
  const place = from + (id >>> 5);
  const bit = 1 << (id & 31);
  const word = words[place]!;
  words[place] = word | bit;
  return (word & bit) !== 0;
}

function wasTold(told: Uint8Array, value: number): boolean {
  const before = told[value]!;
  told[value] = 1;
  return before !== 0;
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
