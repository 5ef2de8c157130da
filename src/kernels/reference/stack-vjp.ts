/** Derivative of mixing over depth: with x_{l+1} = E_l·x_l, walking back from the last sublayer, ∂E_l = ∂x_{l+1}·x_lᵀ and ∂x_l = E_lᵀ·∂x_{l+1}. */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { effectiveMapping } from './mixing.ts';
import { multiplyInPlace } from './stack.ts';

/** residualMappings [B,D,n,n], streams, cotangent of finalStreams [B,n,C] → residualMappingsGradient [B,D,n,n], streamsGradient [B,n,C]. */
export function stackVjpKernel(dialect: MixingDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const transposedDialect: MixingDialect = { orientation: dialect.orientation === 'plain' ? 'transposed' : 'plain' };
  return (inputs, { tokens, streams: n, channels, depth }) => {
    const mappings = valuesOf(inputs['residualMappings']!);
    const streams = valuesOf(inputs['streams']!);
    const gradient = valuesOf(inputs['cotangent']!);
    const mappingsGradient = new Float64Array(tokens * depth * n * n);
    const size = n * channels;
    const states = new Float64Array((depth + 1) * size); // x_0 … x_D of one token
    const e = new Float64Array(n * n);
    const eGradient = new Float64Array(n * n);
    const column = new Float64Array(n);
    for (let token = 0; token < tokens; token++) {
      states.set(streams.subarray(token * size, (token + 1) * size));
      for (let layer = 0; layer < depth; layer++) {
        const next = states.subarray((layer + 1) * size, (layer + 2) * size);
        next.set(states.subarray(layer * size, (layer + 1) * size));
        effectiveMapping(mappings, (token * depth + layer) * n * n, n, dialect, e);
        multiplyInPlace(e, next, n, channels, column, round);
      }
      const g = gradient.subarray(token * size, (token + 1) * size);
      for (let layer = depth - 1; layer >= 0; layer--) {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let c = 0; c < channels; c++) sum = round(sum + round(g[i * channels + c]! * states[layer * size + j * channels + c]!));
            eGradient[i * n + j] = sum;
          }
        }
        const at = (token * depth + layer) * n * n;
        effectiveMapping(eGradient, 0, n, dialect, mappingsGradient.subarray(at, at + n * n));
        effectiveMapping(mappings, at, n, transposedDialect, e);
        multiplyInPlace(e, g, n, channels, column, round);
      }
    }
    return {
      residualMappingsGradient: tensor(mappingsGradient, [tokens, depth, n, n], storage),
      streamsGradient: tensor(gradient, [tokens, n, channels], storage),
    };
  };
}
