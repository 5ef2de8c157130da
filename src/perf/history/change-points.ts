/**
 * Change points of a series by E-divisive (Matteson & James 2014; for times of software: Daly et al. 2020, Fleming et al. 2023).
 *
 * **Divergence.** Of values X before and Y after, n and m of them: Q = nm/(n + m)·(2·mean|x − y| − mean|x − x′| − mean|y − y′|), means over pairs of different values. In the limit the bracket is 0
 * exactly when the two have one distribution, so that a change of spread is found as well as one of level.
 *
 * **Search.** In each part of the series that no change divides, from its first value on: X up to a cut τ, Y from τ to κ, over all τ and κ; κ short of the end finds a change that another
 * one takes back. The part and cut with the largest Q are tested, and if there is a change both halves are searched in turn.
 *
 * **Error.** Without a change in any part, its values are exchangeable: any order was as likely. The largest Q of N random orders within the parts gives p = (k + 1)/(N + 1), k those that
 * reach the observed one; P(p ≤ α) ≤ α exactly, whatever the distribution (Phipson & Smyth 2010). The first test bounds the error of a series without any change. What is assumed is that runs do
 * not depend on each other: a machine that slowly becomes slower is a change to this test, and should be.
 */
import { Random } from '../../generate/random.ts';

/** Values on either side of a change, at the least: two equal outliers in a row are common. */
export const shortest = 3;

export interface ChangePoint {
  /** The first value after it. */
  readonly at: number;
  readonly pValue: number;
}

export interface ChangePointOptions {
  /** Largest probability to find a change where there is none. */
  readonly level: number;
  readonly seed: number;
  /** Whether a change may lie between value k − 1 and k; default: everywhere. */
  readonly mayCut?: (k: number) => boolean;
}

/** Finds all changes of a series of finite values, in their order. */
export function changePoints(values: Float64Array, { level, seed, mayCut = () => true }: ChangePointOptions): ChangePoint[] {
  const found: ChangePoint[] = [];
  const random = new Random(seed, values.length);
  for (;;) {
    const ends = [0, ...found.map(({ at }) => at).toSorted((a, b) => a - b), values.length];
    const parts = ends.slice(1).map((to, k) => ({ from: ends[k]!, to }));
    const best = parts.map((part) => largestDivergence(values, part, mayCut)).reduce((a, b) => (b.divergence > a.divergence ? b : a));
    if (!(best.divergence > 0)) break;
    const pValue = permuted(values, parts, mayCut, best.divergence, level, random);
    if (pValue === undefined) break;
    found.push({ at: best.at, pValue });
  }
  return found.toSorted((a, b) => a.at - b.at);
}

/** The fewest values of which some order has a p-value of at most the level: two orders of two levels are the most divergent, the low ones first or last. */
export function fewestValues(level: number): number {
  let count = 2 * shortest;
  for (let ways = 20; ways < 2 / level; ways = (ways * count) / Math.ceil(count / 2)) count++; // C(n, ⌊n/2⌋) = C(n − 1, ⌊(n − 1)/2⌋)·n/⌈n/2⌉
  return count;
}

interface Part {
  readonly from: number;
  readonly to: number;
}

/** p, or undefined when it is above the level: no further order can change that. */
function permuted(values: Float64Array, parts: readonly Part[], mayCut: (k: number) => boolean, observed: number, level: number, random: Random): number | undefined {
  const orders = Math.ceil(10 / level) - 1; // ten may reach it, so that the drawing of orders seldom decides
  const allowed = Math.floor(level * (orders + 1)) - 1;
  const shuffled = new Float64Array(values.length);
  let reached = 0;
  for (let k = 0; k < orders; k++) {
    for (const { from, to } of parts) random.permutation(to - from).forEach((place, i) => (shuffled[from + i] = values[from + place]!));
    const most = parts.reduce((high, part) => Math.max(high, largestDivergence(shuffled, part, mayCut).divergence), 0);
    // sums of one split in another order differ by some roundings: a tie counts
    if (most >= observed * (1 - 2 ** -30) && ++reached > allowed) return undefined;
  }
  return (reached + 1) / (orders + 1);
}

/** The cut of a part with the largest Q; 0 where it is too short. */
export function largestDivergence(values: Float64Array, { from, to }: Part, mayCut: (k: number) => boolean): { readonly at: number; readonly divergence: number } {
  const count = to - from;
  const within = sumsWithin(values.subarray(from, to));
  let best = { at: from, divergence: 0 };
  for (let cut = shortest; cut <= count - shortest; cut++) {
    if (!mayCut(from + cut)) continue;
    for (let end = cut + shortest; end <= count; end++) {
      const [n, m] = [cut, end - cut];
      const [before, after, all] = [within[cut]!, within[cut * (count + 1) + end]!, within[end]!];
      const divergence = ((n * m) / (n + m)) * ((2 * (all - before - after)) / (n * m) - before / ((n * (n - 1)) / 2) - after / ((m * (m - 1)) / 2));
      if (divergence > best.divergence) best = { at: from + cut, divergence };
    }
  }
  return best;
}

/** At a·(n + 1) + b: Σ |x_i − x_j| over pairs in a … b − 1. */
function sumsWithin(values: Float64Array): Float64Array {
  const side = values.length + 1;
  const sums = new Float64Array(side * side);
  for (let end = 1; end < side; end++) {
    for (let start = end - 1, toLast = 0; start >= 0; start--) {
      toLast += Math.abs(values[start]! - values[end - 1]!);
      sums[start * side + end] = sums[start * side + end - 1]! + toLast;
    }
  }
  return sums;
}
