/** Residual mixing over depth (paper, Eq. 4): the composite E_{D−1}···E_0 and the streams after it, sublayer by sublayer. */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { effectiveMapping } from './mixing.ts';

/** residualMappings [B,D,n,n], streams [B,n,C] → composite [B,n,n], finalStreams [B,n,C]. */
export function stackKernel(dialect: MixingDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n, channels, depth }) => {
    const mappings = valuesOf(inputs['residualMappings']!);
    const streams = valuesOf(inputs['streams']!);
    const composites = new Float64Array(tokens * n * n);
    const e = new Float64Array(n * n);
    const composite = new Float64Array(n * n);
    const column = new Float64Array(n);
    for (let i = 0; i < n; i++) composite[i * n + i] = 1; // what no sublayers at all leave
    for (let token = 0; token < tokens; token++) {
      const x = streams.subarray(token * n * channels, (token + 1) * n * channels);
      for (let layer = 0; layer < depth; layer++) {
        effectiveMapping(mappings, (token * depth + layer) * n * n, n, dialect, e);
        if (layer === 0) composite.set(e);
        else multiplyInPlace(e, composite, n, n, column, round);
        multiplyInPlace(e, x, n, channels, column, round);
      }
      composites.set(composite, token * n * n);
    }
    return { composite: tensor(composites, [tokens, n, n], storage), finalStreams: tensor(streams, [tokens, n, channels], storage) };
  };
}

/** x ← E·x for x [n,width]; `column` is room for n numbers. */
export function multiplyInPlace(e: Float64Array, x: Float64Array, n: number, width: number, column: Float64Array, round: Round): void {
  for (let c = 0; c < width; c++) {
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum = round(sum + round(e[i * n + j]! * x[j * width + c]!));
      column[i] = sum;
    }
    for (let i = 0; i < n; i++) x[i * width + c] = column[i]!;
  }
}
