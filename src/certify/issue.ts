/** Making a certificate: filled in, validated against its own schema, digested over its canonical bytes (RFC 8785). */
import { z } from 'zod';

import { canonicalText, sha256 } from '../verify/canonical.ts';
import { version } from '../verify/version.ts';
import { certificateFormat, certificateSchema, certificateVersion, strengthOrder, type Certificate, type CertificateContent } from './certificate.ts';

export { canonicalText, sha256 };

/** The digest of a certificate: over everything but the digest. */
export function digestOf(certificate: Omit<Certificate, 'digest'> & { digest?: string }): string {
  const { digest: _, ...rest } = certificate;
  return `sha256:${sha256(canonicalText(rest))}`;
}

/** The whole certificate, claims strongest first. Throws a TypeError, a fault of the issuer, for content that its schema refuses. */
export function issueCertificate(content: CertificateContent, issued = new Date()): Certificate {
  const claims = content.claims.toSorted((a, b) => strengthOrder(a) - strengthOrder(b));
  const whole = { format: certificateFormat, schemaVersion: certificateVersion, plumbline: version, issued: issued.toISOString(), ...content, claims };
  const plain = JSON.parse(JSON.stringify(whole)) as typeof whole; // without undefined fields
  const parsed = certificateSchema.safeParse({ ...plain, digest: digestOf(plain as Omit<Certificate, 'digest'>) });
  if (!parsed.success) throw new TypeError(`this is no certificate: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
