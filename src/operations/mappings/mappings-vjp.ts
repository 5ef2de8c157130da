/** The gradients of the coefficient kernel: of the streams, token by token, and of what all tokens share, summed over them. */
import { calculusOperation } from '../calculus/operation.ts';
import type { Operation } from '../operation.ts';
import { gradientOf, streams } from '../streams/ports.ts';
import { Coefficients } from './coefficients.ts';
import { mappingsPresetSources, mappingsVjpDialectSchema, mappingsVjpPresets, type MappingsVjpDialect } from './dialect.ts';
import { cotangentNamed, mappingOutputs, parameters } from './ports.ts';
import { CoefficientsPullback } from './pullback.ts';

export const mappingsVjp: Operation<MappingsVjpDialect> = calculusOperation({
  id: 'mappings-vjp',
  summary: 'Pulls cotangents of the three mappings back to the streams, the projection, the scales, the biases and the norm weight.',
  dims: ['tokens', 'streams', 'channels'],
  inputs: [streams, ...parameters, ...mappingOutputs.map(cotangentNamed)],
  outputs: [streams, ...parameters].map(gradientOf),
  dialectSchema: mappingsVjpDialectSchema,
  presets: mappingsVjpPresets,
  presetSources: mappingsPresetSources,
  defaultPreset: 'tilekernels',
  formula:
    '|Δ∂z| from p(1 − p) and the bound of sinkhorn-vjp; |Δ∂x| ≤ Σ_j(|Δ∂m_j·φ_j| + γ·|∂m_j·φ_j|) + 2|x|·(|Δ∂s| + γ·|∂s|); ∂φ, ∂α, ∂b, ∂w the same, and γ_B·Σ over tokens of magnitudes',

  evaluate(calculus, inputs, sizes, dialect) {
    const { tokens, streams: n, channels } = sizes;
    const x = inputs['streams']!;
    const at = { projectionAt: 0, scalesAt: 0, biasesAt: 0, normWeightAt: 0 };
    const given = { projection: inputs['projection']!, scales: inputs['scales']!, biases: inputs['biases']!, normWeight: inputs['normWeight']!, ...at };
    const width = n * channels;
    const count = n * n + 2 * n;
    const gradients = { projection: calculus.zeros(count * width), scales: calculus.zeros(3), biases: calculus.zeros(count), normWeight: calculus.zeros(width), ...at };
    const coefficients = new Coefficients(calculus, given, sizes, dialect);
    const pullback = new CoefficientsPullback(calculus, coefficients, given, gradients, sizes, dialect);
    const streamsGradient = calculus.zeros(tokens * width);
    for (let t = 0; t < tokens; t++) {
      coefficients.run(x, t * width);
      calculus.copy(inputs['preMappingCotangent']!, t * n, pullback.preCotangent, 0, n);
      calculus.copy(inputs['postMappingCotangent']!, t * n, pullback.postCotangent, 0, n);
      calculus.copy(inputs['residualMappingCotangent']!, t * n * n, pullback.residualCotangent, 0, n * n);
      calculus.close(streamsGradient, t * width, width, pullback.run(x, t * width, streamsGradient, t * width), 0, 2);
    }
    pullback.finish(tokens);
    return {
      streamsGradient,
      projectionGradient: gradients.projection,
      scalesGradient: gradients.scales,
      biasesGradient: gradients.biases,
      normWeightGradient: gradients.normWeight,
    };
  },
});
