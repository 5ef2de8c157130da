/** KromHC's mapping, the Kronecker product of log2 n matrices [[a, 1−a], [1−a, a]] with a = σ(z) (arXiv 2601.21579), and its gradient. */
import { agrees, type KroneckerDialect } from '../../../operations/relatives/kronecker.ts';
import type { Dtype } from '../../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../../tensor/tensor.ts';
import type { ReferenceRun, Round } from '../kernel.ts';

/** factorLogits [B,log2 n] → residualMapping [B,n,n]. */
export function kroneckerKernel(dialect: KroneckerDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n }) => {
    const logits = valuesOf(inputs['factorLogits']!);
    const count = Math.round(Math.log2(n));
    const result = new Float64Array(tokens * n * n);
    for (let token = 0; token < tokens; token++) {
      const pairs = pairsOf(logits.subarray(token * count, (token + 1) * count), dialect, round);
      for (let at = 0; at < n * n; at++) result[token * n * n + at] = entry(pairs, Math.floor(at / n), at % n, round);
    }
    return { residualMapping: tensor(result, [tokens, n, n], storage) };
  };
}

/** factorLogits [B,log2 n], cotangent [B,n,n] → factorLogitsGradient [B,log2 n]. */
export function kroneckerVjpKernel(dialect: KroneckerDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n }) => {
    const [logits, cotangent] = [valuesOf(inputs['factorLogits']!), valuesOf(inputs['cotangent']!)];
    const count = Math.round(Math.log2(n));
    const result = new Float64Array(tokens * count);
    for (let token = 0; token < tokens; token++) {
      const pairs = pairsOf(logits.subarray(token * count, (token + 1) * count), dialect, round);
      pairs.forEach(([agree, differ], f) => {
        let sum = 0;
        for (let at = 0; at < n * n; at++) {
          const [i, j] = [Math.floor(at / n), at % n];
          const term = round(cotangent[token * n * n + at]! * entry(pairs, i, j, round, f));
          sum = round(agrees(i, j, f, count) ? sum + term : sum - term);
        }
        result[token * count + f] = round(round(agree * differ) * sum);
      });
    }
    return { factorLogitsGradient: tensor(result, [tokens, count], storage) };
  };
}

type Pair = readonly [agree: number, differ: number];

function pairsOf(logits: Float64Array, dialect: KroneckerDialect, round: Round): Pair[] {
  return Array.from(logits, (z) => {
    const agree = sigmoid(z, round);
    return [agree, dialect.complement === 'sigmoid' ? sigmoid(-z, round) : round(1 - agree)] as const;
  });
}

function sigmoid(z: number, round: Round): number {
  return round(1 / round(1 + round(Math.exp(-z))));
}

/** The product over the bits in which i and j agree or differ, without factor `left`. */
function entry(pairs: readonly Pair[], i: number, j: number, round: Round, left?: number): number {
  return pairs.reduce((product, pair, f) => (f === left ? product : round(product * pair[agrees(i, j, f, pairs.length) ? 0 : 1])), 1);
}
