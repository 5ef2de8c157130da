/**
 * Which part of a run a shard has. A shard is written i/n, i from 1, as in vitest and Playwright.
 *
 * Cases: shard i of n has the cases of a claim whose place k, counted from 0, has (k + h) mod n = i − 1, where h is a hash of the claim's name. Every k is in exactly one of
 * these classes, so that the shards' cases are disjoint and their union is all of them; h spreads the first cases of many claims over the shards. Every shard draws all
 * recipes, which costs microseconds, and examines its own: case k is the same recipe whether there are shards or not.
 *
 * A search without a fixed plan has seeds to share instead of cases: fuzz/streams.ts.
 */
import { hashText } from '../../generate/random.ts';

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

export const mostShards = 4096;

/** `3/16`; undefined for anything else. */
export function parseShard(text: string): Shard | undefined {
  const [, index, count] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  return index !== undefined && count !== undefined && index >= 1 && index <= count && count <= mostShards ? { index, count } : undefined;
}

export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/** Whether the case at a place is the shard's; all are when there is no shard. `name` is what the cases are of. */
export function ownsCase(shard: Shard | undefined, name: string, place: number): boolean {
  return shard === undefined || (place + (hashText(name) % shard.count)) % shard.count === shard.index - 1;
}

/** How many of the first `cases` are the shard's. */
export function ownCases(shard: Shard | undefined, name: string, cases: number): number {
  if (shard === undefined) return cases;
  const first = (shard.index - 1 - (hashText(name) % shard.count) + shard.count) % shard.count;
  return first >= cases ? 0 : Math.floor((cases - 1 - first) / shard.count) + 1;
}
