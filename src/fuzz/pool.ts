/**
 * What the search breeds from: problems that met something new, the best of each objective, and what a corpus remembered. Both are held within a number of bytes, so that a campaign of
 * hours needs no more memory than one of minutes: a full pool forgets the ones that were bred from most, the best of an objective excepted.
 */
import type { Random } from '../generate/random.ts';
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

interface Scored {
  readonly specimen: Specimen;
  readonly score: number;
}

export class Pool {
  private readonly limit: number;
  private readonly rarest: (facts: Uint16Array) => number;
  private readonly kept = new Map<string, Kept[]>();
  private readonly elites = new Map<string, Scored[]>();
  private bytes = 0;

  /** `rarest` says how often the rarest of a problem's facts was met; without it all are alike. */
  constructor(limitBytes: number, rarest: (facts: Uint16Array) => number = () => 1) {
    this.limit = limitBytes;
    this.rarest = rarest;
  }

  /** Problems of all operations. */
  get size(): number {
    return [...this.kept.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** Keeps a problem that met something new, with the places of the facts about it (`placesOf`). */
  add(specimen: Specimen, facts?: Uint16Array): void {
    const list = this.listOf(specimen);
    list.push({ specimen, facts, bred: 0 });
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

  /** A problem of an operation and stream count to breed from: among a few drawn, the one that is rarest for how often it was bred from, as in the schedules of AFLFast (Böhme et al. 2016). */
  pick(operation: string, streams: number, random: Random): Specimen | undefined {
    const list = this.kept.get(`${operation} ${streams}`) ?? [];
    let chosen: Kept | undefined;
    let least = Infinity;
    for (let k = 0; k < drawnAtOnce && list.length > 0; k++) {
      const drawn = list[random.below(list.length)]!;
      const cost = (1 + drawn.bred) * (drawn.facts === undefined ? 1 : this.rarest(drawn.facts));
      if (chosen !== undefined && !(cost < least)) continue;
      chosen = drawn;
      least = cost;
    }
    if (chosen !== undefined) chosen.bred++;
    return chosen?.specimen;
  }

  /** One that is drawn without preference, for crossing. */
  any(operation: string, streams: number, random: Random): Specimen | undefined {
    const list = this.kept.get(`${operation} ${streams}`) ?? [];
    return list.length === 0 ? undefined : list[random.below(list.length)]!.specimen;
  }

  private listOf({ operation, sizes }: Specimen): Kept[] {
    const key = `${operation} ${sizes.streams}`;
    const list = this.kept.get(key) ?? [];
    this.kept.set(key, list);
    return list;
  }

  /** Takes away one of the most numerous problems, that was bred from most. */
  private forget(): boolean {
    const list = [...this.kept.values()].reduce((a, b) => (a.length >= b.length ? a : b), []);
    if (list.length <= 1) return false;
    let worst = 0;
    for (let k = 1; k < list.length; k += Math.max(1, list.length >>> 6)) if (list[k]!.bred > list[worst]!.bred) worst = k;
    const [gone] = list.splice(worst, 1);
    this.bytes -= bytesOf(gone!.specimen);
    return true;
  }
}
