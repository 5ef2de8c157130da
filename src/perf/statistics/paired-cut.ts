/**
 * How much longer one of two sides takes, from pairs (a, b) in which a lot decided which is which. Where the sides do not differ, each of the 2^n ways to swap the two of some pairs is equally
 * likely, whatever the pairs have in common. All 2n numbers are cut in two at the widest gap near their middle, which no swap moves. Of the pairs with one number on either side of the cut, those whose b is above are
 * then heads of a fair coin (McNemar 1947).
 *
 * What this is for is launches that are odd. One odd a of 12 has the largest difference of all, so that signed ranks (signed-rank.ts) show nothing at 0.1 %; here its pair is above the cut with both,
 * and does not count. What it cannot see through is what pairs have in common: where that is more than the effect, all pairs lie on one side.
 *
 * For an effect m, a and b − m are such pairs; the bound is the smallest m that is not rejected, and true ones are rejected with probability ≤ error. Which numbers lie above the cut changes only where m passes a difference
 * b_j − a_i, or where two gaps, which are linear in m between those, are as wide as each other: one m between each two such places is tried. Numbers that are the same count as if their order were a lot's.
 */
import { atLeastHeads, roundingOf } from './coin.ts';
import { median, type Interval } from './interval.ts';

/** The shift from a to b between bounds that are each wrong with probability ≤ error; infinite where there are too few pairs for that. */
export function cutInterval(a: readonly number[], b: readonly number[], error: number): Interval {
  const lower = lowerBound(a, b, error);
  const upper = -lowerBound(b, a, error);
  const middle = a.length === 0 ? Number.NaN : median(a.map((x, k) => b[k]! - x));
  return { lower, estimate: Math.max(lower, Math.min(upper, middle)), upper };
}

/** Pairs that an error needs: with fewer, even such as are all on one side show nothing. */
function pairsNeeded(error: number): number {
  let pairs = 1;
  while (!(chance(pairs, pairs) <= error)) pairs++;
  return pairs;
}

/** Numbers on either side of the middle among which the widest gap is looked for. */
function reachOf(pairs: number): number {
  return Math.max(2, Math.floor(pairs / 6));
}

function lowerBound(a: readonly number[], b: readonly number[], error: number): number {
  if (a.length < pairsNeeded(error)) return -Infinity;
  const differences = Float64Array.from(new Set(b.flatMap((y) => a.map((x) => y - x)))).sort();
  const span = differences.at(-1)! - differences[0]!;
  for (let k = 0; k < differences.length; k++) {
    const to = differences[k]!;
    let from = k === 0 ? to - 4 * span - 1 : differences[k - 1]!;
    for (const next of [...equallyWide(a, b, from, to), to]) {
      if (!(chanceAt(a, b, (from + next) / 2) <= error)) return k === 0 ? -Infinity : from;
      from = next;
    }
  }
  return differences.at(-1)!; // nothing above all of them is rejected: there every b − m is below
}

/** The m between two differences at which two of the gaps near the middle are as wide as each other, ascending. */
function equallyWide(a: readonly number[], b: readonly number[], from: number, to: number): number[] {
  const m = (from + to) / 2;
  const pooled = [...a.map((value) => ({ value, slope: 0 })), ...b.map((value) => ({ value: value - m, slope: -1 }))].sort((x, y) => x.value - y.value);
  const reach = reachOf(a.length);
  const gaps = Array.from({ length: 2 * reach + 1 }, (_, k) => {
    const [low, high] = [pooled[a.length - reach + k - 1]!, pooled[a.length - reach + k]!];
    return { width: high.value - low.value, slope: high.slope - low.slope };
  });
  const places = gaps.flatMap((one, k) => gaps.slice(k + 1).flatMap((other) => (one.slope === other.slope ? [] : [m + (other.width - one.width) / (one.slope - other.slope)])));
  return places.filter((place) => place > from && place < to).sort((x, y) => x - y);
}

/** The probability of as many b above the cut, or more, where the effect is m. */
function chanceAt(a: readonly number[], b: readonly number[], m: number): number {
  const shifted = b.map((value) => value - m);
  const cut = widestGap([...a, ...shifted].sort((x, y) => x - y), reachOf(a.length));
  let [apart, heads] = [0, 0];
  a.forEach((value, k) => {
    const isAbove = shifted[k]! > cut;
    if (isAbove === value > cut) return;
    apart++;
    if (isAbove) heads++;
  });
  return chance(apart, heads);
}

/** The middle of the widest gap that has n − reach to n + reach of the 2n numbers below it. */
function widestGap(sorted: readonly number[], reach: number): number {
  const n = sorted.length / 2;
  let at = n - reach;
  for (let k = at + 1; k <= n + reach; k++) if (sorted[k]! - sorted[k - 1]! > sorted[at]! - sorted[at - 1]!) at = k;
  return (sorted[at - 1]! + sorted[at]!) / 2;
}

/** P(heads or more of so many throws), no smaller than the true one. */
function chance(throws: number, heads: number): number {
  return atLeastHeads(throws)[heads]! * roundingOf(throws);
}
