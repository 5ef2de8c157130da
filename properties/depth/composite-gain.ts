/**
 * Claim: the product of D mappings has sums on its exact side within the product of the layers' a-priori bounds, whatever the depth; no entry is negative or above
 * that product; so the largest gain (Amax: the larger of the largest row and column sum) is at most n times it (paper §5; MATHS.md K8, §6.7).
 *
 * Proof: 1ᵀM_D…M_1 with exact column sums multiplies [low, high] of every layer (`../a-priori.ts`), for M = H or Hᵀ. Non-negative entries are at most their
 * column's sum. A product in f64 adds γ_{D(n+2)} of f64. Depths 1 to 256, independent layers and correlated ones. The free side is
 * not claimed beyond n: it depends on the layers (MATHS.md §13), and `stack` properties state it from measured sums. Class: exact.
 */
import { outside } from '../sinkhorn/form.ts';
import { evaluationError } from '../evaluation.ts';
import { mappings } from './mapping-bounds.ts';
import { apply } from './chains.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const compositeGain = defineProperty<SinkhornDialect>({
  id: 'depth/composite-gain',
  operation: 'sinkhorn',
  claim: 'Over any depth the gain on the exact side stays within the product of the layers\' bounds, on the other side within n times it.',
  class: 'exact',
  usesReference: false,
  inputs: { scales: [0, 1, 2, 4, 10, 30], tokenCounts: [1, 33, 257], streamCounts: [1, 2, 3, 4, 5, 8] },
  power: ['larger-epsilon', 'transposed', 'lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const n = context.sizes.streams;
    const { output, known, chains, transposed, culprit } = await mappings(context);
    const judge = context.judge();
    for (const chain of chains) {
      const token = culprit(chain);
      const composite = Array.from({ length: n }, (_, j): Float64Array => Float64Array.from({ length: n }, (_unused, i) => (i === j ? 1 : 0)));
      let [low, high] = [1, 1];
      for (const layer of chain.layers) {
        low *= known[layer]!.low;
        high *= known[layer]!.high;
        for (let j = 0; j < n; j++) composite[j] = apply(output, layer * n * n, n, composite[j]!, transposed);
      }
      const own = evaluationError(chain.layers.length * (n + 2) + n, high);
      const named = `${chain.kind} layers, depth ${chain.layers.length}`;
      composite.forEach((column, j) => {
        const sum = column.reduce((total, value) => total + value, 0);
        judge.atMost(token, sum >= 1 ? sum - 1 : 0, high - 1 + own, 'residualMapping', token * n * n, () => `${named}: sum ${j} of the exact side is ${sum}`);
        judge.atMost(token, sum <= 1 ? 1 - sum : Number.isNaN(sum) ? NaN : 0, 1 - low + own, 'residualMapping', token * n * n, () => `${named}: sum ${j} of the exact side is ${sum}`);
        judge.atMost(token, Math.max(0, -Math.min(...column)), 0, 'residualMapping', token * n * n, () => `${named}: negative entry of the composite`);
      });
      const free = Math.max(...Array.from({ length: n }, (_, i) => composite.reduce((total, column) => total + column[i]!, 0)));
      judge.atMost(token, free <= n ? 0 : free - n, n * (high - 1 + own), 'residualMapping', token * n * n, () => `${named}: gain on the free side is ${free}, at most ${n}`);
    }
    return judge.finish();
  },
});
