/**
 * Claims about a stack, from the measured norms of the given layers, whatever they are: the composite's gains (largest column and row sum of magnitudes, 2-norm) are
 * at most the products of the layers'; and the mean-free part of a signal contracts by the product of the layers' σ₂ bounds, up to what
 * leaks from the layers' sums (paper §5; MATHS.md K8, M9, §6.7; DESIGN.md §7).
 *
 * Proof: submultiplicativity. For the second, split x into its mean b and its mean-free part a: a′ ≤ σ·a + ρ·b, b′ ≤ δ·a + m·b with
 * σ = ‖E − J/n‖₂, ρ and δ the spread of row and column sums, m the mean sum; start with a = 1, b = 0. Norms of the layers are rounded up
 * (`numerics/spectral.ts`). Bound: the composite's error matrix in the same norm (Frobenius for the 2-norm). Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { columnSums, rowSums } from '../streams/mixing.ts';
import { layersOf } from './layers.ts';
import { infNormUpper, meanFreeNormUpper, oneNormUpper, twoNormLower, twoNormUpper } from '../../src/numerics/spectral.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

/** Doubly stochastic layers of every kind; independent, correlated, nearly permutations. */
const mixing = ['independent', 'correlated', 'correlated-near-permutation', 'correlated-shipped', 'near-permutation', 'permutation', 'shipped', 'uniform'];

export const stackGain = defineProperty<MixingDialect>({
  id: 'depth/stack-gain',
  operation: 'stack',
  claim: 'The gains of the composite are at most the products of the layers\' gains.',
  class: 'exact',
  usesReference: false,
  inputs: { mappings: mixing, depths: [1, 2, 8, 24, 48, 60, 122, 256], channelCounts: [1] },
  recorded: true, // the layers' norms are measured
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, depth } = context.sizes;
    const composite = (await context.run(context.inputs))['composite']!;
    const bounded = context.bounded(context.inputs);
    const errors = bounded.errors['composite']!;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const layers = layersOf(context.inputs['residualMappings']!, token, context.sizes, context.kernel.dialect);
      const start = token * n * n;
      const gains = [oneNormUpper, infNormUpper, twoNormUpper] as const;
      gains.forEach((norm, k) => {
        const limit = layers.reduce((product, layer) => product * norm(layer, 0, n), 1);
        const gain = k === 2 ? twoNormLower(composite, start, n) : norm(composite, start, n);
        const slack = k === 2 ? frobenius(errors, start, n * n) : norm(errors, start, n);
        const own = evaluationError(depth + n, limit + gain);
        judge.atMost(token, gain <= limit ? 0 : gain - limit, slack + own, 'composite', start, () => `${['‖·‖₁', '‖·‖∞', '‖·‖₂'][k]} of the composite is ${gain}, at most ${limit}`);
      });
    }
    return judge.finish();
  },
});

export const stackMeanFree = defineProperty<MixingDialect>({
  id: 'depth/stack-mean-free',
  operation: 'stack',
  claim: 'The mean-free part of a signal contracts by the product of the layers\' second singular values, up to what their sums leak.',
  class: 'exact',
  usesReference: false,
  inputs: { mappings: mixing, depths: [1, 2, 8, 24, 48, 60], channelCounts: [1], streamCounts: [2, 3, 4, 8], maxElements: 2 ** 13 },
  recorded: true, // the layers' norms are measured
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, depth } = context.sizes;
    const composite = (await context.run(context.inputs))['composite']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      let [free, mean] = [1, 0];
      for (const layer of layersOf(context.inputs['residualMappings']!, token, context.sizes, context.kernel.dialect)) {
        const { rows, columns, sum } = leaks(layer, n);
        [free, mean] = [meanFreeNormUpper(layer, 0, n, 2) * free + rows * mean, columns * free + sum * mean];
      }
      const limit = Math.hypot(free, mean);
      const start = token * n * n;
      const centred = composite.slice(start, start + n * n);
      let magnitude = 0;
      for (let i = 0; i < n; i++) {
        const row = centred.subarray(i * n, (i + 1) * n);
        const average = row.reduce((total, value) => total + value, 0) / n;
        row.forEach((value, j) => {
          magnitude += Math.abs(value);
          row[j] = value - average;
        });
      }
      const gain = twoNormLower(centred, 0, n);
      const bound = frobenius(bounded.errors['composite']!, start, n * n) + evaluationError(4 * depth + 4 * n, limit + magnitude);
      judge.atMost(token, gain <= limit ? 0 : gain - limit, bound, 'composite', start, () => `${gain} of the mean-free part is left after ${depth} sublayers, at most ${limit}`);
    }
    return judge.finish();
  },
});

/** How a layer passes between mean and mean-free part: spread of row sums, spread of column sums, mean sum; rounded up. */
function leaks(layer: Float64Array, n: number): { rows: number; columns: number; sum: number } {
  const magnitude = layer.reduce((total, value) => total + Math.abs(value), 0);
  const own = evaluationError(2 * n * n, magnitude);
  const spread = (sums: Float64Array): number => {
    const average = sums.reduce((total, value) => total + value, 0) / n;
    return Math.sqrt(sums.reduce((total, value) => total + (value - average) ** 2, 0) / n) + own;
  };
  const sums = rowSums(layer, n);
  return { rows: spread(sums), columns: spread(columnSums(layer, n)), sum: Math.abs(sums.reduce((total, value) => total + value, 0)) / n + own };
}

function frobenius(values: Float64Array, start: number, count: number): number {
  let square = 0;
  for (let k = start; k < start + count; k++) square += values[k]! ** 2;
  return Math.sqrt(square);
}
