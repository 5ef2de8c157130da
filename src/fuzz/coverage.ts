/**
 * Which events were met. An event is a 32-bit number, hashed into a table of fixed size, as in AFL (Zalewski): memory does not grow with a campaign, and two events that
 * share a place only make one of them look older than it is.
 */
const places = 2 ** 24;
const factPlaces = 2 ** 16;

export class Coverage {
  /** A bit for each place, so that the table fits into a cache. */
  private readonly seen = new Int32Array(places / 32);
  /** How often each fact about a whole problem was met: what is rare among them says what is worth breeding from. */
  private readonly facts = new Uint32Array(factPlaces);
  /** Events met at least once. */
  met = 0;

  /** Takes an event in. True when it was not met before. */
  add(event: number): boolean {
    const place = (event ^ (event >>> 8)) & (places - 1);
    const word = this.seen[place >>> 5]!;
    const bit = 1 << (place & 31);
    if ((word & bit) !== 0) return false;
    this.seen[place >>> 5] = word | bit;
    this.met++;
    return true;
  }

  /** Counts the facts of one problem, the first `count` of an array. */
  count(facts: Int32Array, count: number): void {
    for (let k = 0; k < count; k++) this.facts[factPlace(facts[k]!)]!++;
  }

  /** How often the rarest of some facts was met, by their places. */
  rarest(at: Uint16Array): number {
    let least = Infinity;
    for (let k = 0; k < at.length; k++) {
      const count = this.facts[at[k]!]!;
      if (count < least) least = count;
    }
    return least;
  }
}

/** Where the first `count` facts are counted: what the pool keeps of them, half as large as the facts, so that V8 has room for it in its own heap. */
export function placesOf(facts: Int32Array, count: number): Uint16Array {
  const at = new Uint16Array(count);
  for (let k = 0; k < count; k++) at[k] = factPlace(facts[k]!);
  return at;
}

function factPlace(fact: number): number {
  return (fact ^ (fact >>> 16)) & (factPlaces - 1);
}

/** An event's number from what it says. */
export function eventOf(kind: number, a: number, b = 0, c = 0): number {
  let hash = Math.imul(kind + 0x51ed, 0x9e3779b1) ^ Math.imul(a + 0x27d4, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35) ^ Math.imul(b + 0x1656, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 13), 0x165667b1) ^ Math.imul(c + 0x2545, 0x9e3779b1);
  return hash ^ (hash >>> 16);
}
