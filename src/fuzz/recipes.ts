/** The next cases by recipe: drawn, or changed. */
import fc from 'fast-check';

import { planFamilies, planScales, kindsOf } from '../generate/choices.ts';
import type { Random } from '../generate/random.ts';
import type { InputPlan, Recipe } from '../generate/recipe.ts';
import { fit } from '../generate/sizes.ts';
import type { Operation } from '../operations/operation.ts';
import type { Property, ResolvedKernel } from '../verify/property.ts';
import { batches, planOf } from './plan.ts';

/** A recipe drawn as `verify` draws it, without any memory. */
export function drawnRecipe(property: Property, kernel: ResolvedKernel, seed: number): Recipe {
  return fc.sample(planOf(property, kernel).arbitrary, { numRuns: 1, seed: seed | 0 })[0]!;
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
      const streams = random.pick(planOf(property, kernel).streams);
      const tokens = random.pick(plan.tokenCounts ?? batches);
      return { ...changed, sizes: fit(operation, plan, { ...recipe.sizes, streams, tokens }, { streams: kernel.streams }) };
    }
    default:
      return changed;
  }
}
