/** Forgeries of a certificate and of the files it is about, made systematically. A forger knows the format and gets every digest right, unless the forgery is that he does not. */
import { boundOf, numberOf } from '../../../src/certify/bound.ts';
import type { Certificate, Claim } from '../../../src/certify/certificate.ts';
import { inTotoStatement } from '../../../src/certify/in-toto.ts';
import { sha256 } from '../../../src/certify/issue.ts';
import { redigested } from './support.ts';

export interface Forgery {
  readonly what: string;
  readonly text: string;
  readonly bytes: Buffer;
  /** The least that the reason must say. */
  readonly reason: RegExp;
}

type Path = readonly (string | number)[];

/** Every value in the JSON that is not an object or an array, by its path. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, one]) => leaves(one, [...path, Array.isArray(value) ? Number(key) : key]));
}

function replaced(value: unknown, [key, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  const copy: unknown[] | Record<string, unknown> = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as Record<string, unknown>) };
  (copy as Record<string, unknown>)[key] = replaced((value as Record<string, unknown>)[key], rest, change);
  return copy;
}

/** Another value of the same type; '≤' stays a relation, a digest stays one. */
function another(old: unknown): unknown {
  if (typeof old === 'number') return old + 1;
  if (typeof old === 'boolean') return !old;
  const text = String(old);
  return text === '<=' ? '>=' : text === '>=' ? '<=' : /^[0-9a-f]{64}$/.test(text) ? text.replace(/^./, (c) => (c === '0' ? '1' : '0')) : `${text}0`;
}

/** What only the issuer can know: changed with a digest that fits, this is another certificate, which the checker cannot tell from the first. A signature does. */
const issuersWord = /^(plumbline|issued|environment|notClaimed|claims\.\d+\.(id|place|seed))(\.|$)/;

/** `alsoWord` is what else is the issuer's word in a certificate of this kind. */
export function fieldForgeries(certificate: Certificate, bytes: Buffer, alsoWord?: RegExp): Forgery[] {
  const forgeries: Forgery[] = [];
  for (const path of leaves(certificate)) {
    const name = path.join('.');
    forgeries.push({ what: `${name} changed`, text: JSON.stringify(replaced(certificate, path, another)), bytes, reason: /digest|plumbline|schemaVersion|JSON/ });
    if (name === 'digest' || issuersWord.test(name) || alsoWord?.test(name) === true) continue;
    forgeries.push({ what: `${name} changed, digest made to fit`, text: redigested(replaced(certificate, path, another) as object), bytes, reason: /./ });
  }
  for (const [k, claim] of certificate.claims.entries()) {
    const at = (change: object): string => redigested({ ...certificate, claims: certificate.claims.map((one, other) => (other === k ? { ...one, ...change } : one)) });
    for (const field of Object.keys(claim).filter((one) => !['id', 'place', 'seed'].includes(one))) forgeries.push({ what: `${claim.id}: no ${field}`, text: at({ [field]: undefined }), bytes, reason: /./ });
    forgeries.push({ what: `${claim.id}: a field more`, text: at({ strong: true }), bytes, reason: /no field 'strong'/ });
    forgeries.push({ what: `${claim.id}: another strength`, text: at({ strength: claim.strength === 'all-inputs' ? 'checkpoint' : 'all-inputs' }), bytes, reason: /strength is not that/ });
    for (const factor of [0.99, 0.5, 0, -1]) forgeries.push({ what: `${claim.id}: bound × ${factor}`, text: at(inward(claim, factor)), bytes, reason: /cannot be confirmed|not one number/ });
    forgeries.push({ what: `${claim.id}: rounded the other way`, text: at({ bound: { ...claim.bound, rounded: claim.bound.rounded === 'up' ? 'down' : 'up' } }), bytes, reason: /wrong direction/ });
    const next = boundOf(numberOf(claim.bound) * (1 + 2 ** -52) + 2 ** -1074, claim.bound.rounded);
    forgeries.push({ what: `${claim.id}: decimal of another number`, text: at({ bound: { ...claim.bound, decimal: next.decimal } }), bytes, reason: /not one number/ });
    forgeries.push({ what: `${claim.id}: an infinite bound`, text: at({ bound: { decimal: '1e999', hex: '0x1p+1024', rounded: claim.bound.rounded } }), bytes, reason: /not one number/ });
  }
  return forgeries;
}

