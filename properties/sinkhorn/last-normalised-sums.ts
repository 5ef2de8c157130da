/**
 * Claim: the sums of the side that is normalised last are s/D(s) of their line, to a handful of roundings, at any T and for any input (MATHS.md S2).
 *
 * Linear domain: the last half-step divides x_ij by D(s_j) computed from these very x_ij: n − 1 additions, one for ε and a division, so
 * Σ = φ(s_j)·(1 + θ), |θ| ≤ γ_{n+1}, φ(s) = s/D(s) ≤ 1: the upper side holds unconditionally. s_j is enclosed from the logits alone (marginals.ts; in a
 * converged matrix s = 1 + O(ε), in any matrix s ≥ φ/(n + ε) after one iteration). φ is concave, so the mean of the sums is at most φ of the mean of s.
 * Log domain: the sum is 1 in the reals; the tolerance is the sum of the entries' bounds. Class: exact, ε included.
 */
import { outsideIteration } from './form.ts';
import { outputRounding } from './output-rounding.ts';
import { tokenMatrix } from './agreement.ts';
import { evaluationError } from '../evaluation.ts';
import { lineSums, marginals } from './marginals.ts';
import { startOf } from './start.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const lastNormalisedSums = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/last-normalised-sums',
  operation: 'sinkhorn',
  claim: 'The sums of the side normalised last are s/(s + ε), whatever the logits.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const { dialect, arithmetic } = kernel;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const stored = outputRounding(kernel, 'residualMapping');
    const judge = context.judge();
    const name = dialect.lastNormalised === 'rows' ? 'row' : 'column';
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const sums = lineSums(output, n, dialect.lastNormalised, token * n * n);
      const within = (sum: number, low: number, high: number, index: number, what: () => string): void =>
        judge.atMost(token, sum - (low + high) / 2, (high - low) / 2, 'residualMapping', index, what);
      if (dialect.domain === 'log') {
        const errors = lineSums(bounded.errors['residualMapping']!, n, dialect.lastNormalised, token * n * n);
        sums.forEach((sum, line) => within(sum, 1 - errors[line]! - evaluationError(n, 1), 1 + errors[line]! + evaluationError(n, 1), -1, () => `sum of ${name} ${line} − 1`));
        continue;
      }
      const { last, lastMean } = marginals(startOf(dialect, arithmetic, tokenMatrix(context, 'logits', token), n), dialect, true);
      const storing = stored.relative * last.high + n * stored.absolute + evaluationError(n, last.high);
      sums.forEach((sum, line) => within(sum, last.low - storing, last.high + storing, -1, () => `sum of ${name} ${line} − centre of its range`));
      const total = sums.reduce((sum, value) => sum + value, 0);
      within(total / n, last.low - storing, Math.min(lastMean, last.high) + storing, -1, () => `mean of the ${name} sums − centre of its range`);
    }
    return judge.finish();
  },
});
