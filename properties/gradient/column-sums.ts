/**
 * Claim: along each line of the last-normalised side the gradient sums to what T iterations leave of a shift of that line (MATHS.md G2, B1).
 *
 * Proof: the sum is the derivative of ⟨g, X⟩ along the shift; the shift's effect contracts by κ per half-step (response.ts, `shift`), so
 * |sum| ≤ shift·Σ|g|·X plus the entries' bounds. Zero at convergence. The implicit derivative's sums vanish: judged by gradient/row-sums. Class: limit.
 */
import { outside } from '../sinkhorn/form.ts';
import { evaluationError } from '../evaluation.ts';
import { tokenMatrix } from '../sinkhorn/agreement.ts';
import { lineSums } from '../sinkhorn/marginals.ts';
import { convergingScales, tokenResponse, weightedSize } from './claims.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const columnSums = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/column-sums',
  operation: 'sinkhorn-vjp',
  claim: 'Along lines that are normalised last the gradient sums to no more than what the iterations leave of a shift.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: convergingScales },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => (dialect.derivative === 'implicit' ? 'the implicit derivative has exact sums: gradient/row-sums' : outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature')),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const output = (await context.run(context.inputs))['logitsGradient']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    const side = kernel.dialect.lastNormalised;
    for (let token = 0; token < tokens; token++) {
      const response = bounded.certified[token] === 1 ? tokenResponse(context, token) : undefined;
      if (response === undefined || response.shift === Infinity) continue;
      const left = response.shift * weightedSize(context, tokenMatrix(context, 'cotangent', token), response);
      const sums = lineSums(output, n, side, token * n * n);
      const sizes = lineSums(output.map(Math.abs), n, side, token * n * n);
      const errors = lineSums(bounded.errors['logitsGradient']!, n, side, token * n * n);
      sums.forEach((sum, line) => judge.atMost(token, sum, left + errors[line]! + evaluationError(n, sizes[line]!), 'logitsGradient', -1, () => `sum of the gradient along line ${line} of ${side}`));
    }
    return judge.finish();
  },
});
