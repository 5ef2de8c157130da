/** Bytes that say what a value is: canonical JSON (RFC 8785), and the digest of bytes. */
import { createHash } from 'node:crypto';

import canonicalizeModule from 'canonicalize';

// CommonJS whose types say otherwise: the default import is the function itself
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined;

/** The canonical text of plain JSON. Throws for what JSON does not have: NaN, infinities, lone surrogates. */
export function canonicalText(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined || /\\ud[89a-f]/.test(text)) throw new TypeError('this value has no canonical JSON');
  return text;
}

/** sha256 in lower-case hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
