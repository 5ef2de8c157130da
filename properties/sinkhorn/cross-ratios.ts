/**
 * Claim: the cross ratios X_ij·X_kl/(X_il·X_kj) are those of the matrix that enters the loop (of e^L where there is no ε in the start), at any T (MATHS.md S4).
 *
 * Every half-step multiplies lines, and lines cancel in a cross ratio. A kernel is off by at most the four η of entry-errors.ts: no term grows with the line
 * sums' errors. Checked against one pivot row and column per token, which determines all others. With the two marginals this is all of Sinkhorn.
 * Class: exact, ε included.
 */
import { outsideIteration } from './form.ts';
import { tokenRandom } from '../tokens.ts';
import { tokenMatrix } from './agreement.ts';
import { entryErrors, logRatios } from './entry-errors.ts';
import { startOf } from './start.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const crossRatios = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/cross-ratios',
  operation: 'sinkhorn',
  claim: 'The cross ratios of the result are those of the matrix that enters the loop.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['transposed', 'lower-precision'],
  screenedFor: 'cross-ratios',
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const [from, to] = [token * n * n, (token + 1) * n * n];
      const start = startOf(kernel.dialect, kernel.arithmetic, tokenMatrix(context, 'logits', token), n);
      const x = output.subarray(from, to);
      const errors = entryErrors(kernel, start, x, () => bounded.errors['residualMapping']!.subarray(from, to));
      const { ratios, evaluation } = logRatios(start, x);
      const random = tokenRandom(context, 'pivot', token);
      const [row, column] = [random.below(n), random.below(n)];
      const at = (values: Float64Array, i: number, j: number): number => values[i * n + j]!;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          if (i === row || j === column) continue;
          const bound = at(errors, i, j) + at(errors, row, column) + at(errors, i, column) + at(errors, row, j) + 4 * evaluation;
          if (bound === Infinity) continue;
          const defect = at(ratios, i, j) + at(ratios, row, column) - at(ratios, i, column) - at(ratios, row, j);
          judge.atMost(token, defect, bound, 'residualMapping', from + i * n + j, () => `log cross ratio of (${i},${j}) against (${row},${column}) − that of the start`);
        }
      }
    }
    return judge.finish();
  },
});
