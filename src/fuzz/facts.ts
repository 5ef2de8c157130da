/**
 * The events of one problem as they are collected, and the facts among them: small numbers that say something about the whole problem. Events alone would forget how they go together, so every two facts
 * are an event as well, and each fact about inputs with the lane in a tile that is not full. A fact has few values at every n: one that is new for most problems, as the pattern of largest entries is
 * from n = 5, would make the pool a sample of all problems.
 */
import { eventOf } from './coverage.ts';
import { Told } from './told.ts';

export const mostFacts = 64;
const tile = 32;

/** Kinds of events; the number is part of the event. */
export const kind = { exponent: 1, entry: 2, rowRange: 3, columnRange: 4, pattern: 5, fact: 6, pair: 7, lane: 8, outExponent: 9, support: 10, rowSum: 11, columnSum: 12 } as const;

export class Facts {
  /** Events of the problem that was looked at; the first `count` of them. */
  events = new Int32Array(4096);
  count = 0;
  /** Of these the events of facts alone, without their pairs; the first `factCount`. */
  readonly singles = new Int32Array(mostFacts);
  factCount = 0;
  /** Streams of the problem, and what was told of others with as many. */
  n = 0;
  told: Told;
  private readonly once: boolean;
  /** By stream count. */
  private readonly toldOf: Told[] = [];
  private readonly coarse = new Int32Array(mostFacts);
  /** The numbers of the facts where events are told once. */
  private readonly ids = new Int16Array(mostFacts);

  constructor(once: boolean) {
    this.once = once;
    this.told = new Told(false);
  }

  /** A new problem. */
  begin(n: number): void {
    this.count = 0;
    this.factCount = 0;
    if (this.n === n) return;
    this.n = n;
    if (this.once) this.told = this.toldOf[n] ??= new Told();
  }

  add(event: number): void {
    if (this.count === this.events.length) {
      const more = new Int32Array(2 * this.count);
      more.set(this.events);
      this.events = more;
    }
    this.events[this.count++] = event;
  }

  /** A fact; `coarse` stands for it in pairs, of which there are so many that fine ones would all be new. */
  fact(what: number, value: number, coarse = value): void {
    const { told, factCount } = this;
    let event = told.eventOf(what, value);
    if (event === 0) {
      event = eventOf(kind.fact, what, value, this.n);
      this.add(event);
      told.tell(what, value, event);
    }
    if (factCount >= mostFacts) return;
    this.ids[factCount] = told.idOf(what, coarse);
    this.singles[factCount] = event;
    this.coarse[factCount] = what * 4096 + (coarse & 4095);
    this.factCount = factCount + 1;
  }

  /** The events of every two facts. */
  pairs(): void {
    const { told, ids, factCount } = this;
    for (let a = 1; a < factCount; a++) {
      for (let b = told.untold(ids, a, 0); b < a; b = told.untold(ids, a, b + 1)) {
        if (!told.pair(ids[a]!, ids[b]!)) this.add(eventOf(kind.pair, this.coarse[a]!, this.coarse[b], this.n));
      }
    }
  }

  /** Where in a tile of 32 a problem stands, for the last tile that is not full, with the first `special` facts. */
  lane(tokens: number, token: number, special: number): void {
    const rest = tokens % tile;
    if (rest === 0 || token < tokens - rest) return;
    const { told, ids } = this;
    this.add(eventOf(kind.lane, token % tile, this.n, tokens > tile ? 1 : 0));
    for (let k = 0; k < special; k++) if (!told.lane(token % tile, ids[k]!)) this.add(eventOf(kind.lane, token % tile, this.n, this.coarse[k]));
  }
}
