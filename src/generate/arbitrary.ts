/** fast-check arbitraries over recipes. A recipe is small, so generating and shrinking cost nothing beside the kernel. */
import fc from 'fast-check';

import type { Operation } from '../operations/operation.ts';
import { kindsOf, planFamilies, planScales } from './choices.ts';
import type { InputPlan, Recipe } from './recipe.ts';
import { allowedStreams, fit, usualChannels, usualDepths, usualStreams, usualTokens, type SizeLimits, type Weighted } from './sizes.ts';

export { firstRecipes } from './first-recipes.ts';

/**
 * Recipes for an operation, within the plan and the limits. Half of them mix all families and scales, the others take one of
 * each. No tensor is larger than `maxElements`: tokens are left out first, then channels, then depth. Shrinks towards one token, small
 * sizes and the plan's first family; the seed stays. Throws `bad-usage` when plan and limits have no stream count in common.
 */
export function recipeArbitrary(operation: Operation, plan: InputPlan, limits: SizeLimits = {}): fc.Arbitrary<Recipe> {
  const kinds = kindsOf(operation);
  const streams = allowedStreams(operation, plan, limits);
  const wishes = fc.record({
    streams: weighted(usualStreams.filter(([n]) => streams.includes(n))),
    tokens: plan.tokenCounts === undefined ? weighted(usualTokens) : evenly(plan.tokenCounts),
    channels: plan.channelCounts === undefined ? weighted(usualChannels) : evenly(plan.channelCounts),
    depth: plan.depths === undefined ? weighted(usualDepths) : evenly(plan.depths),
  });
  return fc.record({
    operation: fc.constant(operation.id),
    sizes: wishes.map((wanted) => fit(operation, plan, wanted, limits)),
    seed: fc.noBias(fc.noShrink(fc.integer({ min: 0, max: 0xffffffff }))),
    families: fc.record(Object.fromEntries(kinds.map((kind) => [kind, oneOrMixed(planFamilies(plan, kind))]))),
    scale: kinds.includes('logits') ? oneOrMixed(planScales(plan)) : fc.constant(1),
  });
}

function oneOrMixed<T>(items: readonly T[]): fc.Arbitrary<T | 'mixed'> {
  return weighted<T | 'mixed'>([...items.map((item) => [item, 1] as const), ['mixed', items.length]]);
}

function evenly<T>(values: readonly T[]): fc.Arbitrary<T> {
  return weighted(values.map((value) => [value, 1]));
}

/** An index into the values, so that a failing case shrinks to the earliest value that fails, and not only to the first of all. */
function weighted<T>(choices: Weighted<T>): fc.Arbitrary<T> {
  const slots = choices.flatMap(([value, weight]) => Array.from({ length: weight }, () => value));
  return fc.noBias(fc.nat(slots.length - 1)).map((slot) => slots[slot]!);
}
