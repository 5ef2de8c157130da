/** Sinkhorn–Knopp projection of the residual logits (paper, Eq. 8 and 9): start, then alternate half-steps. */
import { firstNormalised, halfSteps, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { isStraight } from '../../operations/sinkhorn/steps.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { quadsOf } from './sinkhorn-batch.ts';
import { addEpsilon, exponentiate, mayStop, normalise, normaliseLog, subtractMaximum, type Side } from './sinkhorn-steps.ts';

/** A runner is worth its compilation for so many matrices, which a dialect that is tried once does not have. */
const fewest = 64;

/** logits [B,n,n] → residualMapping [B,n,n], in the declared dialect. */
export function sinkhornKernel(dialect: SinkhornDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const steps: readonly Side[] = halfSteps(dialect);
  const inQuads = round === Math.fround && isStraight(dialect);
  let seen = 0;
  return (inputs, { tokens, streams: n }) => {
    seen += tokens;
    const given = inputs['logits']!;
    if (inQuads && n === 4 && seen >= fewest) {
      const data = quadsOf(given.data instanceof Float32Array ? given.data : valuesOf(given), tokens, dialect);
      return { residualMapping: storage === 'f32' ? { dtype: storage, shape: [tokens, n, n], data } : tensor(data, [tokens, n, n], storage) };
    }
    const logits = valuesOf(given);
    const result = new Float64Array(tokens * n * n);
    const x = new Float64Array(n * n);
    const divisors = new Float64Array(n);
    for (let token = 0; token < tokens; token++) {
      subtractMaximum(logits, token * n * n, x, n, dialect, round);
      if (dialect.domain === 'linear') {
        exponentiate(x, n, dialect, round);
        addEpsilon(x, n, dialect, round);
        for (const side of steps) {
          normalise(x, n, side, dialect, round, divisors, 0);
          if (side === dialect.lastNormalised && mayStop(x, n, dialect, round)) break;
        }
      } else {
        if (dialect.start === 'softmax') normaliseLog(x, n, firstNormalised(dialect), round);
        for (const side of steps) {
          normaliseLog(x, n, side, round);
          if (side === dialect.lastNormalised && mayStop(x, n, dialect, round)) break;
        }
        for (let at = 0; at < n * n; at++) x[at] = round(Math.exp(x[at]!));
      }
      result.set(x, token * n * n);
    }
    return { residualMapping: tensor(result, [tokens, n, n], storage) };
  };
}
