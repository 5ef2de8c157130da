import type { Effort } from './results.ts';

/** Cases of each property: the first of the deterministic recipes, then random ones. */
export const casesOf: Readonly<Record<Effort, { readonly first: number; readonly random: number }>> = {
  quick: { first: 4, random: 2 },
  standard: { first: 9, random: 31 },
  thorough: { first: 9, random: 291 },
};

/** Kernel calls that shrinking one failure may take. */
export const shrinkBudget = 100;

/** Time after which no further call is made to shrink a failure of which each call costs a process or the whole time limit, in milliseconds. */
export const costlyShrinkMs = 10_000;
