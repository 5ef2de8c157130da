/** The next cases: children of what the pool holds, by value; and recipes, drawn or changed. */
import fc from 'fast-check';

import { recipeArbitrary } from '../generate/arbitrary.ts';
import { planFamilies, planScales, kindsOf } from '../generate/choices.ts';
import type { Random } from '../generate/random.ts';
import { defaultMaxElements, type InputPlan, type Recipe } from '../generate/recipe.ts';
import { allowedStreams, fit, largestTensor } from '../generate/sizes.ts';
import { lengthOf } from '../operations/dims.ts';
import { elementsPerToken, isShared, type Operation, type Port, type Sizes } from '../operations/operation.ts';
import type { Property, ResolvedKernel } from '../verify/property.ts';
import { smallArray } from '../tensor/small.ts';
import { difference, mutate } from './mutate.ts';
import type { Pool } from './pool.ts';
import { fitTogether, resized, type Specimen } from './specimen.ts';

/** Problems of a bred case: around tiles, so that lanes are met. */
const batches = [33, 34, 47, 63, 65, 127, 129, 255, 257];
/** Lanes of a tile, as in features.ts. */
const tile = 32;

/** What recipes of a claim about a kernel are drawn from; putting it together costs more than drawing. */
const arbitraries = new WeakMap<Property, WeakMap<ResolvedKernel, fc.Arbitrary<Recipe>>>();

/** A recipe drawn as `verify` draws it, without any memory. */
export function drawnRecipe(property: Property, kernel: ResolvedKernel, seed: number): Recipe {
  const ofProperty = arbitraries.get(property) ?? new WeakMap<ResolvedKernel, fc.Arbitrary<Recipe>>();
  arbitraries.set(property, ofProperty);
  const arbitrary = ofProperty.get(kernel) ?? recipeArbitrary(kernel.operation, property.inputs, { streams: kernel.streams });
  ofProperty.set(kernel, arbitrary);
  return fc.sample(arbitrary, { numRuns: 1, seed: seed | 0 })[0]!;
}

/** A recipe that met something new, with one thing changed: its seed, and a family, the scale or the sizes. */
export function changedRecipe(recipe: Recipe, property: Property, kernel: ResolvedKernel, random: Random): Recipe {
  const operation = kernel.operation as unknown as Operation;
  const plan: InputPlan = property.inputs;
  const { tokens: _tokens, values: _values, ...rest } = recipe;
  const changed = { ...rest, seed: random.bits() };
  switch (random.below(4)) {
    case 0: {
      const kind = random.pick(kindsOf(operation));
      return { ...changed, families: { ...recipe.families, [kind]: random.below(2) === 0 ? 'mixed' : random.pick(planFamilies(plan, kind)) } };
    }
    case 1:
      return kindsOf(operation).includes('logits') ? { ...changed, scale: random.below(2) === 0 ? 'mixed' : random.pick(planScales(plan)) } : changed;
    case 2: {
      const streams = random.pick(allowedStreams(operation, plan, { streams: kernel.streams }));
      const tokens = random.pick(plan.tokenCounts ?? batches);
      return { ...changed, sizes: fit(operation, plan, { ...recipe.sizes, streams, tokens }, { streams: kernel.streams }) };
    }
    default:
      return changed;
  }
}

/** How many problems of these sizes a case may hold, from the counts around tiles; each count gets as many problems as another, so that small ones, whose lanes are as many, come more often. */
export function batchSize({ operation }: ResolvedKernel, { inputs }: Property, sizes: Sizes, random: Random): number {
  const most = Math.min(inputs.maxElements ?? Infinity, defaultMaxElements) / (operation.boundWeight?.(sizes.streams) ?? 1);
  const counts = (inputs.tokenCounts ?? batches).filter((tokens) => tokens > 0 && largestTensor(operation as unknown as Operation, { ...sizes, tokens }) <= most);
  if (counts.length === 0) return 1;
  let drawn = random.uniform() * counts.reduce((sum, tokens) => sum + 1 / tokens, 0);
  return counts.find((tokens) => (drawn -= 1 / tokens) < 0) ?? counts.at(-1)!;
}

/**
 * Children as one batch: a parent from the best of the objective or from the pool, some of its children and those of others that fit into the same call. Undefined when there is nothing to breed from.
 */