/** The bound moved to the side where it says more, and the sentence with it. */
function inward(claim: Claim, factor: number): Partial<Claim> {
  const value = numberOf(claim.bound);
  const bound = boundOf(claim.relation === '<=' ? value * factor : value + Math.abs(value) * (1 / Math.max(factor, 0.25) - 1) + 1, claim.bound.rounded);
  return { bound, plain: claim.plain.replace(claim.bound.decimal, bound.decimal) };
}

/** The tensors changed, with the subject's digest as it was, and with one that fits. `put` writes entry `index`. */
export function tensorForgeries(certificate: Certificate, bytes: Buffer, put: (bytes: Buffer, index: number, value: number) => void, entries: number): Forgery[] {
  const forgeries: Forgery[] = [];
  const add = (what: string, other: Buffer, reason: RegExp): void => {
    forgeries.push({ what, text: JSON.stringify(certificate), bytes: other, reason: /not what it is about/ });
    const subject = certificate.subject.map((one) => ({ ...one, digest: { sha256: sha256(other) } }));
    forgeries.push({ what: `${what}, digests made to fit`, text: redigested({ ...certificate, subject }), bytes: other, reason });
  };
  const changed = (index: number, value: number): Buffer => {
    const copy = Buffer.from(bytes);
    put(copy, index, value);
    return copy;
  };
  for (let k = 0; k < 10; k++) {
    const index = (k * 7919) % entries;
    for (const value of [NaN, Infinity, -Infinity]) add(`entry ${index} is ${value}`, changed(index, value), /not finite/);
    for (const value of [2, -1]) add(`entry ${index} is ${value}`, changed(index, value), /cannot be confirmed/);
  }
  for (let k = 0; k < 40; k++) { // one bit anywhere
    const copy = Buffer.from(bytes);
    const at = (k * 104729) % bytes.length;
    copy[at]! ^= 1 << (k % 8);
    forgeries.push({ what: `bit ${k % 8} of byte ${at}`, text: JSON.stringify(certificate), bytes: copy, reason: /not what it is about/ });
  }
  return forgeries;
}

/** The text itself, and the in-toto statement around it. */
export function textForgeries(certificate: Certificate, bytes: Buffer): Forgery[] {
  const text = JSON.stringify(certificate, undefined, 2);
  const cut = Array.from({ length: 12 }, (_, k): Forgery => ({ what: `cut after ${k}/12`, text: text.slice(0, Math.floor((k * text.length) / 12)), bytes, reason: /not JSON/ }));
  const statement = inTotoStatement(certificate);
  const forgery = (what: string, forged: string, reason: RegExp): Forgery => ({ what, text: forged, bytes, reason });
  return [
    ...cut,
    forgery('a field twice', text.replace('"format"', '"claims": [], "format"'), /twice/),
    forgery('more text after it', `${text} {}`, /not JSON/),
    forgery('another version', redigested({ ...certificate, schemaVersion: 2 }), /schemaVersion/),
    forgery('another format', redigested({ ...certificate, format: 'certificate' }), /no certificate/),
    forgery('a field more', redigested({ ...certificate, approved: true }), /no field 'approved'/),
    forgery('no claims', redigested({ ...certificate, claims: [] }), /claims nothing/),
    forgery('nothing not claimed', redigested({ ...certificate, notClaimed: [] }), /does not say what it does not claim/),
    forgery('no subject', redigested({ ...certificate, subject: [] }), /not what it is about|no subject/),
    forgery('nested without end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, /not JSON|no certificate/),
    forgery('a statement about another file', JSON.stringify({ ...statement, subject: [{ name: 'other', digest: { sha256: sha256('') } }] }), /something else/),
    forgery('a statement of another type', JSON.stringify({ ...statement, predicateType: 'https://slsa.dev/provenance/v1' }), /something else/),
    forgery('a statement without a predicate', JSON.stringify({ ...statement, predicate: undefined }), /no certificate/),
  ];
}
