/**
 * Claims about a stack's composite and final streams, from the sums of the given layers alone:
 * column sums: 1ᵀ·composite = ((1ᵀE_{D−1})E_{D−2})···E_0, and so for the sum of the final streams (mean conservation over depth, MATHS.md §6.7);
 * row sums: composite·1 = E_{D−1}(···(E_0·1)) (what identical streams become, F7).
 *
 * Proof: associativity. A vector is propagated through the layers instead of a matrix; where the layers' sums are 1 it stays 1. Bound: the sum of the elements'
 * bounds along the line, and γ_{D(n+1)} of f64. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { layersOf, propagate } from './layers.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const stackSums = defineProperty<MixingDialect>({
  id: 'depth/stack-sums',
  operation: 'stack',
  claim: 'The sums of the composite, and the sum of the final streams over the streams, are those that the layers\' sums give.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels, depth } = context.sizes;
    const output = await context.run(context.inputs);
    const bounded = context.bounded(context.inputs);
    const [composite, final] = [output['composite']!, output['finalStreams']!];
    const [compositeErrors, finalErrors] = [bounded.errors['composite']!, bounded.errors['finalStreams']!];
    const ones = new Float64Array(n).fill(1);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const layers = layersOf(context.inputs['residualMappings']!, token, context.sizes, context.kernel.dialect);
      const columns = propagate(layers, ones, true);
      const rows = propagate(layers, ones, false);
      for (let line = 0; line < n; line++) {
        for (const [sums, stride, name] of [[columns, n, 'column'], [rows, 1, 'row']] as const) {
          const start = token * n * n + (stride === n ? line : line * n);
          let [difference, bound, magnitude] = [-sums.values[line]!, 0, sums.magnitudes[line]!];
          for (let k = 0; k < n; k++) {
            difference += composite[start + k * stride]!;
            magnitude += Math.abs(composite[start + k * stride]!);
            bound += compositeErrors[start + k * stride]!;
          }
          bound += evaluationError(depth * (n + 1) + n, magnitude);
          judge.atMost(token, difference, bound, 'composite', start, () => `${name} ${line} of the composite − ${sums.values[line]} by the layers' sums`);
        }
      }
      for (let c = 0; c < channels; c++) {
        let [difference, bound, magnitude] = [0, 0, 0];
        for (let i = 0; i < n; i++) {
          const index = (token * n + i) * channels + c;
          const x = context.inputs['streams']![index]!;
          difference += final[index]! - columns.values[i]! * x;
          magnitude += Math.abs(final[index]!) + columns.magnitudes[i]! * Math.abs(x);
          bound += finalErrors[index]!;
        }
        bound += evaluationError(depth * (n + 1) + 2 * n, magnitude);
        judge.atMost(token, difference, bound, 'finalStreams', token * n * channels + c, () => `channel ${c}: sum of the final streams − sum before, weighted by the layers' column sums`);
      }
    }
    return judge.finish();
  },
});
