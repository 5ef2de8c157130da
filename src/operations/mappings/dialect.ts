/**
 * The variants of the coefficient kernel (paper, Eqs. 7, 8 and 14–19). Besides those of Sinkhorn: what the streams are normalised by, where its ε enters, what the gates
 * are multiplied with and moved by, and how the projection rounds its operands. The coefficients are in the order pre | post | residual, the residual row-major.
 */
import { z } from 'zod';

import { tensorFloats } from '../calculus/tf32.ts';
import { refuseContradictions, sinkhornFields, type SinkhornDialect, type SinkhornVjpDialect } from '../sinkhorn/dialect.ts';

export { mappingsPresets, mappingsPresetSources, mappingsVjpPresets } from './presets.ts';

const own = {
  /** The root mean square is over the flattened streams, over each stream alone, or there is no norm. */
  norm: z.enum(['flattened', 'per-stream', 'none']),
  rmsEpsilon: z.number().min(0).max(1),
  /** 1/√(mean + ε), or 1/(√mean + ε). */
  rmsEpsilonPlace: z.enum(['inside', 'outside']),
  /** The normalised streams are multiplied with a weight, which may be folded into the projection. Without it the weight is ignored and has no gradient. */
  normWeight: z.boolean(),
  /** How the operands of the projection are rounded: as the arithmetic says, or to TF32. */
  projectionRounding: z.enum(['exact', ...tensorFloats.map((name) => `tf32-${name}` as const)] as const),
  /** pre = σ(·) + ε. */
  preEpsilon: z.number().min(0).max(1),
  /** post = multiplier · σ(·). */
  postMultiplier: z.number().gt(0).max(16),
};

export type MappingsDialect = SinkhornDialect & z.infer<z.ZodObject<typeof own>>;

export const mappingsFields = { ...sinkhornFields, ...own };

/** Contradictions between two fields of a coefficient kernel. */
export function refuseMappingsContradictions(dialect: MappingsDialect, context: z.RefinementCtx): void {
  refuseContradictions(dialect, context);
  const contradiction = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (dialect.norm === 'none' && dialect.rmsEpsilon > 0) contradiction('rmsEpsilon', "rmsEpsilon contradicts norm 'none': nothing uses it");
  if (dialect.norm === 'none' && dialect.rmsEpsilonPlace === 'outside') contradiction('rmsEpsilonPlace', "rmsEpsilonPlace 'outside' contradicts norm 'none': there is no root");
  if (dialect.norm === 'none' && dialect.normWeight) contradiction('normWeight', "normWeight contradicts norm 'none': there is nothing to weight");
}

export const mappingsDialectSchema: z.ZodType<MappingsDialect> = z.strictObject(mappingsFields).superRefine(refuseMappingsContradictions);

/** The Sinkhorn part of a dialect of a larger operation. */
export function sinkhornOf(dialect: SinkhornDialect): SinkhornDialect {
  return Object.fromEntries(Object.keys(sinkhornFields).map((field) => [field, dialect[field as keyof SinkhornDialect]])) as unknown as SinkhornDialect;
}

/** The derivative's dialect also says how Sinkhorn is differentiated. */
export interface MappingsVjpDialect extends MappingsDialect {
  readonly derivative: SinkhornVjpDialect['derivative'];
}

export const mappingsVjpDialectSchema: z.ZodType<MappingsVjpDialect> = z
  .strictObject({ ...mappingsFields, derivative: z.enum(['unrolled', 'implicit']) })
  .superRefine(refuseMappingsContradictions);
