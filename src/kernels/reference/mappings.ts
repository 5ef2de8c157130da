/** The three mappings of a sublayer (paper, Eqs. 7, 8 and 14–19): normalise, project, gates for pre and post, Sinkhorn for the residual. */
import { sinkhornOf, type MappingsDialect } from '../../operations/mappings/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor } from '../../tensor/tensor.ts';
import { coefficientsOf } from './coefficients.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { sinkhornKernel } from './sinkhorn.ts';

/** streams [B,n,C], projection, scales, biases, normWeight → preMapping, postMapping [B,n], residualMapping [B,n,n]. */
export function mappingsKernel(dialect: MappingsDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const sinkhorn = sinkhornKernel(sinkhornOf(dialect), round, storage);
  return (inputs, sizes) => {
    const { tokens, streams: n } = sizes;
    const coefficients = coefficientsOf(inputs, sizes, dialect, round);
    const pre = new Float64Array(tokens * n);
    const post = new Float64Array(tokens * n);
    const residual = new Float64Array(tokens * n * n);
    for (let token = 0; token < tokens; token++) {
      coefficients.of(token);
      const z = coefficients.logits;
      for (let i = 0; i < n; i++) {
        const gate = sigmoid(z[i]!, round);
        pre[token * n + i] = dialect.preEpsilon > 0 ? round(gate + dialect.preEpsilon) : gate;
        post[token * n + i] = round(dialect.postMultiplier * sigmoid(z[n + i]!, round));
      }
      residual.set(z.subarray(2 * n), token * n * n);
    }
    return {
      preMapping: tensor(pre, [tokens, n], storage),
      postMapping: tensor(post, [tokens, n], storage),
      ...sinkhorn({ logits: tensor(residual, [tokens, n, n], 'f64') }, sizes), // f64: what `round` left is kept as it is
    };
  };
}

/** σ(z) = 1/(1 + e^−z). */
export function sigmoid(z: number, round: Round): number {
  return round(1 / round(1 + round(Math.exp(-z))));
}
