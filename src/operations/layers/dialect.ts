/**
 * The variants of whole sublayers. Besides those of the coefficients: which inner function stands where a model has attention or its feed-forward
 * network. It is given, so that what a kernel computes around it can be judged; each kind lets something else be told apart.
 */
import { z } from 'zod';

import { mappingsFields, mappingsPresets, refuseMappingsContradictions, type MappingsDialect, type MappingsVjpDialect } from '../mappings/dialect.ts';

const own = {
  /** y = 0, u, w∘u, w∘u·σ(u), or w∘u/√(mean(u²) + ε). */
  inner: z.enum(['zero', 'identity', 'scale', 'silu', 'rms-norm']),
  /** The ε of the inner norm, inside the root. */
  innerEpsilon: z.number().min(0).max(1),
};
const layerFields = { ...mappingsFields, ...own };

export type LayerDialect = MappingsDialect & z.infer<z.ZodObject<typeof own>>;

function refuseLayerContradictions(dialect: LayerDialect, context: z.RefinementCtx): void {
  refuseMappingsContradictions(dialect, context);
  if (dialect.innerEpsilon > 0 && dialect.inner !== 'rms-norm') {
    context.addIssue({ code: 'custom', path: ['innerEpsilon'], message: `innerEpsilon contradicts inner '${dialect.inner}': only 'rms-norm' uses it` });
  }
}

export const layerDialectSchema: z.ZodType<LayerDialect> = z.strictObject(layerFields).superRefine(refuseLayerContradictions);

function fromMappings<D>(change: (dialect: MappingsDialect) => D): Readonly<Record<string, D>> {
  return Object.fromEntries(Object.entries(mappingsPresets).map(([name, dialect]) => [name, change(dialect)]));
}

/** Every preset of the coefficients around a gated layer. */
export const layerPresets = fromMappings((dialect): LayerDialect => ({ ...dialect, inner: 'silu', innerEpsilon: 0 }));

export type LayerVjpDialect = LayerDialect & Pick<MappingsVjpDialect, 'derivative'>;
const derivative = z.enum(['unrolled', 'implicit']);

export const layerVjpDialectSchema: z.ZodType<LayerVjpDialect> = z.strictObject({ ...layerFields, derivative }).superRefine(refuseLayerContradictions);

function differentiated<D, F>(presets: Readonly<Record<string, D>>, fields: F): Readonly<Record<string, D & F>> {
  return Object.fromEntries(Object.entries(presets).map(([name, dialect]) => [name, { ...dialect, ...fields }]));
}

export const layerVjpPresets = differentiated(layerPresets, { derivative: 'unrolled' as const });

/** `stored` keeps what the forward computed, `recomputed` computes it again from the first streams: the same function, and a label. */
export type StackVjpDialect = LayerVjpDialect & { readonly backward: 'stored' | 'recomputed' };

export const layerStackVjpDialectSchema: z.ZodType<StackVjpDialect> = z
  .strictObject({ ...layerFields, derivative, backward: z.enum(['stored', 'recomputed']) })
  .superRefine(refuseLayerContradictions);

export const layerStackVjpPresets = differentiated(layerVjpPresets, { backward: 'stored' as const });

/** Every stream is the hidden state, or stream 0 alone is and the others start at 0. */
export interface ExpandDialect {
  readonly copies: 'all' | 'first';
}
export const expandDialectSchema: z.ZodType<ExpandDialect> = z.strictObject({ copies: z.enum(['all', 'first']) });
export const expandPresets: Readonly<Record<string, ExpandDialect>> = { paper: { copies: 'all' }, 'first-stream': { copies: 'first' } };

/** The final collapse: what of a coefficient kernel's dialect it shares. */
export type HeadDialect = Pick<MappingsDialect, 'norm' | 'rmsEpsilon' | 'rmsEpsilonPlace' | 'projectionRounding' | 'preEpsilon'>;

const { norm, rmsEpsilon, rmsEpsilonPlace, projectionRounding, preEpsilon } = mappingsFields;

export const headDialectSchema: z.ZodType<HeadDialect> = z.strictObject({ norm, rmsEpsilon, rmsEpsilonPlace, projectionRounding, preEpsilon }).superRefine((dialect, context) => {
  if (dialect.norm === 'none' && dialect.rmsEpsilon > 0) {
    context.addIssue({ code: 'custom', path: ['rmsEpsilon'], message: "rmsEpsilon contradicts norm 'none': nothing uses it" });
  }
});

export function headOf(dialect: MappingsDialect): HeadDialect {
  return {
    norm: dialect.norm,
    rmsEpsilon: dialect.rmsEpsilon,
    rmsEpsilonPlace: dialect.rmsEpsilonPlace,
    projectionRounding: dialect.projectionRounding,
    preEpsilon: dialect.preEpsilon,
  };
}

export const headPresets = fromMappings(headOf);
