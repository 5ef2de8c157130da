import { z } from 'zod';

import type { PresetSource } from '../operation.ts';
import { sinkhornPresets, sinkhornPresetSources } from '../sinkhorn/presets.ts';

/** stream-read has one form: Σ_i pre_i·x_i. */
export type StreamReadDialect = Record<string, never>;
export const streamReadDialectSchema: z.ZodType<StreamReadDialect> = z.strictObject({});
export const streamReadPresets: Readonly<Record<string, StreamReadDialect>> = { paper: {} };

/** How the residual mapping multiplies the streams: H·x (`plain`: y_i = Σ_j H_ij x_j) or Hᵀ·x (`transposed`: y_o = Σ_m H_mo x_m). */
export interface MixingDialect {
  readonly orientation: 'plain' | 'transposed';
}
export const mixingDialectSchema: z.ZodType<MixingDialect> = z.strictObject({ orientation: z.enum(['plain', 'transposed']) });

/** The code bases whose Sinkhorn is known use its result so. */
export const mixingPresets: Readonly<Record<string, MixingDialect>> = Object.fromEntries(
  Object.entries(sinkhornPresets).map(([name, { orientation }]) => [name, { orientation }]),
);
export const mixingPresetSources: Readonly<Record<string, PresetSource>> = Object.fromEntries(
  Object.entries(sinkhornPresetSources).map(([name, { source }]) => [name, { source }]),
);
