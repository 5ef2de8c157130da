/** What a claim about a kernel may be tried on, worked out once: putting an arbitrary together, or finding which sizes fit, costs more than a case of few problems. */
import type fc from 'fast-check';

import { recipeArbitrary } from '../generate/arbitrary.ts';
import { defaultMaxElements, type Recipe } from '../generate/recipe.ts';
import { allowedStreams, largestTensor } from '../generate/sizes.ts';
import type { Operation, Sizes } from '../operations/operation.ts';
import type { Property, ResolvedKernel } from '../verify/property.ts';

/** Problems of a bred case: around tiles, so that lanes are met. */
export const batches: readonly number[] = [33, 34, 47, 63, 65, 127, 129, 255, 257];

/** Token counts of one problem's sizes, with the sum of their weights. */
interface Counts {
  readonly counts: readonly number[];
  readonly total: number;
}

export class Plan {
  /** What recipes are drawn from. */
  readonly arbitrary: fc.Arbitrary<Recipe>;
  readonly streams: readonly number[];
  private readonly kernel: ResolvedKernel;
  private readonly property: Property;
  private readonly counts = new Map<string, Counts>();

  constructor(kernel: ResolvedKernel, property: Property) {
    this.kernel = kernel;
    this.property = property;
    this.arbitrary = recipeArbitrary(kernel.operation, property.inputs, { streams: kernel.streams });
    this.streams = allowedStreams(kernel.operation, property.inputs, { streams: kernel.streams });
  }

  /** Token counts that a case of these sizes may have, around tiles. */
  countsOf({ streams, channels, depth }: Sizes): Counts {
    const key = `${streams} ${channels} ${depth}`;
    const known = this.counts.get(key);
    if (known !== undefined) return known;
    const { operation } = this.kernel;
    const { maxElements, tokenCounts } = this.property.inputs;
    const most = Math.min(maxElements ?? Infinity, defaultMaxElements) / (operation.boundWeight?.(streams) ?? 1);
    const counts = (tokenCounts ?? batches).filter((tokens) => tokens > 0 && largestTensor(operation as unknown as Operation, { streams, channels, depth, tokens }) <= most);
    const found = { counts, total: counts.reduce((sum, tokens) => sum + 1 / tokens, 0) };
    this.counts.set(key, found);
    return found;
  }
}

const plans = new WeakMap<Property, WeakMap<ResolvedKernel, Plan>>();

export function planOf(property: Property, kernel: ResolvedKernel): Plan {
  const ofProperty = plans.get(property) ?? new WeakMap<ResolvedKernel, Plan>();
  plans.set(property, ofProperty);
  const plan = ofProperty.get(kernel) ?? new Plan(kernel, property);
  ofProperty.set(kernel, plan);
  return plan;
}
