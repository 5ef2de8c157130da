/**
 * Claim: the sums of the other side approach 1 at least as fast as the Birkhoff–Hopf theorem says (MATHS.md S3, §6.6).
 *
 * The oscillation of their logarithms contracts by κ² an iteration, κ = tanh(Δ/4) from the cross ratios of the logits; their mean is the mean of the
 * last side's sums. ε adds what φ(s) = s/(s + ε) varies by in every half-step. marginals.ts walks these bounds through the T iterations together with the
 * kernel's rounding; log-domain kernels get the sum of their entries' bounds instead. Where κ is near 1 the bound says little: reports show the measured
 * deviation. Class: limit.
 */
import { outsideIteration } from './form.ts';
import { outputRounding } from './output-rounding.ts';
import { evaluationError } from '../evaluation.ts';
import { keepsFromLimits, lineSums, marginals } from './marginals.ts';
import { TokenStart } from './start.ts';
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const freeSideSums = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/free-side-sums',
  operation: 'sinkhorn',
  claim: 'The sums of the side that is not normalised last deviate from 1 by no more than the convergence theorem allows.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: [0, 0.1, 0.5, 1, 2, 4] },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const { dialect, arithmetic } = kernel;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const stored = outputRounding(kernel, 'residualMapping');
    const judge = context.judge();
    const side = firstNormalised(dialect);
    const logDomain = dialect.domain === 'log';
    const start = new TokenStart(dialect, arithmetic, n);
    for (let token = 0; token < tokens; token++) {
      start.compute(context.inputs['logits']!, token * n * n);
      const { free, smallest } = marginals(start, dialect, !logDomain);
      if (!(free.high < Infinity) || ((logDomain || !keepsFromLimits(start, smallest)) && bounded.certified[token] === 0)) continue;
      const sums = lineSums(output, n, side, token * n * n);
      const errors = logDomain ? lineSums(bounded.errors['residualMapping']!, n, side, token * n * n) : undefined;
      const rounding = stored.relative * free.high + n * stored.absolute;
      const [centre, radius] = [(free.low + free.high) / 2, (free.high - free.low) / 2 + evaluationError(n, free.high)];
      for (let line = 0; line < n; line++) {
        judge.atMost(token, sums[line]! - centre, radius + (errors?.[line] ?? rounding), 'residualMapping', -1, () => `sum of ${side} ${line} − centre of its range`);
      }
    }
    return judge.finish();
  },
});
