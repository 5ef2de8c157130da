/**
 * Claim: applied to the logarithm of its own result, the kernel does not make the free side's sums worse: Σ|r − 1| does not increase (MATHS.md S11, S13).
 *
 * By the semigroup law X_T(log X_T) is X_2T, and Σ|r_i − 1| never increases over an iteration, however slow the convergence: with x_ij = X_ij/D(r_i), q_i = φ(r_i),
 * s_j and φ(s_j) the sums before and after the next half-step, Σ|r′_i − q_i| ≤ Σ_j|s_j − φ(s_j)| ≤ Σ_j|s_j − c_j| + Σ_j|c_j − φ(s_j)| ≤ Σ|r_i − q_i| + Σ_j|c_j − φ(s_j)|.
 * Without ε q = c = φ = 1. With ε each iteration adds 2Σ(1 − q_i) + Σ|c_j − φ(s_j)|, from the enclosures of marginals.ts. The comparison starts after the first
 * iteration on exp of the rounded logarithms, computed in f64; the kernel's rounding is the sum of its entries' bounds. Works where κ is near 1. Class: exact.
 */
import { outside } from './form.ts';
import { evaluationError } from '../evaluation.ts';
import { suffices } from '../sufficient.ts';
import { divideLines, lineSums, marginals, shareOf } from './marginals.ts';
import { startOf } from './start.ts';
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const reapplication = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/reapplication',
  operation: 'sinkhorn',
  claim: 'Applied to the logarithm of its own result, the kernel does not move the free side away from 1.',
  class: 'exact',
  usesReference: false,
  inputs: { scales: [0.5, 1, 2, 4, 10] },
  power: [],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const { kernel: { dialect, arithmetic }, sizes: { tokens, streams: n } } = context;
    const first = (await context.run(context.inputs))['residualMapping']!;
    const again = { logits: context.round('logits', first.map((value) => (value > 0 && value < Infinity ? Math.log(value) : 0))) };
    const second = (await context.run(again))['residualMapping']!;
    const bounded = context.bounded(again);
    const judge = context.judge();
    const side = firstNormalised(dialect);
    const deviation = (matrix: Float64Array, offset: number): number => lineSums(matrix, n, side, offset).reduce((sum, value) => sum + Math.abs(value - 1), 0);
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const { entering, divided } = marginals(startOf(dialect, arithmetic, again.logits.subarray(token * n * n, (token + 1) * n * n), n), dialect, false);
      const [last, ...later] = divided;
      if (last === undefined) continue;
      const matrix = entering.slice();
      divideLines(matrix, n, last.step);
      let leak = 0;
      for (const { step, sums: { low } } of later) {
        // 1 − φ: twice for the free side's q; for the other side once as φ(s) and once, an iteration later, as c
        leak += 2 * n * (1 - shareOf(step, low));
      }
      leak += n * (1 - shareOf(last.step, last.sums.low));
      const before = deviation(matrix, 0);
      const after = deviation(second, token * n * n);
      const boundWith = (errors: number): number => before + leak + errors + evaluationError(2 * n + 4, 2 * n);
      // the kernel's own bound only where the claim does not hold well without it
      const alone = suffices(context, after, boundWith(0));
      const bound = boundWith(alone ? 0 : lineSums(bounded.errors['residualMapping']!, n, side, token * n * n).reduce((sum, value) => sum + value, 0));
      if (bound < Infinity) judge.atMost(token, after, bound, 'residualMapping', -1, () => `Σ|${side} sum − 1| after ${dialect.iterations} more iterations, ${before} before`);
    }
    return judge.finish();
  },
});
