/** Next streams: the residual mapping mixes the streams, the post mapping adds the layer's output (paper, Eq. 3: H_res·x + H_postᵀ·F). */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { effectiveMapping } from './mixing.ts';

/** residualMapping [B,n,n], postMapping [B,n], streams [B,n,C], layerOutput [B,C] → nextStreams [B,n,C]. */
export function streamWriteKernel(dialect: MixingDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n, channels }) => {
    const mappings = valuesOf(inputs['residualMapping']!);
    const post = valuesOf(inputs['postMapping']!);
    const x = valuesOf(inputs['streams']!);
    const output = valuesOf(inputs['layerOutput']!);
    const result = new Float64Array(tokens * n * channels);
    const e = new Float64Array(n * n);
    for (let token = 0; token < tokens; token++) {
      effectiveMapping(mappings, token * n * n, n, dialect, e);
      for (let i = 0; i < n; i++) {
        const weight = post[token * n + i]!;
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (let j = 0; j < n; j++) sum = round(sum + round(e[i * n + j]! * x[(token * n + j) * channels + c]!));
          result[(token * n + i) * channels + c] = round(sum + round(weight * output[token * channels + c]!));
        }
      }
    }
    return { nextStreams: tensor(result, [tokens, n, channels], storage) };
  };
}
