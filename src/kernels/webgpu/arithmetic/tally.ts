/** Counts judgements of one function, and keeps the operands that stand out. */
import { exponentOf } from './reference.ts';
import type { MeasuredName } from './functions.ts';
import { floatOf, judge, type Judgement } from './judge.ts';
import type { FunctionRecord, Seen } from './record.ts';
import type { Samples } from './samples.ts';

const mostSpecials = 16;

export class Tally {
  private judged = 0;
  private all = false;
  /** Of samples, before all patterns were counted. */
  private sampled = { outside: 0, beyond: 0 };
  private readonly drawn = { judged: 0, outside: 0 };
  private outside = 0;
  private beyond = 0;
  private special = 0;
  private kept = 0;
  private zeroed = 0;
  private atMost: number | undefined;
  private worst: { share: number; seen: Seen } | undefined;
  private outsideAt: { share: number; seen: Seen } | undefined;
  private beyondAt: { units: number; seen: Seen } | undefined;
  private readonly binades = new Map<number, { error: number; seen: Seen }>();
  private readonly specials = new Map<string, Seen>();

  constructor(private readonly name: MeasuredName) {}

  /** Judges results of samples in f64. */
  addSamples({ operands, random }: Samples, results: Uint32Array): void {
    const values = [0, 0, 0].slice(0, operands.length);
    for (let k = 0; k < results.length; k++) {
      for (let at = 0; at < operands.length; at++) values[at] = floatOf(operands[at]![k]!);
      const verdict = judge(this.name, values, floatOf(results[k]!));
      const regular = verdict.class === 'regular';
      if (regular) {
        this.judged++;
        if (k < random) this.drawn.judged++;
      }
      if (verdict.flushed !== undefined) this[verdict.flushed ? 'zeroed' : 'kept']++;
      if (verdict.class === 'special') this.special += Number(verdict.outside);
      else {
        this.outside += Number(verdict.outside);
        if (regular && verdict.outside && k < random) this.drawn.outside++;
        this.beyond += Number(verdict.beyondAssumed);
      }
      if (regular || verdict.outside || verdict.beyondAssumed) this.keep(verdict, values, () => ({ operands: operands.map((words) => words[k]!), result: results[k]! }));
    }
  }

  /** Counts of a device that has judged its results by itself; what stands out is given to `consider`. */
  addCounts(counts: { readonly regular: number; readonly outside: number; readonly beyond: number; readonly special: number; readonly flushed: number; readonly kept: number }): void {
    this.judged += counts.regular;
    this.outside += counts.outside;
    this.beyond += counts.beyond;
    this.special += counts.special;
    this.zeroed += counts.flushed;
    this.kept += counts.kept;
  }

  /** Takes over that all patterns were judged, and that no error exceeds `atMost`. What samples counted is in that already. */
  markAll(atMost: number): void {
    this.all = true;
    this.atMost = atMost;
  }

  /** Random results that a device has judged. */
  addDrawn(judged: number, outside: number): void {
    this.drawn.judged += judged;
    this.drawn.outside += outside;
  }

  /** Forgets what was counted, and keeps what stands out: before all patterns are counted, some of which were samples. */
  recount(): void {
    this.sampled = { outside: this.outside, beyond: this.beyond };
    this.judged = this.outside = this.beyond = 0;
  }

  /** Keeps the operands where they have the largest error of their kind. */
  consider(operands: readonly number[], result: number): void {
    const values = operands.map(floatOf);
    this.keep(judge(this.name, values, floatOf(result)), values, () => ({ operands: [...operands], result }));
  }

  private keep(verdict: Judgement, values: readonly number[], seen: () => Seen): void {
    const { error, allowed, units } = verdict;
    const share = error / allowed;
    if (verdict.class === 'special') {
      const key = values.map(kindOf).join();
      if (verdict.outside && this.specials.size < mostSpecials && !this.specials.has(key)) this.specials.set(key, seen());
      return;
    }
    if (verdict.class === 'regular' && !(share <= (this.worst?.share ?? -1))) this.worst = { share, seen: seen() };
    if (verdict.outside && !(share <= (this.outsideAt?.share ?? -1))) this.outsideAt = { share, seen: seen() };
    if (verdict.beyondAssumed && !(units <= (this.beyondAt?.units ?? -1))) this.beyondAt = { units, seen: seen() };
    if (this.name !== 'exp' || verdict.class !== 'regular') return;
    const binade = exponentOf(Math.abs(values[0]!) || 2 ** -149);
    if (!(error <= (this.binades.get(binade)?.error ?? -1))) this.binades.set(binade, { error, seen: seen() });
  }

  /** What is to be kept. Throws a `RangeError` where nothing was judged. */
  record(): FunctionRecord {
    if (this.worst === undefined) throw new RangeError(`no result of ${this.name} was judged`);
    return {
      judged: this.judged, all: this.all, drawn: { ...this.drawn }, outside: Math.max(this.outside, this.sampled.outside), beyond: Math.max(this.beyond, this.sampled.beyond), worst: this.worst.seen,
      ...(this.atMost === undefined ? {} : { atMost: this.atMost }),
      ...(this.outsideAt === undefined ? {} : { outsideAt: this.outsideAt.seen }),
      ...(this.beyondAt === undefined ? {} : { beyondAt: this.beyondAt.seen }),
      binades: [...this.binades].sort(([a], [b]) => a - b).map(([, { seen }]) => seen),
      special: this.special, specials: [...this.specials.values()], kept: this.kept, zeroed: this.zeroed,
    };
  }
}

/** NaN, +∞, −0, a subnormal, …: operands of one kind have one example. */
function kindOf(value: number): string {
  if (Number.isNaN(value) || !Number.isFinite(value)) return String(value);
  return `${value < 0 || Object.is(value, -0) ? '-' : '+'}${value === 0 ? '0' : Math.abs(value) < 2 ** -126 ? 'subnormal' : 'normal'}`;
}
