/**
 * Claim: among all matrices with its line sums the result maximises ⟨log A, Q⟩ + entropy(Q) (MATHS.md S24): no nearby Q does better.
 *
 * Proof: X is the information projection of A onto these line sums (X = diag·A·diag), at any T and ε. For a kernel's X̂ with log X̂ = log A + a + b + e, |e| ≤ η, and Q = X̂ + V,
 * V without line sums: F(Q) − F(X̂) = ⟨−e, V⟩ − KL(Q‖X̂) ≤ Σ|V|·η. The check looks for a better Q along the steepest direction, V = t·(doubly centred log A − log X̂),
 * with Newton's t, held inside Q ≥ X̂/2: a defect is found when it is about twice its bound. Class: exact.
 */
import { outsideIteration } from './form.ts';
import { evaluationError } from '../evaluation.ts';
import { tokenMatrix } from './agreement.ts';
import { entryErrors, logRatios } from './entry-errors.ts';
import { startOf } from './start.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const variational = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/variational',
  operation: 'sinkhorn',
  claim: 'No nearby matrix with the same line sums has a larger ⟨log A, Q⟩ + entropy(Q) than the result.',
  class: 'exact',
  usesReference: false,
  inputs: { scales: [0, 0.1, 0.5, 1, 2, 4] },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const [from, to] = [token * n * n, (token + 1) * n * n];
      const x = output.subarray(from, to);
      const start = startOf(kernel.dialect, kernel.arithmetic, tokenMatrix(context, 'logits', token), n);
      const errors = entryErrors(kernel, start, x, () => bounded.errors['residualMapping']!.subarray(from, to));
      if (errors.some((error) => error === Infinity)) continue;
      const { ratios, evaluation } = logRatios(start, x);
      const direction = doublyCentred(ratios, n).map((value) => -value);
      let [rise, curvature, reach, cost] = [0, 0, Infinity, 0];
      for (let k = 0; k < n * n; k++) {
        const v = direction[k]!;
        rise += v * v;
        curvature += (v * v) / x[k]!;
        if (v !== 0) reach = Math.min(reach, x[k]! / (2 * Math.abs(v)));
        // centring rounds n + 2 times; what it leaves of a and b is as small
        cost += Math.abs(v) * (errors[k]! + (n + 2) * evaluation);
      }
      const t = rise === 0 ? 0 : Math.min(rise / curvature, reach);
      // F(X + tV) − F(X), in the gauge in which a and b are gone: t·⟨V, V⟩ − Σ (X + tV)·log(1 + tV/X) + tV
      let gain = t * rise;
      for (let k = 0; k < n * n; k++) gain -= (x[k]! + t * direction[k]!) * Math.log1p((t * direction[k]!) / x[k]!) - t * direction[k]!;
      const found = Number.isNaN(gain) ? NaN : Math.max(gain, 0);
      judge.atMost(token, found, t * cost + evaluationError(8, t * rise), 'residualMapping', -1, () => 'F(Q) − F(X) for the best Q found');
    }
    return judge.finish();
  },
});

/** Less the means of rows and columns: orthogonal to all a_i + b_j. */
function doublyCentred(values: Float64Array, n: number): Float64Array {
  const [rows, columns] = [new Float64Array(n), new Float64Array(n)];
  let mean = 0;
  values.forEach((value, k) => {
    rows[Math.floor(k / n)]! += value / n;
    columns[k % n]! += value / n;
    mean += value / (n * n);
  });
  return values.map((value, k) => value - rows[Math.floor(k / n)]! - columns[k % n]! + mean);
}
