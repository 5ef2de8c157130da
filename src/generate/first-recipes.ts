/**
 * The recipes that every run starts with, most telling first: a quick run sees only a few, and must still meet all families and
 * scales, n = 4 and another n, and batches that end inside a tile.
 */
import type { Operation, Sizes } from '../operations/operation.ts';
import { kindsOf, planFamilies, planScales, type FamilyKind } from './choices.ts';
import { hashText, Random } from './random.ts';
import { supportClasses4 } from './support-classes.ts';
import type { InputPlan, Recipe } from './recipe.ts';
import { allowedStreams, fit, type SizeLimits } from './sizes.ts';

/**
 * Deterministic recipes for an operation within the plan and the limits, without repetitions. All mix the plan's families and scales
 * except one of all 317 support classes, where the plan has them. Zero tokens appear only when `plan.tokenCounts` has 0.
 * Throws `bad-usage` when plan and limits have no stream count in common.
 */
export function firstRecipes(operation: Operation, plan: InputPlan, seed: number, limits: SizeLimits = {}): Recipe[] {
  const streams = allowedStreams(operation, plan, limits);
  const kinds = kindsOf(operation);
  const seen = new Set<string>();
  const recipes: Recipe[] = [];
  for (const wish of wishes(operation, plan)) {
    // a stream count that is not allowed is a wish that cannot be met, unless the wish is for the main case
    const n = streams.includes(wish.streams) ? wish.streams : wish.main === true ? nearest(wish.streams, streams) : undefined;
    if (n === undefined || (wish.logits === 'support-pattern' && n !== 4)) continue;
    const wanted: Sizes = {
      streams: n,
      tokens: atLeast(wish.tokens, plan.tokenCounts),
      channels: nearest(wish.channels, plan.channelCounts),
      depth: nearest(wish.depth, plan.depths),
    };
    const sizes = fit(operation, plan, wanted, limits);
    const key = JSON.stringify([sizes, wish.logits]);
    if (seen.has(key)) continue;
    seen.add(key);
    const families = Object.fromEntries(kinds.map((kind) => [kind, kind === 'logits' ? (wish.logits ?? 'mixed') : kind === 'parameters' ? turn(plan, kind, recipes.length) : 'mixed']));
    const scale = kinds.includes('logits') ? ('mixed' as const) : 1;
    recipes.push({ operation: operation.id, sizes, seed: new Random(seed, hashText('first'), recipes.length).bits(), families, scale });
  }
  return recipes;
}

/** Parameters are the same for all tokens of a case, so that the families take turns. */
function turn(plan: InputPlan, kind: FamilyKind, index: number): string {
  const names = planFamilies(plan, kind);
  return names[index % names.length]!;
}

/** Sizes to be met as nearly as the plan allows. `main` wishes are met at another n where theirs is not allowed. */
interface Wish extends Sizes {
  readonly main?: true;
  readonly logits?: string;
}

function wishes(operation: Operation, plan: InputPlan): readonly Wish[] {
  const list = kindsOf(operation).includes('logits') ? logitsWishes(plan) : operation.dims.includes('depth') ? depthWishes : streamWishes;
  return plan.tokenCounts?.includes(0) === true ? [...list, { streams: 4, tokens: 0, channels: 8, depth: 2 }] : list;
}

function logitsWishes(plan: InputPlan): Wish[] {
  const other = { channels: 1, depth: 1 };
  const families = planFamilies(plan, 'logits');
  const pairs = families.length * planScales(plan).length;
  const classes = supportClasses4().length;
  return [
    { streams: 4, tokens: pairs % 32 === 0 ? pairs + 1 : Math.max(pairs, 33), main: true, ...other },
    ...(families.includes('support-pattern') ? [{ streams: 4, tokens: classes, logits: 'support-pattern', ...other }] : []),
    { streams: 3, tokens: 33, ...other },
    { streams: 8, tokens: 33, ...other },
    { streams: 2, tokens: 257, ...other },
    { streams: 1, tokens: 33, ...other },
    { streams: 16, tokens: 33, ...other },
    { streams: 4, tokens: 1, main: true, ...other },
    { streams: 4, tokens: 33, main: true, ...other },
  ];
}

const streamWishes: readonly Wish[] = [
  { streams: 4, tokens: 65, channels: 31, depth: 1, main: true },
  { streams: 3, tokens: 33, channels: 8, depth: 1 },
  { streams: 4, tokens: 3, channels: 1280, depth: 1, main: true },
  { streams: 8, tokens: 33, channels: 3, depth: 1 },
  { streams: 4, tokens: 129, channels: 64, depth: 1, main: true }, // whole tiles of channels, more than one of tokens
  { streams: 2, tokens: 257, channels: 1, depth: 1 },
  { streams: 1, tokens: 33, channels: 31, depth: 1 },
  { streams: 16, tokens: 33, channels: 8, depth: 1 },
  { streams: 4, tokens: 1, channels: 7168, depth: 1, main: true },
];

const depthWishes: readonly Wish[] = [
  { streams: 4, tokens: 33, channels: 3, depth: 24, main: true },
  { streams: 4, tokens: 16, channels: 8, depth: 256, main: true },
  { streams: 3, tokens: 33, channels: 31, depth: 1 },
  { streams: 8, tokens: 16, channels: 8, depth: 60 },
  { streams: 2, tokens: 33, channels: 1, depth: 122 },
  { streams: 1, tokens: 33, channels: 3, depth: 2 },
  { streams: 16, tokens: 1, channels: 8, depth: 48 },
  { streams: 4, tokens: 1, channels: 64, depth: 60, main: true },
];

function nearest(wanted: number, allowed: readonly number[] | undefined): number {
  if (allowed === undefined) return wanted;
  return allowed.reduce((best, size) => (Math.abs(size - wanted) < Math.abs(best - wanted) ? size : best));
}

/** The smallest allowed number that is enough, else the largest. */
function atLeast(wanted: number, allowed: readonly number[] | undefined): number {
  if (allowed === undefined) return wanted;
  const enough = allowed.filter((size) => size >= wanted);
  return enough.length > 0 ? Math.min(...enough) : Math.max(...allowed);
}
