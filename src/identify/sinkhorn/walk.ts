/**
 * How far a dialect is from what was seen, for every number of iterations at once: each probe is iterated as far as asked, and compared after
 * every iteration. This chooses the numbers of a candidate; it judges nothing (that is refute.ts, with bounds).
 */
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { exponentials, iterate } from '../../operations/sinkhorn/reference.ts';
import { deviationOf, stepsOf } from '../../operations/sinkhorn/steps.ts';

export interface Seen {
  readonly n: number;
  readonly tokens: number;
  readonly logits: Float64Array;
  /** What the kernel returned, in the layout that is tried. */
  readonly values: Float64Array;
  /** Unit roundoff and smallest number of the dtype that holds the answers: what a difference is measured in. */
  readonly unit: number;
  readonly smallest: number;
}

/** A difference above 2⁴⁰ units says no more than one of 2⁴⁰. */
const mostUnits = 2 ** 40;

/**
 * distances[T], T from 1 to `iterations`: over the probes, the sum of log₂(1 + largest difference in units), so that one probe on which a kernel
 * is far off does not hide how well the others fit. Sums only grow, so the walk ends, with infinities, once all of them exceed `cutoff`.
 */
export function distances(seen: Seen, dialect: SinkhornDialect, iterations: number, cutoff = Infinity): Float64Array {
  const { n, tokens, logits, values, unit, smallest } = seen;
  const size = n * n;
  const endless = { ...dialect, iterations, stopBelow: 0 };
  const steps = stepsOf(endless);
  const first = steps.length - 2 * (iterations - 1);
  const opening = steps.slice(0, first);
  const iteration = steps.slice(first, first + 2);
  const sums = new Float64Array(iterations + 1);
  const x = new Float64Array(logits.length);
  const shifts = new Float64Array(n);
  for (let offset = 0; offset < tokens * size; offset += size) {
    exponentials(dialect, logits, x, offset, n, shifts);
    let stopped = false;
    let least = Infinity;
    for (let t = 1; t <= iterations; t++) {
      if (!stopped) iterate(x, offset, n, t === 1 ? opening : iteration, endless);
      stopped ||= dialect.stopBelow > 0 && deviationOf(x, offset, n) < dialect.stopBelow;
      let largest = 0;
      for (let k = offset; k < offset + size; k++) {
        const units = Math.abs(values[k]! - x[k]!) / (x[k]! * unit + smallest);
        if (!(units <= largest)) largest = units;
      }
      sums[t] = sums[t]! + Math.log2(1 + (largest < mostUnits ? largest : mostUnits));
      if (sums[t]! < least) least = sums[t]!;
    }
    if (least > cutoff) return sums.fill(Infinity);
  }
  return sums;
}
