/** An estimate between two bounds. Which error they have is said by whoever made it. */
export interface Interval {
  readonly lower: number;
  readonly estimate: number;
  readonly upper: number;
}

/**
 * The median of n numbers, between their order statistics: the bound below is the `rank`-th largest, since #{x > f} ≥ rank exactly for f below it (looks.ts), and the
 * bound above the `rank`-th smallest. A rank above n bounds nothing.
 */
export function medianInterval(values: readonly number[], rank: number): Interval {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  return { lower: sorted[n - rank] ?? -Infinity, estimate: quantile(sorted, 0.5), upper: sorted[rank - 1] ?? Infinity };
}

/** The share `q` of sorted numbers, between the two nearest by proportion (type 7 of Hyndman & Fan 1996); NaN of none. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = q * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below === above ? below : below + (above - below) * (place - Math.floor(place));
}

/** The median of numbers in any order. */
export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}
