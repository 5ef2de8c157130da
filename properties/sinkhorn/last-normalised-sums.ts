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
import { evaluationError } from '../evaluation.ts';
import { keepsFromLimits, lineSums, marginals } from './marginals.ts';
import { TokenStart } from './start.ts';
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
  screenedFor: 'line-sums',
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const { dialect, arithmetic } = kernel;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const stored = outputRounding(kernel, 'residualMapping');
    const judge = context.judge();
    const name = dialect.lastNormalised === 'rows' ? 'row' : 'column';
    if (dialect.domain === 'log') {
      for (let token = 0; token < tokens; token++) {
        if (bounded.certified[token] === 0) continue;
        const errors = lineSums(bounded.errors['residualMapping']!, n, dialect.lastNormalised, token * n * n);
        lineSums(output, n, dialect.lastNormalised, token * n * n).forEach((sum, line) => {
          judge.atMost(token, sum - 1, errors[line]! + evaluationError(n, 1), 'residualMapping', -1, () => `sum of ${name} ${line} − 1`);
        });
      }
      return judge.finish();
    }
    const start = new TokenStart(dialect, arithmetic, n);
    for (let token = 0; token < tokens; token++) {
      start.compute(context.inputs['logits']!, token * n * n);
      const { last, lastMean, smallest } = marginals(start, dialect, true);
      if (!keepsFromLimits(start, smallest) && bounded.certified[token] === 0) continue;
      const storing = stored.relative * last.high + n * stored.absolute + evaluationError(n, last.high);
      const [low, high] = [last.low - storing, last.high + storing];
      const sums = lineSums(output, n, dialect.lastNormalised, token * n * n);
      let total = 0;
      for (let line = 0; line < n; line++) {
        total += sums[line]!;
        judge.atMost(token, sums[line]! - (low + high) / 2, (high - low) / 2, 'residualMapping', -1, () => `sum of ${name} ${line} − centre of its range`);
      }
      const highMean = Math.min(lastMean, last.high) + storing;
      judge.atMost(token, total / n - (low + highMean) / 2, (highMean - low) / 2, 'residualMapping', -1, () => `mean of the ${name} sums − centre of its range`);
    }
    return judge.finish();
  },
});
