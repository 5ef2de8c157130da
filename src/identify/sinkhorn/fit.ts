/** The numbers of a candidate, iterations and epsilon, that come nearest to what was seen. */
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { distances, type Seen } from './walk.ts';

export interface Fit {
  readonly dialect: SinkhornDialect;
  /** The sum that walk.ts defines; 0 would be every bit as computed. */
  readonly distance: number;
}

/** Epsilons to begin with: two in a decade from 1e-12 to 0.3, where kernels have theirs, and one in a decade down to 1e-30. */
export const seeds: readonly number[] = [...Array.from({ length: 24 }, (_, k) => 10 ** (-12 + k / 2)), ...Array.from({ length: 18 }, (_, k) => 10 ** (-30 + k))];
const golden = (Math.sqrt(5) - 1) / 2;

/** The best numbers on the grid of epsilons, up to `look` iterations; the two best of them, best first. */
export function coarseFits(seen: Seen, dialect: SinkhornDialect, look: number): Fit[] {
  if (dialect.epsilon === 0) return [bestIterations(seen, dialect, look)];
  let best: Fit[] = [];
  for (const epsilon of seeds) {
    const found = bestIterations(seen, { ...dialect, epsilon }, look, best[1]?.distance);
    best = [...best, found].toSorted((a, b) => a.distance - b.distance).slice(0, 2);
  }
  return best;
}

/** The best number of iterations, up to `look`, for a given epsilon. Its distance is infinite where all exceed `cutoff`. */
export function bestIterations(seen: Seen, dialect: SinkhornDialect, look: number, cutoff?: number): Fit {
  const sums = distances(seen, dialect, look, cutoff);
  let best = 1;
  for (let t = 2; t <= look; t++) if (sums[t]! < sums[best]!) best = t;
  return { dialect: { ...dialect, iterations: best }, distance: sums[best]! };
}

/**
 * Follows the distance downhill in log ε from a fit. `freedom` is how many iterations more than the fit's may be tried (fewer always may);
 * absent, the iterations stay. `precision` is in decades.
 */
export function refineEpsilon(seen: Seen, start: Fit, freedom?: number, precision = 2 ** -22): Fit {
  if (start.dialect.epsilon === 0) return start;
  const { iterations } = start.dialect;
  const at = (logarithm: number): Fit => {
    const dialect = { ...start.dialect, epsilon: Math.min(1, 10 ** logarithm) };
    if (freedom !== undefined) return bestIterations(seen, dialect, iterations + freedom);
    return { dialect, distance: distances(seen, dialect, iterations)[iterations]! };
  };
  const centre = Math.log10(start.dialect.epsilon);
  let best = start;
  let middle = centre;
  // a coarse look first, because the distance jumps where the iterations do
  for (let k = -4; k <= 4; k++) {
    const tried = at(centre + k / 8);
    if (tried.distance < best.distance) [best, middle] = [tried, centre + k / 8];
  }
  let [low, high] = [middle - 1 / 8, middle + 1 / 8];
  let [a, b] = [high - golden * (high - low), low + golden * (high - low)];
  let [fitA, fitB] = [at(a), at(b)];
  while (high - low > precision) {
    if (fitA.distance < fitB.distance) {
      [high, b, fitB] = [b, a, fitA];
      a = high - golden * (high - low);
      fitA = at(a);
    } else {
      [low, a, fitA] = [a, b, fitB];
      b = low + golden * (high - low);
      fitB = at(b);
    }
    for (const tried of [fitA, fitB]) if (tried.distance < best.distance) best = tried;
  }
  return best;
}
