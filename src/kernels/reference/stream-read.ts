/** Layer input: the streams weighted by the pre mapping, u = Σ_i pre_i·x_i (paper, Eq. 3: H_pre·x). */
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';

/** preMapping [B,n], streams [B,n,C] → layerInput [B,C]. */
export function streamReadKernel(round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n, channels }) => {
    const pre = valuesOf(inputs['preMapping']!);
    const x = valuesOf(inputs['streams']!);
    const result = new Float64Array(tokens * channels);
    for (let token = 0; token < tokens; token++) {
      for (let i = 0; i < n; i++) {
        const weight = pre[token * n + i]!;
        const row = (token * n + i) * channels;
        for (let c = 0; c < channels; c++) result[token * channels + c] = round(result[token * channels + c]! + round(weight * x[row + c]!));
      }
    }
    return { layerInput: tensor(result, [tokens, channels], storage) };
  };
}
