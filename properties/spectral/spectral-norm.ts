/**
 * Claim: the 2-norm of H is at most √(‖H‖₁·‖H‖∞) with both norms bounded from the logits alone, and at least the mean of its line sums
 * (MATHS.md M8, F8, §6.7).
 *
 * Proof: Riesz–Thorin above, ‖H‖₂ ≥ 1ᵀH1/n below. The exact side is at most 1 + γ; the other side is at most exp(κ^(2T−1)·osc + what ε adds), κ = tanh(Δ/4) from the
 * logits (Birkhoff–Hopf, §6.6; `../a-priori.ts`), and never above n. Measured norms are rounded outwards. Class: limit: the upper bound tends to
 * 1 with the iterations; where κ is near 1 it says little, and the margin shows it.
 */
import { outside } from '../sinkhorn/form.ts';
import { aPriori } from '../a-priori.ts';
import { suffices } from '../sufficient.ts';
import { twoNormUpper, twoNormUpperTight } from '../../src/numerics/spectral.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const spectralNorm = defineProperty<SinkhornDialect>({
  id: 'spectral/spectral-norm',
  operation: 'sinkhorn',
  claim: 'The 2-norm of the mapping lies between what its exact side guarantees and what the convergence theorem allows.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: [0, 0.1, 1, 2, 4, 10], streamCounts: [1, 2, 3, 4, 5, 8] },
  power: ['larger-epsilon', 'lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const start = token * n * n;
      const known = aPriori(context.kernel, context.inputs['logits']!, start, n, bounded);
      const { low, high } = known;
      const limitFor = (free: number): number => Math.sqrt(high * free) * (1 + 2 ** -51);
      const excess = Math.max(0, twoNormUpper(output, start, n) - 1);
      const free = suffices(context, excess, limitFor(known.freeAtLeast) - 1) ? known.freeAtLeast : known.free;
      judge.atMost(token, excess, limitFor(free) - 1, 'residualMapping', start, () => `√(‖H‖₁‖H‖∞) − 1, with a free side of at most ${free}`);
      // the mean of the line sums is below every upper bound of ‖H‖₂, and mostly enough
      const byMean = Math.max(0, 1 - meanLower(output, start, n));
      const missing = suffices(context, byMean, 1 - low) ? byMean : Math.max(0, 1 - twoNormUpperTight(output, start, n));
      judge.atMost(token, missing, 1 - low, 'residualMapping', start, () => '1 − ‖H‖₂');
    }
    return judge.finish();
  },
});

/** At most 1ᵀH1/n, which ‖H‖₂ is at least: n² additions, of which each rounds by no more than 2⁻⁵³ of the sum of magnitudes. NaN where an entry is. */
function meanLower(matrix: Float64Array, offset: number, n: number): number {
  let [sum, magnitudes] = [0, 0];
  for (let k = 0; k < n * n; k++) {
    sum += matrix[offset + k]!;
    magnitudes += Math.abs(matrix[offset + k]!);
  }
  return (sum - 2 * n * n * 2 ** -53 * magnitudes) / n;
}
