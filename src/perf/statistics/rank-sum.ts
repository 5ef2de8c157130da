/**
 * How much longer the copies of one code take than those of another. The copy is the unit: samples of one copy share whatever the compiler
 * happened to do. Which copies belong to which code was drawn by lot from all arrangements, so where the codes do not differ each of the C(a + b, a) arrangements of the
 * ranks is equally likely, and U, the number of pairs (x of A, y of B) with y > x, has the distribution that counting gives: N(a, b, u) = N(a − 1, b, u − b) + N(a, b − 1, u),
 * by whether the smallest of all is an A or a B (Mann & Whitney 1947). For an effect m, B's logarithms less m are like A's; collecting the m that are not rejected gives the interval between two of
 * the a·b differences y − x (Moses 1953; Hodges & Lehmann 1963 for the estimate between them): with P(U ≤ k − 1) ≤ error, the k-th smallest difference bounds the effect below.
 *
 * Blocks: where lots were drawn within each block and numbers are compared within blocks alone, U is the sum of those of the blocks, which are independent: the counts of arrangements are multiplied
 * like polynomials (van Elteren 1960), and the differences are those within blocks.
 */
import { median, type Interval } from './interval.ts';

/** Numbers of A and of B among which lots were drawn. */
export type Block = readonly [a: readonly number[], b: readonly number[]];

/** The shift from A to B between bounds that are each wrong with probability ≤ error; infinite where there are too few numbers for that. */
export function shiftInterval(blocks: readonly Block[], error: number): Interval {
  const differences = Float64Array.from(blocks.flatMap(([a, b]) => a.flatMap((x) => b.map((y) => y - x)))).sort();
  const k = rankWithin(blocks.map(([a, b]) => [a.length, b.length]), error);
  return { lower: k === 0 ? -Infinity : differences[k - 1]!, estimate: median([...differences]), upper: k === 0 ? Infinity : differences[differences.length - k]! };
}

/** The largest k with P(U ≤ k − 1) ≤ error, of blocks of so many of each; 0 when there is none. */
export function rankWithin(blocks: readonly (readonly [a: number, b: number])[], error: number): number {
  const counts = blocks.map(([a, b]) => arrangements(a, b)).reduce(product, [1]);
  const all = counts.reduce((sum, count) => sum + count, 0);
  const allowed = error * all * (1 - 2 ** -40); // counts up to 2⁵³ are exact, and larger ones are off by less
  let below = 0;
  let k = 0;
  while (k < counts.length && below + counts[k]! <= allowed) below += counts[k++]!;
  return k;
}

function product(one: readonly number[], other: readonly number[]): number[] {
  const counts = Array.from({ length: one.length + other.length - 1 }, () => 0);
  one.forEach((count, u) => other.forEach((many, v) => (counts[u + v]! += count * many)));
  return counts;
}

/** N(a, b, u) for u = 0 … a·b. */
export function arrangements(a: number, b: number): number[] {
  let row: number[][] = Array.from({ length: b + 1 }, () => [1]); // no A: one arrangement, U = 0
  for (let i = 1; i <= a; i++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= b; j++) {
      const counts = Array.from({ length: i * j + 1 }, () => 0);
      row[j]!.forEach((count, u) => (counts[u + j]! += count)); // the smallest of all is an A: every B is above it
      next[j - 1]!.forEach((count, u) => (counts[u]! += count));
      next.push(counts);
    }
    row = next;
  }
  return row[b]!;
}
