/** The next case of a claim: what was stored, what every run begins with, children of the pool, a recipe that met something changed, a recipe drawn. */
import type { Random } from '../generate/random.ts';
import type { Recipe } from '../generate/recipe.ts';
import { expand } from '../generate/expand.ts';
import type { Operation, Sizes, Values } from '../operations/operation.ts';
import type { Arm } from './arm.ts';
import { bred } from './breed.ts';
import type { Pool } from './pool.ts';
import { changedRecipe, drawnRecipe } from './recipes.ts';
import { streamedSeed, type SeedStream } from './streams.ts';

export interface NextCase {
  readonly recipe: Recipe;
  readonly inputs: Values;
}

export class Cases {
  private readonly guided: boolean;
  private readonly stream: SeedStream;
  private readonly pool: Pool;
  private readonly random: Random;

  constructor({ guided, stream }: { readonly guided: boolean; readonly stream: SeedStream }, pool: Pool, random: Random) {
    this.guided = guided;
    this.stream = stream;
    this.pool = pool;
    this.random = random;
  }

  next(arm: Arm): NextCase {
    const stored = arm.stored.shift();
    if (stored !== undefined) return stored;
    const first = arm.first.shift();
    const operation = arm.kernel.operation as unknown as Operation;
    if (first !== undefined) return { recipe: first, inputs: expand(first, operation, arm.property.inputs) };
    if (this.guided && arm.anyInput && this.random.below(8) !== 0) {
      const children = bred(arm.kernel, arm.property, this.pool, arm.objective, this.random);
      if (children !== undefined) return this.byValue(arm, children);
    }
    const recipe = this.recipeOf(arm);
    const own = { ...recipe, seed: streamedSeed(recipe.seed, this.stream) };
    return { recipe: own, inputs: expand(own, operation, arm.property.inputs) };
  }

  /** A case of problems by value. */
  byValue(arm: Arm, { inputs, sizes }: { readonly inputs: Values; readonly sizes: Sizes }): NextCase {
    return { recipe: { operation: arm.kernel.operation.id, sizes, seed: streamedSeed(this.random.bits(), this.stream), families: {}, scale: 1 }, inputs };
  }

  private recipeOf(arm: Arm): Recipe {
    const { random } = this;
    const seed = random.bits();
    const drawn = (): Recipe => drawnRecipe(arm.property, arm.kernel, seed); // dearer than changing one
    if (!this.guided || random.below(3) === 0) return drawn();
    const parent = arm.recipes.length > 0 && random.below(2) === 0 ? random.pick(arm.recipes) : drawn();
    return changedRecipe(parent, arm.property, arm.kernel, random);
  }
}
