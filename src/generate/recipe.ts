/**
 * A recipe is the small JSON value that fast-check generates and that the shrinker makes smaller. It expands, purely, to input
 * tensors: element i of token b depends only on (seed, b, i), so `tokens` can name any of the original batch's tokens.
 */
import { z } from 'zod';

import type { OperationId, Sizes } from '../operations/operation.ts';

const size = z.int().min(0).max(2 ** 24);

export const recipeSchema = z.strictObject({
  operation: z.custom<OperationId>((value) => typeof value === 'string'),
  /** Sizes of the original batch. */
  sizes: z.strictObject({ tokens: size, streams: z.int().min(1).max(16), channels: size, depth: size }),
  seed: z.int().min(0).max(0xffffffff),
  /**
   * Family by kind of port (`logits`, `mappings`, `streams`, `cotangents`, `parameters`); 'mixed', also when absent, deals one of the property's
   * families to each token. `coefficients` overrides the pre and post mappings that come with the family of streams.
   */
  families: z.record(z.string(), z.string()),
  /** Scale of the logits; 'mixed' deals one of the property's scales to each token. */
  scale: z.union([z.number(), z.literal('mixed')]),
  /** The tokens that are left, in order; all when absent. */
  tokens: z.array(size).optional(),
  /** Literal values by port, which replace what is generated; `sizes` are those of the values, of which `tokens` picks some. */
  values: z.record(z.string(), z.array(z.number())).optional(),
});
export type Recipe = z.infer<typeof recipeSchema>;

/** Which inputs a property wants. Absent lists mean all families that are finite and all scales. */
export interface InputPlan {
  /** Families of logits, see `families/logits.ts`. */
  readonly logits?: readonly string[];
  /** Scales of the logits. */
  readonly scales?: readonly number[];
  /** Families of residual mappings, see `families/mappings.ts`. */
  readonly mappings?: readonly string[];
  /** Families of streams, layer outputs, pre and post mappings, see `families/streams.ts`. */
  readonly streams?: readonly string[];
  /** Families of cotangents, see `families/streams.ts`. */
  readonly cotangents?: readonly string[];
  /** Families of parameters, see `families/parameters.ts`. */
  readonly parameters?: readonly string[];
  /** Stream counts; 1…16 when absent. */
  readonly streamCounts?: readonly number[];
  /** Token counts; tile edges when absent. */
  readonly tokenCounts?: readonly number[];
  /** Channel counts; vector-width edges and published widths when absent. */
  readonly channelCounts?: readonly number[];
  /** Depths; 1…256 when absent, for operations that have a depth. */
  readonly depths?: readonly number[];
  /** Largest number of elements of one tensor; keeps slow kernels usable. Default `defaultMaxElements`. */
  readonly maxElements?: number;
}

/** 4097 matrices of 4×4, the largest batch that looks for tile edges: 16 more than 2^16. */
export const defaultMaxElements = 4097 * 16;

/** Sizes of what a recipe expands to: the tokens that are left. */
export function recipeSizes(recipe: Recipe): Sizes {
  return recipe.tokens === undefined ? recipe.sizes : { ...recipe.sizes, tokens: recipe.tokens.length };
}