export function bred(kernel: ResolvedKernel, property: Property, pool: Pool, objective: string, random: Random): Specimen[] | undefined {
  const operation = kernel.operation as unknown as Operation;
  const allowed = allowedStreams(operation, property.inputs, { streams: kernel.streams });
  const { channelCounts, depths } = property.inputs;
  const usable = (specimen: Specimen | undefined): Specimen | undefined => {
    if (specimen === undefined) return undefined;
    const { streams, channels, depth } = specimen.sizes;
    return allowed.includes(streams) && (channelCounts?.includes(channels) ?? true) && (depths?.includes(depth) ?? true) ? specimen : undefined;
  };
  const elite = pool.eliteOf(objective);
  const climbing = elite.length > 3 && random.below(4) === 0;
  const first = usable(climbing ? elite[random.below(elite.length)]!.specimen : pool.pick(operation.id, streamsOf(allowed, random), random));
  if (first === undefined) return undefined;
  const count = batchSize(kernel, property, first.sizes, random);
  const children: Specimen[] = [];
  let parent = first;
  while (children.length < count) {
    if (climbing) parent = elite[Math.floor(elite.length * random.uniform() ** 2)]!.specimen;
    else if (random.below(8) === 0) parent = immigrant(operation, pool, first, random.pick(allowed), random) ?? first;
    else if (random.below(2) === 0) parent = pool.pick(operation.id, first.sizes.streams, random) ?? first;
    if (!fitTogether(operation, first, parent)) parent = first;
    const mate = climbing ? elite[random.below(elite.length)]!.specimen : pool.any(operation.id, first.sizes.streams, random);
    const other = climbing ? elite[random.below(elite.length)]!.specimen : undefined;
    // a fault of a lane beside something rare: what was rare elsewhere stands there as it is
    if (children.length >= count - (count % tile) && random.below(2) === 0) {
      children.push(parent);
      continue;
    }
    children.push(childOf(kernel, parent, fitting(operation, first, mate), fitting(operation, first, other), random));
  }
  return children;
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

/** Of the children of one parent's sizes, which follow each other. */
let latest: { readonly operation: Operation; readonly sizes: Sizes; readonly ports: readonly Port[] } | undefined;

/** The ports of which each token has its own numbers. */
function changeable(operation: Operation, sizes: Sizes): readonly Port[] {
  const known = latest?.sizes;
  const same = latest?.operation === operation && known !== undefined && known.streams === sizes.streams && known.channels === sizes.channels && known.depth === sizes.depth;
  if (!same) latest = { operation, sizes, ports: operation.inputs.filter((port) => !isShared(port) && elementsPerToken(port, sizes) > 0) };
  return latest!.ports;
}

/** A changed copy; with two others, half of the time by differential evolution. */
export function childOf(kernel: ResolvedKernel, parent: Specimen, mate: Specimen | undefined, other: Specimen | undefined, random: Random): Specimen {
  const ports = changeable(kernel.operation, parent.sizes);
  if (ports.length === 0) return parent;
  const values: Record<string, Float64Array> = { ...parent.values };
  const chosen = random.below(4) === 0 ? ports : [random.pick(ports)];
  const evolve = mate !== undefined && other !== undefined && random.below(2) === 0;
  for (const port of chosen) {
    const given = parent.values[port.name]!;
    const own = smallArray(given.length);
    own.set(given);
    const limit = limitOf(kernel, port);
    if (evolve) difference(own, mate.values[port.name]!, other.values[port.name]!, random, limit);
    else {
      const columns = lengthOf(port.dims.at(-1)!, parent.sizes);
      const alike = ports.filter(({ name }) => name !== port.name && values[name]!.length === own.length);
      const beside = alike.length > 0 ? values[random.pick(alike).name] : undefined;
      mutate({ values: own, rows: own.length / columns, columns, beside }, random, mate?.values[port.name], limit);
    }
    values[port.name] = own;
  }
  return { ...parent, values };
}

/** The largest magnitude: what every dtype holds with room for a shift, for logits what the families reach. */
function limitOf({ dtypes }: ResolvedKernel, port: Port): number {
  if (port.role === 'logits') return 4e4;
  return dtypes[port.name] === 'f16' ? 3e4 : 1e9;
}
