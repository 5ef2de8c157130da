/**
 * Did one of several groups of series, all measured together in T runs, rise at one of the runs? One test for all of them.
 *
 * **Null hypothesis.** Nothing changed, so that the T runs, each with a seed of its own, are draws of one distribution: the runs are exchangeable, however the series hang
 * together. Any statistic of the runs in their order then has the same distribution after any permutation of them. With the observed order counted among N random ones,
 * p = (k + 1)/(N + 1), k those whose statistic is at least the observed one, satisfies P(p ≤ α) ≤ α exactly (Phipson & Smyth 2010), with no assumption on noise, tails or dependence.
 * The statistic is a maximum over groups and over places of the change, so that the error is that of the whole family (Westfall & Young 1993, the single-step maxT): every
 * group whose own statistic beats the α-quantile of the permuted maxima may be named, and P(any named at all) ≤ α.
 *
 * **One series.** At a cut with r runs before and m from it on, t = (mean after − mean before)·√(rm/T)/(s + s₀), s the standard deviation within the two parts, s₀ the median over series of their
 * robust scale (1.4826·MAD), at least `resolution`. Without s₀ (Tusher, Tibshirani & Chu 2001) the maximum would belong to series that hardly vary, of which one run in T lies elsewhere.
 * Rises only, max(t, 0): a change of either sign would be found with half as many ways to split the runs.
 *
 * **A group.** A change of a kernel moves some of the claims about it a lot, and others, whose margins do not come from rounding, not at all: a mean over them would hide it. So a group is judged by Σ max(t, 0), less its
 * mean over permutations and divided by its deviation over them, at each cut. Both are estimated from permutations that are drawn for nothing else, so that they depend on the runs
 * and not on their order, as s₀ does: the null hypothesis holds given all three.
 *
 * **What can be found.** A rise in the last m of T runs has p ≥ 1/C(T, m): at 1/1250, five runs after a change are enough from T = 14 on, four from 16, three from 23.
 *
 * **Place.** The cut at which the groups that are named have the largest sum.
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
  /** Indices of the groups that rose, the clearest first; the number of groups is that of all together. */
  readonly rose: readonly number[];
  /** By group and series: max(t, 0)² at the change, the series' part in the evidence. */
  readonly evidence: readonly Float64Array[];
}

/** Permutations for a level: ten of them may reach the observed statistic, so that the drawing of permutations seldom decides. */
export function permutationsFor(level: number): number {
  return Math.ceil(10 / level) - 1;
}

/** The fewest runs with which a p-value can be as small as the level: C(T, ⌊T/2⌋) ways to split them. */
export function fewestRuns(level: number): number {
  let runs = 2 * shortest;
  while (choose(runs, Math.floor(runs / 2)) < 1 / level) runs++;
  return runs;
}

/**
 * Finds the clearest rise among groups of series (each of one finite value per run), if there is one at the level. All series together are one more group, the last.
 */
export function findShift(groups: readonly (readonly Float64Array[])[], options: ShiftOptions): Shift | undefined {
  const runs = groups[0]?.[0]?.length ?? 0;
  const cuts = Array.from({ length: Math.max(0, runs - 2 * shortest + 1) }, (_, k) => k + shortest).filter(options.mayCut ?? (() => true));
  if (cuts.length === 0) return undefined;
  const evidence = new Evidence(groups, cuts, options.resolution);
  const random = new Random(options.seed, runs);
  evidence.learnUsual(Array.from({ length: auxiliary }, () => random.permutation(runs)));

  const inOrder = Array.from({ length: runs }, (_, i) => i);
  const observed = evidence.of(inOrder).slice();
  const peaks = Array.from({ length: groups.length + 1 }, (_, g) => observed.subarray(g * cuts.length, (g + 1) * cuts.length).reduce((most, value) => Math.max(most, value), 0));
  const largest = Math.max(...peaks);
  const permutations = permutationsFor(options.level);
  const allowed = Math.floor(options.level * (permutations + 1)) - 1;
  const maxima: number[] = [];
  for (let k = 0, reached = 0; k < permutations; k++) {
    const most = evidence.of(random.permutation(runs)).reduce((high, value) => Math.max(high, value), 0);
    maxima.push(most);
    if (isReached(most, largest) && ++reached > allowed) return undefined; // no further permutation can change that
  }
  const reachedBy = (one: number): number => maxima.reduce((count, most) => count + (isReached(most, one) ? 1 : 0), 0);
  const named = peaks.map((peak, index) => ({ index, peak })).filter(({ peak }) => reachedBy(peak) <= allowed).toSorted((a, b) => b.peak - a.peak);
  const strength = cuts.map((_, c) => named.reduce((sum, { index }) => sum + observed[index * cuts.length + c]!, 0));
  const cut = strength.indexOf(Math.max(...strength));
  return { at: cuts[cut]!, pValue: (reachedBy(largest) + 1) / (permutations + 1), rose: named.map(({ index }) => index), evidence: evidence.bySeries(cut) };
}

