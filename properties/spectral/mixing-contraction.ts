/**
 * Claim: H contracts the mean-free part of the streams at least by the Birkhoff coefficient of its logits: the total variation between two lines of the
 * exact side is at most tanh(Δ/4), Δ the largest cross log-ratio of the logits (plus ε), at any number of iterations (MATHS.md §6.6, §6.7, M9).
 *
 * Proof in `../a-priori.ts`: normalising lines changes no cross ratio, and TV ≤ tanh(d/4) for distributions at Hilbert distance d. Measured: Dobrushin's
 * coefficient of the lines divided by their sums, rounded up. Class: exact. For n = 2 it is an equality at convergence, so that it sees a wrong
 * temperature, a wrong exponential and a missing first half-step. Where tanh(Δ/4) is 1 to seven digits nothing is claimed.
 */
import { outside } from '../sinkhorn/form.ts';
import { aPriori } from '../a-priori.ts';
import { normalisedLines } from '../small-matrices.ts';
import { dobrushinUpper } from '../../src/numerics/spectral.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const mixingContraction = defineProperty<SinkhornDialect>({
  id: 'spectral/mixing-contraction',
  operation: 'sinkhorn',
  claim: 'The mapping contracts the mean-free part of the streams at least by the Birkhoff coefficient of its logits.',
  class: 'exact',
  usesReference: false,
  inputs: { scales: [0, 0.1, 1, 2], streamCounts: [2, 3, 4, 5, 8] },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const side = context.kernel.dialect.lastNormalised;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const { contraction, contractionError } = aPriori(context.kernel, context.inputs['logits']!, token * n * n, n, bounded);
      if (contraction + contractionError >= 1) continue;
      const measured = dobrushinUpper(normalisedLines(output, token * n * n, n, side), 0, n, side);
      const excess = measured <= contraction ? 0 : measured - contraction;
      judge.atMost(token, excess, contractionError, 'residualMapping', token * n * n, () => `largest distance between two ${side} is ${measured}, ${contraction} by the logits`);
    }
    return judge.finish();
  },
});
