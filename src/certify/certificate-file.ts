/** Certificates on disk: written whole or not at all, read as what somebody else may have written. */
import { readFileSync, statSync } from 'node:fs';

import { z } from 'zod';

import { PlumblineError } from '../errors.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { certificateSchema, type Certificate } from './certificate.ts';
import { digestOf } from './issue.ts';
import { predicateType } from './in-toto.ts';

/** Far above any certificate; a larger file is none. */
const largestFile = 2 ** 26;
const remedy = 'Issue it again with plumbline certify, or check that it was copied completely.';

/** Throws `bad-file`. */
export function writeCertificate(path: string, certificate: Certificate | object): void {
  writeFileAtomically(path, `${JSON.stringify(certificate, undefined, 2)}\n`);
}

/** A certificate, or the one in an in-toto Statement, whose schema and digest hold. Its bounds are not recomputed: that is `plumbline check`. Throws `bad-file`. */
export function readCertificate(path: string): Certificate {
  const written = unwrapped(readJson(path));
  const parsed = certificateSchema.safeParse(written);
  if (!parsed.success) throw new PlumblineError('bad-file', `'${path}' is no certificate: ${firstIssue(parsed.error)}`, remedy);
  // of what is written, and of what the schema took from it: a name such as __proto__ is lost on the way
  if ([written as Certificate, parsed.data].some((one) => digestOfAny(one) !== parsed.data.digest)) throw new PlumblineError('bad-file', `'${path}' was changed after it was issued: its digest does not fit.`, 'Issue it again with plumbline certify.');
  return parsed.data;
}

/** Undefined for text that has no canonical bytes, such as half of a surrogate pair, which no issuer writes. */
function digestOfAny(certificate: Certificate): string | undefined {
  try {
    return digestOf(certificate);
  } catch {
    return undefined;
  }
}

function unwrapped(value: unknown): unknown {
  const statement = z.looseObject({ predicateType: z.literal(predicateType), predicate: z.unknown() }).safeParse(value);
  return statement.success ? statement.data.predicate : value;
}

function readJson(path: string): unknown {
  let text: string;
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > largestFile) throw new Error(found.isFile() ? `it has ${found.size} bytes` : 'it is not a file');
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PlumblineError('bad-file', `Cannot read '${path}': ${error instanceof Error ? error.message : String(error)}`, 'Give the file that plumbline certify --out wrote.', { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PlumblineError('bad-file', `'${path}' is not JSON: ${error instanceof Error ? error.message : String(error)}`, remedy, { cause: error });
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.join('.')}${issue.path.length === 0 ? '' : ': '}${issue.message}`;
}
