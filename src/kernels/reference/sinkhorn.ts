/** Sinkhorn–Knopp projection of the residual logits (paper, Eq. 8 and 9): start, then alternate half-steps. */
import { firstNormalised, halfSteps, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { addEpsilon, exponentiate, mayStop, normalise, normaliseLog, subtractMaximum, type Side } from './sinkhorn-steps.ts';

/** logits [B,n,n] → residualMapping [B,n,n], in the declared dialect. */
export function sinkhornKernel(dialect: SinkhornDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const steps: readonly Side[] = halfSteps(dialect);
  return (inputs, { tokens, streams: n }) => {
    const logits = valuesOf(inputs['logits']!);
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
