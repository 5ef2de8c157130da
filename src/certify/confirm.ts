/**
 * Nothing is issued that the independent checker does not confirm. Its arithmetic is coarser than the issuer's, so a bound that is tight to the last
 * bits may have to be raised a little first: by the least of the doublings from one unit of rounding of the
 * bound and of the matrix entries to 2⁻¹⁰ of them, found by halving, since each question is about the whole file.
 * A bound is only ever moved outwards; one that is still not confirmed is not claimed.
 */
import { addUp, mulUp } from '../numerics/directed.ts';
import { boundOf, numberOf } from './bound.ts';
import type { Claim, Subject } from './certificate.ts';
import { moreMethods } from './checker/all.ts';
import { checkCertificate } from './checker/check.ts';
import { issueCertificate } from './issue.ts';

const doublings = 43;

/** What a claim says is the sentence of its bound, so that it changes with it. */
export type Draft = Omit<Claim, 'plain'> & { readonly plain: (bound: string) => string };

export interface Confirmed {
  readonly claim: Claim | undefined;
  /** Why there is none. */
  readonly reason: string;
}

/** The claim with the tightest of these bounds that the checker confirms. `unit` is the size of what was rounded, beside the bound itself. */
export function confirm(draft: Draft, subject: readonly Subject[], files: readonly Buffer[], unit: number): Confirmed {
  const value = numberOf(draft.bound);
  const size = addUp(Math.abs(value), unit);
  let [reason, given] = ['', true];
  const raised = (step: number): Claim | undefined => {
    const raise = step < 0 ? 0 : mulUp(size, 2 ** (step - 53));
    const moved = draft.relation === '<=' ? addUp(value, raise) : -addUp(-value, raise);
    if (!Number.isFinite(moved)) return undefined;
    const bound = boundOf(moved, draft.bound.rounded);
    const claim: Claim = { ...draft, bound, plain: draft.plain(bound.decimal) };
    const certificate = issueCertificate({ subject: [...subject], environment: {}, claims: [claim], notClaimed: ['Anything else.'] });
    const { refused, claims: [verdict] } = checkCertificate(JSON.stringify(certificate), files, moreMethods);
    if (verdict?.verdict === 'holds') return claim;
    reason = refused ?? verdict?.reason ?? '';
    given &&= verdict?.verdict !== 'not checked';
    return undefined;
  };
  let claim = raised(-1);
  if (claim !== undefined || !given) return { claim, reason: claim === undefined ? reason : '' };
  for (let [low, high] = [0, doublings + 1]; low < high; ) {
    const middle = (low + high) >> 1;
    const found = middle > doublings ? undefined : raised(middle);
    if (found === undefined) low = middle + 1;
    else [claim, high] = [found, middle];
  }
  return { claim, reason: claim === undefined ? reason : '' };
}
