/**
 * When to look at pairs that are still being taken, and how much each look must show.
 *
 * A pair is a logarithm x of candidate / baseline. With order within the pair drawn by lot, x lies above the true effect m by a fair coin, whatever the distribution: where
 * the arms take equally long, swapping them turns x into −x. So among n pairs S = #{x > m} is binomial (½), and claiming m > f only when #{x > f} ≥ c is wrong with
 * P(S ≥ c) at most, because #{x > f} ≤ S where f ≥ m. Looking again and again would add chances up; here the walk of S over all looks is followed exactly: mass that reached
 * its c at a look is taken out, the rest is convolved with the throws up to the next look. The nominal level of a look is half that of the next, so that the last, which decides about small
 * effects, keeps half of what there is (O'Brien & Fleming 1979 give it still more; Pocock 1977 gives all the same). The last's is the largest of those that can occur whose walk crosses with
 * probability ≤ `error`; it is that of one side.
 *
 * Time may be over between two looks. When that is depends on how long samples take and not on which arm they were of, so a last look is taken
 * there, with the smallest c that keeps the whole walk within `error`.
 */
import { atLeastHeads, headsOf, roundingOf } from './coin.ts';

export interface Look {
  /** Pairs taken by then. */
  readonly pairs: number;
  /** How many of them must lie on one side of a number to claim that the effect does; more than `pairs` where so few cannot show it. */
  readonly rank: number;
}

export interface LookPlan {
  /** Probability that a wrong claim about one side is made at any look, at most. */
  readonly error: number;
  readonly looks: readonly Look[];
}

/** Looks after every `every` pairs and at the `cap`. */
export function planLooks(cap: number, every: number, error: number): LookPlan {
  const counts: number[] = [];
  for (let pairs = every; pairs < cap; pairs += every) counts.push(pairs);
  counts.push(cap);
  const levels = [...new Set(counts.flatMap((pairs, k) => [...atLeastHeads(pairs)].map((tail) => tail / shareOf(k, counts.length))))].filter((level) => level <= error).sort((a, b) => a - b);
  let [low, high] = [0, levels.length - 1]; // crossing grows with the level
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (crossing(looksAt(counts, levels[middle]!)) <= error) low = middle;
    else high = middle - 1;
  }
  return { error, looks: looksAt(counts, levels[low]!) };
}

/** The last look of a plan that ended after `pairs` pairs, at a planned look or not. */
export function closingLook({ error, looks }: LookPlan, pairs: number): Look {
  const planned = looks.find((look) => look.pairs === pairs);
  if (planned !== undefined) return planned;
  const before = looks.filter((look) => look.pairs < pairs);
  let [low, high] = [0, pairs + 1]; // nothing is claimed at high
  while (low < high) {
    const rank = Math.floor((low + high) / 2);
    if (crossing([...before, { pairs, rank }]) <= error) high = rank;
    else low = rank + 1;
  }
  return { pairs, rank: low };
}

/** The level of look `k` of so many, in that of the last. */
function shareOf(k: number, looks: number): number {
  return 2 ** (k + 1 - looks);
}

function looksAt(counts: readonly number[], level: number): Look[] {
  return counts.map((pairs, k) => ({ pairs, rank: atLeastHeads(pairs).findIndex((tail) => tail <= level * shareOf(k, counts.length)) }));
}

/** A share of the error for each look of a test that has no walk to be followed: by halves as above, and the last look, planned or not, has all that is left, at least half. */
export function errorAt({ error, looks }: LookPlan, pairs: number): number {
  const share = (k: number): number => (error * shareOf(k, looks.length)) / 2;
  const before = looks.filter((look) => look.pairs < pairs).length;
  if (before < looks.length - 1 && looks[before]!.pairs === pairs) return share(before);
  return Array.from({ length: before }, (_, k) => share(k)).reduce((left, spent) => left - spent, error);
}

/** Probability that the number of heads reaches the rank of any look. */
export function crossing(looks: readonly Look[]): number {
  let walk = Float64Array.of(1);
  let taken = 0;
  let crossed = 0;
  for (const { pairs, rank } of looks) {
    walk = convolved(walk, headsOf(pairs - taken));
    taken = pairs;
    for (let heads = walk.length - 1; heads >= rank; heads--) {
      crossed += walk[heads]!;
      walk[heads] = 0;
    }
  }
  return crossed * roundingOf(2 * taken);
}

function convolved(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const out = new Float64Array(a.length + b.length - 1);
  for (let i = 0; i < a.length; i++) {
    if (a[i] === 0) continue;
    for (let j = 0; j < b.length; j++) out[i + j]! += a[i]! * b[j]!;
  }
  return out;
}
