/**
 * Claim: KL(Q‖A) = KL(Q‖X) + KL(X‖A) for a matrix Q with the same line sums as X, A the matrix that enters the loop (MATHS.md S25; Csiszár 1975).
 *
 * Proof: the difference of the two sides is Σ(Q − X)(log X − log A). log X − log A = a_i + b_j at any T and ε, and Q − X has no line sums. Q = r·cᵀ/m, the product of
 * X's own measured sums, so no convergence is needed. A kernel is off by Σ|Q − X|·η (entry-errors.ts). Weighs all cross ratios at once. Class: exact.
 */
import { outsideIteration } from './form.ts';
import { evaluationError } from '../evaluation.ts';
import { tokenMatrix } from './agreement.ts';
import { entryErrors, logRatios } from './entry-errors.ts';
import { lineSums } from './marginals.ts';
import { startOf } from './start.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const pythagoras = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/pythagoras',
  operation: 'sinkhorn',
  claim: 'The result splits the relative entropy between its start and any matrix with its line sums: KL(Q‖A) = KL(Q‖X) + KL(X‖A).',
  class: 'exact',
  usesReference: false,
  inputs: {},
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
      const [rows, columns] = [lineSums(x, n, 'rows'), lineSums(x, n, 'columns')];
      const mass = rows.reduce((sum, value) => sum + value, 0);
      let [difference, bound, size] = [0, 0, 0];
      for (let k = 0; k < n * n; k++) {
        const weight = (rows[Math.floor(k / n)]! * columns[k % n]!) / mass - x[k]!;
        difference += weight * ratios[k]!;
        bound += Math.abs(weight) * (errors[k]! + evaluation);
        size = Math.max(size, Math.abs(ratios[k]!));
      }
      // f64: the weights' line sums vanish up to their own rounding, which a_i + b_j multiplies
      bound += evaluationError(4 * n + 4, size * mass * n);
      judge.atMost(token, difference, bound, 'residualMapping', -1, () => 'KL(Q‖A) − KL(Q‖X) − KL(X‖A)');
    }
    return judge.finish();
  },
});
