/** Derivative of y = E·x + post·F: ∂E_ij = ⟨∂y_i, x_j⟩, ∂post_i = ⟨∂y_i, F⟩, ∂x = Eᵀ·∂y, ∂F = Σ_i post_i·∂y_i. */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { effectiveMapping } from './mixing.ts';

/**
 * residualMapping [B,n,n], postMapping [B,n], streams [B,n,C], layerOutput [B,C], cotangent [B,n,C]
 * → residualMappingGradient, postMappingGradient, streamsGradient, layerOutputGradient, shaped as what they belong to.
 */
export function streamWriteVjpKernel(dialect: MixingDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n, channels }) => {
    const mappings = valuesOf(inputs['residualMapping']!);
    const post = valuesOf(inputs['postMapping']!);
    const x = valuesOf(inputs['streams']!);
    const output = valuesOf(inputs['layerOutput']!);
    const g = valuesOf(inputs['cotangent']!);
    const mappingGradient = new Float64Array(tokens * n * n);
    const postGradient = new Float64Array(tokens * n);
    const streamsGradient = new Float64Array(tokens * n * channels);
    const outputGradient = new Float64Array(tokens * channels);
    const e = new Float64Array(n * n);
    const eGradient = new Float64Array(n * n);
    const dot = (a: Float64Array, aAt: number, b: Float64Array, bAt: number): number => {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum = round(sum + round(a[aAt + c]! * b[bAt + c]!));
      return sum;
    };
    for (let token = 0; token < tokens; token++) {
      effectiveMapping(mappings, token * n * n, n, dialect, e);
      for (let i = 0; i < n; i++) {
        const row = (token * n + i) * channels;
        for (let j = 0; j < n; j++) eGradient[i * n + j] = dot(g, row, x, (token * n + j) * channels);
        postGradient[token * n + i] = dot(g, row, output, token * channels);
        const weight = post[token * n + i]!;
        for (let c = 0; c < channels; c++) {
          const at = token * channels + c;
          outputGradient[at] = round(outputGradient[at]! + round(weight * g[row + c]!));
          let sum = 0;
          for (let k = 0; k < n; k++) sum = round(sum + round(e[k * n + i]! * g[(token * n + k) * channels + c]!));
          streamsGradient[row + c] = sum;
        }
      }
      effectiveMapping(eGradient, 0, n, dialect, e);
      mappingGradient.set(e, token * n * n);
    }
    return {
      residualMappingGradient: tensor(mappingGradient, [tokens, n, n], storage),
      postMappingGradient: tensor(postGradient, [tokens, n], storage),
      streamsGradient: tensor(streamsGradient, [tokens, n, channels], storage),
      layerOutputGradient: tensor(outputGradient, [tokens, channels], storage),
    };
  };
}
