/**
 * Did one of several series, measured together in T runs, rise at one of the runs? One test for all of them.
 *
 * **Null hypothesis.** Nothing changed, so that the T runs, each with a seed of its own, are draws of one distribution: the runs are exchangeable, however the series hang
 * together. Any statistic of the runs in their order then has the same distribution after any permutation of them. With the observed order counted among N random ones,
 * p = (k + 1)/(N + 1), k those whose statistic is at least the observed one, satisfies P(p ≤ α) ≤ α exactly (Phipson & Smyth 2010), with no assumption on noise, tails or dependence.
 * The statistic is a maximum over series and over places of the change, so that the error is that of the whole family (Westfall & Young 1993, the single-step maxT): every
 * series whose own statistic beats the α-quantile of the permuted maxima may be named, and P(any named at all) ≤ α.
 *
 * **Statistic.** At a cut with r runs before and m from it on, t = (mean after − mean before)·√(rm/T)/(s + s₀), s the standard deviation within the two parts, s₀ the median over series of their
 * robust scale (1.4826·MAD), at least `resolution`. Without s₀ (Tusher, Tibshirani & Chu 2001) the maximum would belong to series that hardly vary, of which one run in T lies elsewhere.
 * Rises only: a change of either sign would be found with half as many ways to split the runs. s₀ does not depend on the order of the runs.
 *
 * **What can be found.** A rise in the last m of T runs has p ≥ 1/C(T, m): at 1/1250, five runs after a change are enough from T = 14 on, four from 16, three from 23.
 *
 * **Place.** One change moves several series at once; the cut that maximises Σt² over the named series is the estimate.
 */
import { Random } from '../../generate/random.ts';

/** Runs on either side of a cut, at the least: below three there is no telling an outlier from a change. */
export const shortest = 3;

export interface ShiftOptions {
  /** Largest probability to find a rise where there is none. */
  readonly level: number;
  readonly seed: number;
  /** Differences that the values cannot show. */
  readonly resolution: number;
  /** Whether a change may lie between run k − 1 and run k; default: everywhere. */
  readonly mayCut?: (k: number) => boolean;
}

export interface Shift {
  /** The first run after the change. */
  readonly at: number;
  /** Of the whole family. */
  readonly pValue: number;
  /** Indices of the series that rose, the clearest first. */
  readonly rose: readonly number[];
}

/** Permutations for a level: twenty of them may reach the observed statistic, so that the drawing of permutations seldom decides. */
export function permutationsFor(level: number): number {
  return Math.ceil(20 / level) - 1;
}

/** The fewest runs with which a p-value can be as small as the level: C(T, ⌊T/2⌋) ways to split them. */
export function fewestRuns(level: number): number {
  let runs = 2 * shortest;
  while (choose(runs, Math.floor(runs / 2)) < 1 / level) runs++;
  return runs;
}

/** Finds the clearest rise of `series` (each of one finite value per run), if there is one at the level. */
export function findShift(series: readonly Float64Array[], options: ShiftOptions): Shift | undefined {
  const runs = series[0]?.length ?? 0;
  const cuts = Array.from({ length: Math.max(0, runs - 2 * shortest + 1) }, (_, k) => k + shortest).filter(options.mayCut ?? (() => true));
  if (cuts.length === 0) return undefined;
  const floor = scaleFloor(series, options.resolution);
  const cutsAt = new Uint8Array(runs + 1);
  for (const cut of cuts) cutsAt[cut] = 1;
  const rows = series.map(rowOf);

  const inOrder = Array.from({ length: runs }, (_, i) => i);
  const observed = rows.map((row) => peak(row, inOrder, cutsAt, floor));
  const largest = Math.max(...observed);
  const permutations = permutationsFor(options.level);
  const allowed = Math.floor(options.level * (permutations + 1)) - 1;
  const random = new Random(options.seed, runs);
  const maxima: number[] = [];
  for (let k = 0, reached = 0; k < permutations; k++) {
    const order = random.permutation(runs);
    let most = 0;
    for (const row of rows) most = Math.max(most, peak(row, order, cutsAt, floor));
    maxima.push(most);
    if (isReached(most, largest) && ++reached > allowed) return undefined; // no further permutation can change that
  }
  const reachedBy = (one: number): number => maxima.reduce((count, most) => count + (isReached(most, one) ? 1 : 0), 0);
  const named = rows.map((row, index) => ({ row, index, peak: observed[index]! })).filter((one) => reachedBy(one.peak) <= allowed);
  return {
    at: strongest(cuts, named.map(({ row }) => row), inOrder, floor),
    pValue: (reachedBy(largest) + 1) / (permutations + 1),
    rose: named.toSorted((a, b) => b.peak - a.peak).map(({ index }) => index),
  };
}

/** Sums of one split in another order differ by some roundings (fewer than runs·2⁻⁵²): a tie counts as reached, which can only make p larger. */
function isReached(permuted: number, observed: number): boolean {
  return permuted >= observed * (1 - 2 ** -30);
}

function scaleFloor(series: readonly Float64Array[], resolution: number): number {
  const scales = series.map((values) => {
    const middle = median(values);
    return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
  });
  return Math.max(resolution, median(Float64Array.from(scales.filter((scale) => scale > 0))));
}

/** One series, with the sums that no order changes. */
interface Row {
  readonly values: Float64Array;
  readonly total: number;
  readonly squares: number;
}

function rowOf(values: Float64Array): Row {
  return { values, total: values.reduce((sum, value) => sum + value, 0), squares: values.reduce((sum, value) => sum + value * value, 0) };
}

/** The largest t over the cuts, with the runs in the given order; 0 where nothing rises. */
function peak({ values, total, squares }: Row, order: readonly number[], cutsAt: Uint8Array, floor: number): number {
  let sum = 0;
  let most = 0;
  for (let k = 1; k <= order.length - shortest; k++) {
    sum += values[order[k - 1]!]!;
    if (cutsAt[k] === 1) most = Math.max(most, statistic(sum, total, squares, k, order.length, floor));
  }
  return most;
}

function statistic(sum: number, total: number, squares: number, before: number, runs: number, floor: number): number {
  const after = runs - before;
  const rest = total - sum;
  const within = Math.max(0, squares - (sum * sum) / before - (rest * rest) / after) / (runs - 2);
  return ((rest / after - sum / before) * Math.sqrt((before * after) / runs)) / (Math.sqrt(within) + floor);
}

function strongest(cuts: readonly number[], rows: readonly Row[], order: readonly number[], floor: number): number {
  const strength = (cut: number): number => {
    const only = new Uint8Array(order.length + 1);
    only[cut] = 1;
    return rows.reduce((sum, row) => sum + peak(row, order, only, floor) ** 2, 0);
  };
  return cuts.map((cut) => ({ cut, strength: strength(cut) })).reduce((best, one) => (one.strength > best.strength ? one : best)).cut;
}

/** The middle one, or the mean of the two; 0 of nothing. */
export function median(values: Float64Array): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted();
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return Math.round(ways);
}
