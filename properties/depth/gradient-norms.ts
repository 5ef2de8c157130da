/**
 * Claim, in the words of DESIGN.md §7: over any depth the norm of the gradient never grows beyond the certified factor, and its mean-free part contracts by
 * the product of the layers' contraction factors. (That its component along the mean is preserved is `depth/mean-conservation`, where rows are exact.)
 *
 * With M = E or Eᵀ the matrix with exact column sums, g = Π high, κ_l the Birkhoff contraction of layer l's logits (`../a-priori.ts`):
 * gradients by M (exact rows):     ‖z‖₁ ≤ g‖z_0‖₁;  mean-free part: a′ = κ·high·a + s′, s′ = s + δ·a  for a = ‖z‖₁, s = |Σz|, starting with s = 0.
 * gradients by Mᵀ (exact columns): ‖z‖∞ ≤ g‖z_0‖∞; spread: w′ = κ·high·w + (high − low)·‖z‖∞ for w = max z − min z.
 * In both cases ‖z‖₂ ≤ √n·g·‖z_0‖₂ whatever the depth.
 * Proof: Mz = Σ z_j c_j p_j with p_j distributions at most κ apart: opposite masses cancel up to κ, what is left over is |Σ z_j c_j|; and the dual statement.
 * The propagation in f64 adds γ_{D(n+2)} of f64. Class: exact.
 */
import { outside } from '../sinkhorn/form.ts';
import { evaluationError } from '../evaluation.ts';
import { apply } from './chains.ts';
import { mappings } from './mapping-bounds.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const gradientNorms = defineProperty<SinkhornDialect>({
  id: 'depth/gradient-norms',
  operation: 'sinkhorn',
  claim: 'Over any depth the gradient norm never grows beyond the certified factor, and the mean-free part contracts by the product of the layers\' factors.',
  class: 'exact',
  usesReference: false,
  inputs: { scales: [0, 0.1, 1, 2, 4], tokenCounts: [1, 33, 257], streamCounts: [2, 3, 4, 5, 8] },
  power: ['transposed'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const n = context.sizes.streams;
    const { output, known, chains, gradientsConserve, transposed, culprit } = await mappings(context);
    const judge = context.judge();
    for (const chain of chains) {
      const token = culprit(chain);
      const depth = chain.layers.length;
      const start = Float64Array.from({ length: n }, () => context.random.integer(-8, 8));
      const total = start.reduce((sum, value) => sum + value, 0);
      const meanFree = start.map((value) => n * value - total); // integers that sum to 0

      let [z, free]: [Float64Array, Float64Array] = [start, meanFree];
      const size = gradientsConserve ? oneNorm : maxNorm;
      const measure = gradientsConserve ? oneNorm : spread;
      let [gain, part, leak, largest] = [1, measure(meanFree), 0, size(meanFree)];
      for (const layer of chain.layers.toReversed()) {
        const { low, high } = known[layer]!;
        const contraction = known[layer]!.contraction + known[layer]!.contractionError;
        z = apply(output, layer * n * n, n, z, transposed === gradientsConserve);
        free = apply(output, layer * n * n, n, free, transposed === gradientsConserve);
        leak = gradientsConserve ? leak + Math.max(1 - low, high - 1) * part : (high - low) * largest;
        part = contraction * high * part + leak;
        gain *= high;
        largest *= high;
      }
      const own = (norm: number): number => evaluationError(depth * (n + 2) + 2 * n, gain * norm * n);
      const named = `${chain.kind} layers, depth ${depth}`;
      const [before, after] = [size(start), size(z)];
      const name = gradientsConserve ? '‖·‖₁' : '‖·‖∞';
      // limits in the reals, and what rounding adds to them
      const atMost = (value: number, limit: number, slack: number, what: string): void =>
        judge.atMost(token, value <= limit ? 0 : value - limit, slack, 'residualMapping', token * n * n, () => `${named}: ${what} of the gradient is ${value}, at most ${limit}`);
      atMost(after, before, (gain - 1) * before + own(before), name);
      const euclidean = Math.sqrt(n) * twoNorm(start);
      atMost(twoNorm(z), euclidean, (gain - 1) * euclidean + own(before), '‖·‖₂');
      atMost(measure(free), part, own(size(meanFree)), 'mean-free part');
    }
    return judge.finish();
  },
});

function oneNorm(z: Float64Array): number {
  return z.reduce((total, value) => total + Math.abs(value), 0);
}

function maxNorm(z: Float64Array): number {
  return Math.max(...z.map(Math.abs));
}

function twoNorm(z: Float64Array): number {
  return Math.sqrt(z.reduce((total, value) => total + value * value, 0));
}

function spread(z: Float64Array): number {
  return Math.max(...z) - Math.min(...z);
}
