/** Which bounds of a checkpoint are worse than those of the one before it. */
import { numberOf } from '../bound.ts';
import type { Certificate } from '../certificate.ts';

/** Sentences; a bound that moved by no more than a millionth of itself stayed. */
export function worsened(before: Certificate, now: Certificate): string[] {
  return now.claims.flatMap(({ id, quantity, bound, place }) => {
    const earlier = before.claims.find((claim) => claim.id === id);
    if (earlier === undefined) return [];
    const [was, is] = [numberOf(earlier.bound), numberOf(bound)];
    if (!(is > was * (1 + 1e-6))) return [];
    return [`${quantity}: ≤ ${is.toPrecision(6)}, it was ≤ ${was.toPrecision(6)}${place === undefined ? '' : `, at ${Object.values(place).join(', ')}`}`];
  });
}
