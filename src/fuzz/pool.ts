/**
 * What the search breeds from: problems that met something new, the best of each objective, and what a corpus remembered. Both are held within a number of bytes, so that a campaign of
 * hours needs no more memory than one of minutes: a full pool forgets the ones that were bred from most, the best of an objective excepted.
 */
import type { Random } from '../generate/random.ts';
import type { OperationId } from '../operations/operation.ts';
import { bytesOf, type Specimen } from './specimen.ts';

/** How many of the best an objective keeps. */
const best = 24;
/** How many are drawn, of which the one that is worth most is taken. */
const drawnAtOnce = 6;

interface Kept {
  readonly specimen: Specimen;
  readonly facts: Uint16Array | undefined;
  bred: number;
}

/** Problems of one operation and stream count. */
class Bred {
  readonly all: Kept[] = [];
  /** What each costs at least: all that is read of those that are drawn and not taken. */
  least = new Float64Array(64);

  add(one: Kept): void {
    if (this.all.length === this.least.length) {
      const more = new Float64Array(2 * this.least.length);
      more.set(this.least);
      this.least = more;
    }
    this.least[this.all.length] = 0;
    this.all.push(one);
  }

  remove(index: number): Kept {
    this.least.copyWithin(index, index + 1, this.all.length);
    return this.all.splice(index, 1)[0]!;
  }
}

interface Scored {
  readonly specimen: Specimen;
  readonly score: number;
}

export class Pool {
  private readonly limit: number;
  private readonly rarest: (facts: Uint16Array) => number;
  /** By operation and stream count. */
  private readonly kept = new Map<OperationId, Bred[]>();
  private readonly drawn = new Int32Array(drawnAtOnce);
  private readonly costs = new Float64Array(drawnAtOnce);
  private readonly elites = new Map<string, Scored[]>();
  private bytes = 0;

  /** `rarest` says how often the rarest of a problem's facts was met; without it all are alike. */
  constructor(limitBytes: number, rarest: (facts: Uint16Array) => number = () => 1) {
    this.limit = limitBytes;
    this.rarest = rarest;
  }

  /** Problems of all operations. */
  get size(): number {
    return this.lists().reduce((sum, { all }) => sum + all.length, 0);
  }

  /** Keeps a problem that met something new, with the places of the facts about it (`placesOf`). */
  add(specimen: Specimen, facts?: Uint16Array): void {
    this.listOf(specimen.operation, specimen.sizes.streams).add({ specimen, facts, bred: 0 });
    this.bytes += bytesOf(specimen);
    while (this.bytes > this.limit && this.forget());
  }

  /** Offers a problem to an objective. True when it is the best so far. */
  offer(objective: string, specimen: () => Specimen, score: number): boolean {
    const list = this.elites.get(objective) ?? [];
    if (list.length === 0) this.elites.set(objective, list);
    if (list.length >= best && !(score > list.at(-1)!.score)) return false;
    if (list.some((other) => other.score === score)) return false; // the same again, most likely
    const place = list.findIndex((other) => score > other.score);
    list.splice(place === -1 ? list.length : place, 0, { specimen: specimen(), score });
    if (list.length > best) list.pop();
    return place === 0 || list.length === 1;
  }

  /** The least score that an objective still takes. */
  threshold(objective: string): number {
    const list = this.elites.get(objective);
    return list === undefined || list.length < best ? -Infinity : list.at(-1)!.score;
  }

  /** The best of an objective, first the best. */
  eliteOf(objective: string): readonly Scored[] {
    return this.elites.get(objective) ?? [];
  }

  /** Forgets the best of an objective, so that it is sought from somewhere else. */
  restart(objective: string): void {
    this.elites.delete(objective);
  }

  /**
   * A problem of an operation and stream count to breed from: among a few drawn, the one that is rarest for how often it was bred from, as in the schedules of AFLFast (Böhme et al. 2016). Facts are only
   * met more often with time, so that what was known of one bounds its cost from below: those of a larger bound than another's cost are not looked at again.
   */
  pick(operation: OperationId, streams: number, random: Random): Specimen | undefined {
    const { all, least: bounds } = this.listOf(operation, streams);
    if (all.length === 0) return undefined;
    const { drawn, costs } = this;
    for (let k = 0; k < drawnAtOnce; k++) {
      const index = random.below(all.length);
      drawn[k] = index;
      costs[k] = bounds[index]!;
    }
    for (let exact = 0; ;) {
      let least = 0;
      for (let k = 1; k < drawnAtOnce; k++) if (costs[k]! < costs[least]!) least = k;
      const index = drawn[least]!;
      const one = all[index]!;
      if ((exact & (1 << least)) !== 0) {
        one.bred++;
        return one.specimen;
      }
      bounds[index] = costs[least] = (1 + one.bred) * (one.facts === undefined ? 1 : this.rarest(one.facts));
      exact |= 1 << least;
    }
  }

  /** One that is drawn without preference, for crossing. */
  any(operation: OperationId, streams: number, random: Random): Specimen | undefined {
    const { all } = this.listOf(operation, streams);
    return all.length === 0 ? undefined : all[random.below(all.length)]!.specimen;
  }

  private listOf(operation: OperationId, streams: number): Bred {
    let byStreams = this.kept.get(operation);
    if (byStreams === undefined) this.kept.set(operation, (byStreams = []));
    return (byStreams[streams] ??= new Bred());
  }

  private lists(): Bred[] {
    return [...this.kept.values()].flatMap((byStreams) => Object.values(byStreams));
  }

  /** Takes away one of the most numerous problems, that was bred from most. */
  private forget(): boolean {
    const lists = this.lists();
    if (lists.length === 0) return false;
    const list = lists.reduce((a, b) => (a.all.length >= b.all.length ? a : b));
    const { all } = list;
    if (all.length <= 1) return false;
    let worst = 0;
    for (let k = 1; k < all.length; k += Math.max(1, all.length >>> 6)) if (all[k]!.bred > all[worst]!.bred) worst = k;
    this.bytes -= bytesOf(list.remove(worst).specimen);
    return true;
  }
}
