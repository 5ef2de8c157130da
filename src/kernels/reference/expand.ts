/** The first streams: copies of the hidden state, or stream 0 alone; and the gradient, the sum over the copies. */
import type { ExpandDialect } from '../../operations/layers/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';

/** hidden [B,C] → streams [B,n,C]. */
export function expandKernel(dialect: ExpandDialect, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n, channels }) => {
    const hidden = valuesOf(inputs['hidden']!);
    const streams = new Float64Array(tokens * n * channels);
    const copies = dialect.copies === 'all' ? n : 1;
    for (let token = 0; token < tokens; token++) {
      for (let i = 0; i < copies; i++) streams.set(hidden.subarray(token * channels, (token + 1) * channels), (token * n + i) * channels);
    }
    return { streams: tensor(streams, [tokens, n, channels], storage) };
  };
}

/** cotangent [B,n,C] → hiddenGradient [B,C]. */
export function expandVjpKernel(dialect: ExpandDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n, channels }) => {
    const g = valuesOf(inputs['cotangent']!);
    const gradient = new Float64Array(tokens * channels);
    const copies = dialect.copies === 'all' ? n : 1;
    for (let at = 0; at < gradient.length; at++) {
      const first = Math.floor(at / channels) * n * channels + (at % channels);
      let sum = g[first]!;
      for (let i = 1; i < copies; i++) sum = round(sum + g[first + i * channels]!);
      gradient[at] = sum;
    }
    return { hiddenGradient: tensor(gradient, [tokens, channels], storage) };
  };
}
