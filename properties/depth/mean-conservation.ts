/**
 * Claim: over any depth the sum over the streams is conserved up to the sum of the layers' deviations: of the signal where the effective mapping has exact columns,
 * of the gradient where it has exact rows (MATHS.md §6.7, F7, B5): |1ᵀx_D − 1ᵀx_0| ≤ Σ_l δ_l·Π_{k<l} g_k·‖x_0‖₁.
 *
 * Proof: |1ᵀMx − 1ᵀx| ≤ max_j |c_j − 1|·‖x‖₁, ‖Mx‖₁ ≤ g‖x‖₁, with δ and g from the logits (`../a-priori.ts`). With ε every layer leaks up to about nε of the sum;
 * that is what the dialect computes, and it is in δ. The propagation in f64 adds γ_{D(n+2)} of f64. Class: exact.
 */
import { outside } from '../sinkhorn/form.ts';
import { evaluationError } from '../evaluation.ts';
import { apply } from './chains.ts';
import { mappings } from './mapping-bounds.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const depthMeanConservation = defineProperty<SinkhornDialect>({
  id: 'depth/mean-conservation',
  operation: 'sinkhorn',
  claim: 'Over any depth the component along the mean of the streams is preserved, up to the sum of the layers\' deviations.',
  class: 'exact',
  usesReference: false,
  inputs: { scales: [0, 1, 2, 4, 10, 30], tokenCounts: [1, 33, 257], streamCounts: [1, 2, 3, 4, 5, 8] },
  power: ['larger-epsilon', 'transposed', 'lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const n = context.sizes.streams;
    const { output, known, chains, gradientsConserve, transposed, culprit } = await mappings(context);
    const judge = context.judge();
    const what = gradientsConserve ? 'gradient' : 'signal';
    for (const chain of chains) {
      const token = culprit(chain);
      const start = Float64Array.from({ length: n }, () => context.random.integer(-8, 8) + 8.5); // one sign: leaks add up
      let x: Float64Array = start;
      let norm = start.reduce((total, value) => total + Math.abs(value), 0);
      const sum = norm;
      let drift = 0;
      for (const layer of gradientsConserve ? chain.layers.toReversed() : chain.layers) {
        const { low, high } = known[layer]!;
        drift += Math.max(1 - low, high - 1) * norm;
        norm *= high;
        x = apply(output, layer * n * n, n, x, transposed);
      }
      const after = x.reduce((total, value) => total + value, 0);
      const bound = drift + evaluationError(chain.layers.length * (n + 2) + 2 * n, norm);
      judge.atMost(token, after - sum, bound, 'residualMapping', token * n * n, () => `${chain.kind} layers, depth ${chain.layers.length}: sum of the ${what} over the streams, after − before`);
    }
    return judge.finish();
  },
});
