/** The three mappings of a sublayer from its streams: the fused coefficient kernel (paper, Eqs. 7–8 and 14–19). */
import { calculusOperation } from '../calculus/operation.ts';
import type { Operation } from '../operation.ts';
import { postMapping, preMapping, residualMapping, streams } from '../streams/ports.ts';
import { Coefficients } from './coefficients.ts';
import { mappingsDialectSchema, mappingsPresets, mappingsPresetSources, type MappingsDialect } from './dialect.ts';
import { biases, normWeight, projection, scales } from './ports.ts';

export const mappings: Operation<MappingsDialect> = calculusOperation({
  id: 'mappings',
  summary: 'The pre, post and residual mappings of a sublayer: RMS norm of the streams, projection, gates and Sinkhorn.',
  dims: ['tokens', 'streams', 'channels'],
  inputs: [streams, projection, scales, biases, normWeight],
  outputs: [preMapping, postMapping, residualMapping],
  dialectSchema: mappingsDialectSchema,
  presets: mappingsPresets,
  presetSources: mappingsPresetSources,
  defaultPreset: 'tilekernels',
  formula:
    '|Δz| ≤ |α·r|·γ_{K+3}·Σ|x·w·φ| + |α·t|·(δ_r + 4u) + u·|z|, δ_r ≤ γ_{K+3}/2 + δ_rsqrt; |Δσ| ≤ σ′·|Δz| + δ_σ·σ; residual: the bound of sinkhorn with logits off by Δz',

  evaluate(calculus, { streams: x, projection: phi, scales: alpha, biases: b, normWeight: w }, sizes, dialect) {
    const { tokens, streams: n, channels } = sizes;
    const at = { projectionAt: 0, scalesAt: 0, biasesAt: 0, normWeightAt: 0 };
    const coefficients = new Coefficients(calculus, { projection: phi!, scales: alpha!, biases: b!, normWeight: w!, ...at }, sizes, dialect);
    const pre = calculus.zeros(tokens * n);
    const post = calculus.zeros(tokens * n);
    const residual = calculus.zeros(tokens * n * n);
    for (let t = 0; t < tokens; t++) {
      coefficients.run(x!, t * n * channels);
      calculus.copy(coefficients.pre, 0, pre, t * n, n);
      calculus.copy(coefficients.post, 0, post, t * n, n);
      calculus.copy(coefficients.residual, 0, residual, t * n * n, n * n);
    }
    return { preMapping: pre, postMapping: post, residualMapping: residual };
  },
});