/** So many permutations tell a mean and a deviation well enough: a poor estimate costs power, never validity. */
const auxiliary = 200;

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

/** The statistics of all groups at all cuts, for one order of the runs after another, without allocation. */
class Evidence {
  private readonly series: readonly Float64Array[];
  private readonly squares: readonly number[];
  /** Index of each series' group; one more than the last is the group of all. */
  private readonly groupOf: readonly number[];
  private readonly all: number;
  private readonly cuts: readonly number[];
  private readonly floor: number;
  private readonly means: Float64Array;
  private readonly deviations: Float64Array;
  private readonly out: Float64Array;

  constructor(groups: readonly (readonly Float64Array[])[], cuts: readonly number[], resolution: number) {
    this.series = groups.flat().map(centred);
    this.squares = this.series.map((values) => values.reduce((sum, value) => sum + value * value, 0));
    this.groupOf = groups.flatMap((group, g) => group.map(() => g));
    this.all = groups.length;
    this.cuts = cuts;
    this.floor = scaleFloor(groups.flat(), resolution);
    this.out = new Float64Array((groups.length + 1) * cuts.length);
    this.means = new Float64Array(this.out.length);
    this.deviations = new Float64Array(this.out.length).fill(1);
  }

  /** Takes mean and deviation of the statistics over some orders as what is usual. */
  learnUsual(orders: readonly (readonly number[])[]): void {
    const [sums, squares] = [new Float64Array(this.out.length), new Float64Array(this.out.length)];
    for (const order of orders) {
      for (const [k, value] of this.of(order).entries()) {
        sums[k]! += value / orders.length;
        squares[k]! += value ** 2 / orders.length;
      }
    }
    this.means.set(sums);
    // a group that never shows anything in some place decides nothing there
    this.deviations.set(squares.map((square, k) => Math.sqrt(Math.max(0, square - sums[k]! ** 2)) || Infinity));
  }

  /** By group and cut, at group·cuts + cut, less what is usual; valid until the next call. */
  of(order: readonly number[]): Float64Array {
    const { out, series, cuts, all, groupOf } = this;
    out.fill(0);
    for (let s = 0; s < series.length; s++) {
      const values = series[s]!;
      const own = groupOf[s]! * cuts.length;
      for (let c = 0, k = 0, sum = 0; c < cuts.length; c++) {
        for (const cut = cuts[c]!; k < cut; k++) sum += values[order[k]!]!;
        if (sum < 0) out[own + c]! += Math.sqrt(this.squaredT(s, sum, cuts[c]!, order.length));
      }
    }
    for (let g = 0; g < all; g++) for (let c = 0; c < cuts.length; c++) out[all * cuts.length + c]! += out[g * cuts.length + c]!;
    for (let k = 0; k < out.length; k++) out[k] = (out[k]! - this.means[k]!) / this.deviations[k]!;
    return out;
  }

  /** By group and series, for the order in which the runs are; the group of all repeats the others. */
  bySeries(cut: number): Float64Array[] {
    const at = this.cuts[cut]!;
    const found = this.series.map((values, s) => {
      const sum = values.subarray(0, at).reduce((total, value) => total + value, 0);
      return sum < 0 ? this.squaredT(s, sum, at, values.length) : 0;
    });
    return Array.from({ length: this.all + 1 }, (_, g) => Float64Array.from(found.filter((_value, s) => g === this.all || this.groupOf[s] === g)));
  }

  /** t² of a series whose values sum to 0, and to `sum` < 0 before the cut: the difference of the means is −sum·T/(r·m). */
  private squaredT(s: number, sum: number, before: number, runs: number): number {
    const between = (sum * sum * runs) / (before * (runs - before));
    const within = Math.max(0, this.squares[s]! - between) / (runs - 2);
    return between / (Math.sqrt(within) + this.floor) ** 2;
  }
}

function centred(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
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
