/**
 * How far numbers lie from 0 that are as likely to be −x as x where nothing differs: logarithms of ratios of two sides between which a lot decided. Then every choice of signs is equally likely, and
 * W, the sum of the ranks of |x| over the positive x, takes the value w in as many of the 2^n choices as there are subsets of {1 … n} with sum w: N(n, w) = N(n − 1, w) + N(n − 1, w − n)
 * (Wilcoxon 1945). Where all ratios contain an effect m, x − m are such numbers. W is the number of Walsh averages (xᵢ + xⱼ)/2, i ≤ j, above 0 (Tukey 1949), so that collecting the m that are not
 * rejected gives the interval between two of them: with P(W ≤ k − 1) ≤ error, the k-th smallest bounds the effect below; their median estimates it (Hodges & Lehmann 1963). Ties lose nothing: a
 * bound that lies strictly above m stays there when they are broken by numbers small enough.
 */
import { median, type Interval } from './interval.ts';

/** The common effect between bounds that are each wrong with probability ≤ error; infinite where there are too few numbers for that. */
export function signedInterval(values: readonly number[], error: number): Interval {
  const averages = Float64Array.from(values.flatMap((x, i) => values.slice(i).map((y) => (x + y) / 2))).sort();
  const k = signedRankWithin(values.length, error);
  return { lower: k === 0 ? -Infinity : averages[k - 1]!, estimate: median([...averages]), upper: k === 0 ? Infinity : averages[averages.length - k]! };
}

/** The largest k with P(W ≤ k − 1) ≤ error; 0 when there is none. */
export function signedRankWithin(n: number, error: number): number {
  const counts = choices(n);
  const allowed = error * 2 ** n;
  let below = 0;
  let k = 0;
  while (k < counts.length && below + counts[k]! <= allowed) below += counts[k++]!;
  return k;
}

/** Of more numbers the counts would not be exact. */
export const mostNumbers = 50;

/** N(n, w) for w = 0 … n(n + 1)/2. */
export function choices(n: number): number[] {
  if (!(Number.isInteger(n) && n >= 0 && n <= mostNumbers)) throw new RangeError(`${n} numbers; there can be 0 to ${mostNumbers}`);
  let counts = [1];
  for (let rank = 1; rank <= n; rank++) {
    const next = [...counts, ...Array.from({ length: rank }, () => 0)];
    counts.forEach((count, w) => (next[w + rank]! += count));
    counts = next;
  }
  return counts;
}

/** Numbers that an error needs: with fewer, even such as are all above 0 show nothing. */
export function numbersNeeded(error: number): number {
  return Math.max(1, Math.ceil(Math.log2(1 / error)));
}
