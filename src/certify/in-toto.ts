/** A certificate as an in-toto Statement (in-toto/attestation, spec v1), which `actions/attest` signs: the subjects outside, the certificate as the predicate. */
import type { Certificate, Subject } from './certificate.ts';

export const statementType = 'https://in-toto.io/Statement/v1';
/** A name and not the address of a page: verifiers ask for it with --predicate-type. */
export const predicateType = 'urn:plumbline:certificate:v1';

export interface Statement {
  readonly _type: typeof statementType;
  readonly subject: readonly Subject[];
  readonly predicateType: typeof predicateType;
  readonly predicate: Certificate;
}

export function inTotoStatement(certificate: Certificate): Statement {
  return { _type: statementType, subject: certificate.subject, predicateType, predicate: certificate };
}
