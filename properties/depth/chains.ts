/**
 * Stacks of sublayers made from the tokens of one Sinkhorn batch, so that one kernel call gives mappings for many depths. Independent chains use every token
 * once; correlated ones stay with a token for many sublayers, as layers of a trained model resemble each other: deviations that
 * independent layers average out add up there.
 */
import type { CheckContext } from '../../src/verify/property.ts';

/** Depths of published models and the ends of the range. */
export const depths = [1, 2, 8, 24, 48, 60, 122, 256] as const;

/** Tokens in the order in which they are applied: layers[0] first. */
export interface Chain {
  readonly kind: 'independent' | 'correlated';
  readonly layers: readonly number[];
}

/** Chains over the tokens `usable`: independent ones until they are used up, and one correlated chain of each of four random depths. */
export function chains<D>(context: CheckContext<D>, usable: readonly number[]): Chain[] {
  const { random } = context;
  const made: Chain[] = [];
  if (usable.length === 0) return made;
  for (let at = 0; at < usable.length; ) {
    const depth = random.pick(depths);
    made.push({ kind: 'independent', layers: usable.slice(at, at + depth) });
    at += depth;
  }
  for (let k = 0; k < 4; k++) {
    const depth = k === 0 ? 256 : random.pick(depths);
    const stay = random.pick([2, 8, 64, 1024]); // expected number of sublayers between changes
    let token = random.pick(usable);
    const layers = Array.from({ length: depth }, () => {
      if (random.below(stay) === 0) token = random.pick(usable);
      return token;
    });
    made.push({ kind: 'correlated', layers });
  }
  return made;
}

/** y = M·x, or Mᵀ·x, for the n×n matrix that starts at `start`. */
export function apply(matrix: Float64Array, start: number, n: number, x: Float64Array, transposed: boolean): Float64Array {
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) y[i]! += matrix[start + (transposed ? j * n + i : i * n + j)]! * x[j]!;
  }
  return y;
}
