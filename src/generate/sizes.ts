/** Sizes worth running: the edges of tiles and vectors, the widths and depths of published models, and what fits a limit. */
import { PlumblineError } from '../errors.ts';
import { dependsOn } from '../operations/dims.ts';
import { elementsOf, type Operation, type SizeName, type Sizes } from '../operations/operation.ts';
import { defaultMaxElements, type InputPlan } from './recipe.ts';

/** What restricts sizes besides the plan: what a kernel supports. */
export interface SizeLimits {
  /** Stream counts that the kernel supports; all when absent. */
  readonly streams?: readonly number[] | undefined;
  /** Overrides the plan's `maxElements` when smaller. */
  readonly maxElements?: number | undefined;
}

/** Values in the order in which they shrink, with the weights that random cases give them. */
export type Weighted<T> = readonly (readonly [value: T, weight: number])[];

/** Around tiles of 32 and 256 and one of 4096. No tokens come last: a case that claims nothing is no simpler case. */
export const usualTokens: Weighted<number> = [[1, 3], [2, 1], [5, 2], [31, 3], [32, 3], [33, 6], [127, 1], [255, 3], [257, 4], [4097, 1], [0, 1]];

/** Around vectors of 4 and 8 and lines of 32 and 64, then hidden sizes of published models. */
export const usualChannels: Weighted<number> = [
  [1, 3], [3, 3], [8, 4], [31, 4], [33, 2], [64, 3], [129, 1], [1280, 1], [1920, 1], [2560, 1], [4096, 1], [7168, 1],
];

/** Half of the weight on single sublayers and the depths of published models (24 to 122), the rest even. */
export const usualDepths: Weighted<number> = oneToLast(256, { 1: 40, 2: 30, 3: 30, 8: 30, 24: 30, 48: 20, 60: 30, 122: 30, 256: 16 });

/** n = 4 in nearly all models. */
export const usualStreams: Weighted<number> = oneToLast(16, { 1: 2, 2: 2, 3: 2, 4: 20, 8: 2, 16: 2 });

function oneToLast(last: number, weights: Readonly<Record<number, number>>): Weighted<number> {
  return Array.from({ length: last }, (_, i) => [i + 1, weights[i + 1] ?? 1] as const);
}

/**
 * The stream counts that operation, plan and kernel allow, ascending. Throws `bad-usage` when there are none; a caller that
 * plans for kernels should have noticed.
 */
export function allowedStreams(operation: Pick<Operation, 'streamCounts'>, plan: InputPlan, limits: SizeLimits = {}): number[] {
  const lists = [operation.streamCounts, plan.streamCounts, limits.streams];
  const allowed = usualStreams.map(([n]) => n).filter((n) => lists.every((list) => list?.includes(n) ?? true));
  if (allowed.length === 0) {
    throw new PlumblineError('bad-usage', `The property wants n = ${String(plan.streamCounts ?? 'any')}, the kernel supports n = ${String(limits.streams ?? 'any')}.`);
  }
  return allowed;
}

/** Elements of the largest tensor of an operation, or of the largest whose shape depends on a certain size. */
export function largestTensor(operation: Operation, sizes: Sizes, having: SizeName = 'tokens'): number {
  const ports = [...operation.inputs, ...operation.outputs].filter((port) => port.dims.some((dim) => dependsOn(dim, having)));
  return Math.max(0, ...ports.map((port) => elementsOf(port, sizes)));
}

/**
 * `sizes` with 1 for what the operation lacks and with fewer tokens, then channels, then sublayers, so that no tensor exceeds the
 * limit; channels keep their largest power of two, or as much of it as fits. Counts that the plan lists are preferred; where even the least of them is too large, the limit wins.
 */
export function fit(operation: Operation, plan: InputPlan, sizes: Sizes, limits: SizeLimits = {}): Sizes {
  const maxElements = Math.min(plan.maxElements ?? defaultMaxElements, limits.maxElements ?? Infinity);
  const fitted = { ...sizes };
  for (const name of Object.keys(fitted) as SizeName[]) if (!operation.dims.includes(name)) fitted[name] = 1;
  const weight = (name: SizeName): number => (name === 'tokens' ? (operation.boundWeight?.(sizes.streams) ?? 1) : 1);
  const fits = (name: SizeName, size: number): boolean => largestTensor(operation, { ...fitted, [name]: size }, name) * weight(name) <= maxElements;
  for (const [name, listed] of [['tokens', plan.tokenCounts], ['channels', plan.channelCounts], ['depth', plan.depths]] as const) {
    if (fits(name, fitted[name])) continue;
    const candidates = (listed ?? []).filter((size) => size > 0 && fits(name, size));
    fitted[name] = candidates.length > 0 ? Math.max(...candidates) : largest(fitted[name], name === 'channels' ? evenness(fitted[name]) : 1, (size) => fits(name, size));
  }
  return fitted;
}

/** The largest power of two that divides a size: kernels have tiles of so many channels. */
function evenness(size: number): number {
  return size & -size;
}

/** The largest multiple of `step` below `limit` that fits, by bisection; of half the step, and so on, if none does; 1 if nothing does. */
function largest(limit: number, step: number, fits: (size: number) => boolean): number {
  if (step > 1 && !(step < limit && fits(step))) return largest(limit, step / 2, fits);
  let low = 1;
  let high = Math.ceil(limit / step);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle * step)) low = middle;
    else high = middle;
  }
  return low * step;
}
