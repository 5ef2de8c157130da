/**
 * Whether numbers come in two groups, as launches do whose compiler goes one of two ways. The excess mass of two intervals over one, the largest over λ of
 * E₂(λ) − E₁(λ), where E_k(λ) is the most that k disjoint intervals hold beyond λ times their length (Müller & Sawitzki 1991), is twice Hartigan's dip (Hartigan & Hartigan
 * 1985). A uniform distribution is the hardest of one mode to tell from two, so the p-value is the share of uniform samples of the same size with as much, (k + 1)/(draws + 1)
 * with draws from a seed. E₁ and E₂ are convex and piecewise linear in λ; between the kinks of E₁ their difference is convex, so the largest is at a kink of E₁: where k points in the
 * shortest interval that holds as many are worth as much as l points in theirs.
 */
import { Random } from '../../generate/random.ts';

const draws = 1999;
const seed = 0x6d6f6465;
const nulls = new Map<number, Float64Array>();

export interface Modes {
  /** Probability of as much in samples of one mode, at most. */
  readonly p: number;
  /** Where the widest gap lies that leaves at least two numbers on each side; the distance is that of the medians of the sides. */
  readonly distance: number;
  /** A number in that gap. */
  readonly cut: number;
}

/** Fewer numbers than this cannot show two modes at 1 %. */
export function modesOf(values: readonly number[]): Modes {
  const sorted = Float64Array.from(values).sort();
  const found = excessMass(sorted);
  const expected = nullsOf(sorted.length);
  const asMuch = expected.reduce((count, value) => count + (value >= found ? 1 : 0), 0);
  return { p: (asMuch + 1) / (draws + 1), ...gapOf(sorted) };
}

/** max over λ of E₂(λ) − E₁(λ) of sorted numbers; from 1/n to ½ where two groups are far apart. */
export function excessMass(sorted: Float64Array): number {
  const n = sorted.length;
  const shortest = Array.from({ length: n }, (_, k) => {
    let least = Infinity;
    for (let i = 0; i + k < n; i++) least = Math.min(least, sorted[i + k]! - sorted[i]!);
    return least; // of k + 1 points
  });
  let most = 0;
  for (let k = 0; k < n; k++) {
    for (let l = k + 1; l < n; l++) {
      const lambda = (l - k) / n / (shortest[l]! - shortest[k]!);
      if (Number.isFinite(lambda)) most = Math.max(most, excess(sorted, lambda, 2) - excess(sorted, lambda, 1));
    }
  }
  return most;
}

/** E_intervals(λ): the best sum of at most so many disjoint runs of points (1/n each) and of the gaps within them (−λ·length). */
function excess(sorted: Float64Array, lambda: number, intervals: number): number {
  const n = sorted.length;
  const open = new Float64Array(intervals + 1).fill(-Infinity); // the j-th run ends at this point
  const best = new Float64Array(intervals + 1); // at most j runs before it
  for (let i = 0; i < n; i++) {
    const gap = i === 0 ? 0 : lambda * (sorted[i]! - sorted[i - 1]!);
    for (let j = intervals; j >= 1; j--) {
      open[j] = Math.max(open[j]! - gap, best[j - 1]!) + 1 / n;
      best[j] = Math.max(best[j]!, open[j]!);
    }
  }
  return best[intervals]!;
}

function nullsOf(n: number): Float64Array {
  const known = nulls.get(n);
  if (known !== undefined) return known;
  const random = new Random(seed, n);
  const values = Float64Array.from({ length: draws }, () => excessMass(Float64Array.from({ length: n }, () => random.uniform()).sort()));
  nulls.set(n, values);
  return values;
}

function gapOf(sorted: Float64Array): Pick<Modes, 'distance' | 'cut'> {
  let [widest, at] = [-1, 0];
  for (let i = 2; i <= sorted.length - 2; i++) {
    const gap = sorted[i]! - sorted[i - 1]!;
    if (gap > widest) [widest, at] = [gap, i];
  }
  if (widest < 0) return { distance: 0, cut: sorted[0]! };
  const middle = (part: Float64Array): number => (part[Math.floor((part.length - 1) / 2)]! + part[Math.ceil((part.length - 1) / 2)]!) / 2;
  return { distance: middle(sorted.subarray(at)) - middle(sorted.subarray(0, at)), cut: (sorted[at - 1]! + sorted[at]!) / 2 };
}
