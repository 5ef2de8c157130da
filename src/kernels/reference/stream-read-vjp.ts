/** Derivative of u = Σ_i pre_i·x_i: ∂pre_i = ⟨∂u, x_i⟩ over the channels, ∂x_i = pre_i·∂u. */
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';

/** preMapping [B,n], streams [B,n,C], cotangent [B,C] → preMappingGradient [B,n], streamsGradient [B,n,C]. */
export function streamReadVjpKernel(round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n, channels }) => {
    const pre = valuesOf(inputs['preMapping']!);
    const x = valuesOf(inputs['streams']!);
    const g = valuesOf(inputs['cotangent']!);
    const preGradient = new Float64Array(tokens * n);
    const streamsGradient = new Float64Array(tokens * n * channels);
    for (let token = 0; token < tokens; token++) {
      for (let i = 0; i < n; i++) {
        const weight = pre[token * n + i]!;
        const row = (token * n + i) * channels;
        let dot = 0;
        for (let c = 0; c < channels; c++) {
          const cotangent = g[token * channels + c]!;
          dot = round(dot + round(cotangent * x[row + c]!));
          streamsGradient[row + c] = round(weight * cotangent);
        }
        preGradient[token * n + i] = dot;
      }
    }
    return {
      preMappingGradient: tensor(preGradient, [tokens, n], storage),
      streamsGradient: tensor(streamsGradient, [tokens, n, channels], storage),
    };
  };
}
