/**
 * What a certificate is: plain JSON that says what was proved, of what, how, and what was not. docs/certificates.md is the format for
 * strangers; this schema is strict, so that nothing can stand in a certificate that nobody reads.
 */
import { z } from 'zod';

import { arithmeticSchema } from '../numerics/arithmetic.ts';
import { boundSchema } from './bound.ts';
import { methodIds, methods, strengths } from './methods.ts';

export const certificateFormat = 'plumbline-certificate';
export const certificateVersion = 1;

const text = z.string().min(1).max(10_000);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is a sha256 in lower-case hexadecimal');

export const claimSchema = z.strictObject({
  /** A path that is unique in the certificate: `outputs/two-norm`. */
  id: z.string().regex(/^[a-z0-9][a-z0-9./-]*$/, 'is a path such as outputs/two-norm').max(200),
  strength: z.enum(strengths),
  /** One sentence in the words of DESIGN.md §7. */
  plain: text,
  /** What is bounded: `‖H‖₂`. */
  quantity: text,
  relation: z.enum(['<=', '>=']),
  bound: boundSchema,
  method: z.enum(methodIds),
  /** What the checker recomputes the bound from, beside the subjects. */
  parameters: z.record(z.string(), z.json()),
  assumptions: z.array(text),
  /** Which inputs, tensors or draws the claim is about. */
  domain: text,
  seed: z.int().min(0).optional(),
  /** Where the worst is: { layer: 17, token: 203 }. */
  place: z.record(z.string(), z.union([z.int(), z.string()])).optional(),
})
  .refine(({ method, strength }) => methods[method].strength === strength, 'the method does not give this strength')
  .refine(({ relation, bound }) => (relation === '<=') === (bound.rounded === 'up'), "a bound '<=' is rounded up, one '>=' down");
export type Claim = z.infer<typeof claimSchema>;

export const subjectSchema = z.strictObject({ name: text, digest: z.strictObject({ sha256 }) });
export type Subject = z.infer<typeof subjectSchema>;

const evidenceSchema = z.union([
  /** The kernel's own word. */
  z.literal('declared'),
  /** How it was held against measurements. */
  z.strictObject({ validated: text }),
]);

export const certificateSchema = z.strictObject({
  format: z.literal(certificateFormat),
  schemaVersion: z.literal(certificateVersion),
  /** Version of plumbline that issued it. */
  plumbline: text,
  issued: z.iso.datetime(),
  /** Files, by the digest of their bytes; what is no file, by the digest of the canonical bytes of its declaration. */
  subject: z.array(subjectSchema).min(1),
  operation: text.optional(),
  dialect: z.record(z.string(), z.json()).optional(),
  arithmetic: arithmeticSchema.optional(),
  arithmeticEvidence: evidenceSchema.optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  claims: z.array(claimSchema).min(1),
  notClaimed: z.array(text).min(1),
  /** Over the canonical bytes (RFC 8785) of everything else. */
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, "is 'sha256:' and 64 hexadecimal digits"),
})
  .refine(({ arithmetic, arithmeticEvidence }) => (arithmetic === undefined) === (arithmeticEvidence === undefined), 'an arithmetic comes with its evidence')
  .refine(({ claims }) => new Set(claims.map(({ id }) => id)).size === claims.length, 'two claims have one id');
export type Certificate = z.infer<typeof certificateSchema>;

/** What the issuer says; the rest follows. */
export type CertificateContent = Omit<Certificate, 'format' | 'schemaVersion' | 'plumbline' | 'issued' | 'digest'>;

/** Strongest first. */
export function strengthOrder({ strength }: Pick<Claim, 'strength'>): number {
  return strengths.indexOf(strength);
}
