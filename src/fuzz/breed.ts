/** The next cases by value: children of what the pool holds. */
import type { Random } from '../generate/random.ts';
import { isShared, type Operation, type Sizes } from '../operations/operation.ts';
import type { Property, ResolvedKernel } from '../verify/property.ts';
import { Litter } from './litter.ts';
import { planOf } from './plan.ts';
import type { Pool } from './pool.ts';
import { fitTogether, resized, type Specimen } from './specimen.ts';

/** Lanes of a tile, as in facts.ts. */
const tile = 32;

/** How many problems of these sizes a case may hold, from the counts around tiles; each count gets as many problems as another, so that small ones, whose lanes are as many, come more often. */
function batchSize(property: Property, kernel: ResolvedKernel, sizes: Sizes, random: Random): number {
  const { counts, total } = planOf(property, kernel).countsOf(sizes);
  if (counts.length === 0) return 1;
  let drawn = random.uniform() * total;
  return counts.find((tokens) => (drawn -= 1 / tokens) < 0) ?? counts.at(-1)!;
}

/**
 * Children as one batch: a parent from the best of the objective or from the pool, some of its children and those of others that fit into the same call. Undefined when there is nothing to breed from.
 */
export function bred(kernel: ResolvedKernel, property: Property, pool: Pool, objective: string, random: Random): Litter | undefined {
  const operation = kernel.operation as unknown as Operation;
  const allowed = planOf(property, kernel).streams;
  const { channelCounts, depths } = property.inputs;
  const elite = pool.eliteOf(objective);
  const climbing = elite.length > 3 && random.below(4) === 0;
  const first = climbing ? elite[random.below(elite.length)]!.specimen : pool.pick(operation.id, streamsOf(allowed, random), random);
  if (first === undefined) return undefined;
  const { streams, channels, depth } = first.sizes;
  if (!allowed.includes(streams) || channelCounts?.includes(channels) === false || depths?.includes(depth) === false) return undefined;
  const count = batchSize(property, kernel, first.sizes, random);
  const litter = new Litter(kernel, first, count);
  const alike = !climbing && fitByStreams(operation);
  let parent = first;
  while (litter.born < count) {
    if (climbing) parent = elite[Math.floor(elite.length * random.uniform() ** 2)]!.specimen;
    else if (random.below(8) === 0) parent = immigrant(operation, pool, first, random.pick(allowed), random) ?? first;
    else if (random.below(2) === 0) parent = pool.pick(operation.id, streams, random) ?? first;
    if (!alike && !fitTogether(operation, first, parent)) parent = first;
    const mate = climbing ? elite[random.below(elite.length)]!.specimen : pool.any(operation.id, streams, random);
    const other = climbing ? elite[random.below(elite.length)]!.specimen : undefined;
    // a fault of a lane beside something rare: what was rare elsewhere stands there as it is
    if (litter.born >= count - (count % tile) && random.below(2) === 0) litter.copy(parent);
    else if (alike) litter.child(parent, mate, other, random);
    else litter.child(parent, fitting(operation, first, mate), fitting(operation, first, other), random);
  }
  return litter;
}

/** Whether all problems of a stream count fit into one call. */
function fitByStreams({ inputs, dims }: Operation): boolean {
  return !inputs.some(isShared) && !dims.includes('channels') && !dims.includes('depth');
}

/** A problem of another stream count, at that of `first`: what was found where most is tried is tried everywhere. */
function immigrant(operation: Operation, pool: Pool, first: Specimen, streams: number, random: Random): Specimen | undefined {
  const found = pool.pick(operation.id, streams, random);
  return found === undefined ? undefined : resized(operation, found, first.sizes.streams, random.below(2) === 0);
}

/** Half of the time the usual count, else any of them. */
function streamsOf(allowed: readonly number[], random: Random): number {
  return allowed.includes(4) && random.below(2) === 0 ? 4 : random.pick(allowed);
}

function fitting(operation: Operation, first: Specimen, other: Specimen | undefined): Specimen | undefined {
  return other !== undefined && fitTogether(operation, first, other) ? other : undefined;
}
