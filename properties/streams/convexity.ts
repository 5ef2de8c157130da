/**
 * Claim: mixing is affine in the mapping: the mean of two mappings gives the mean of the two results, f(½H + ½H′) = ½f(H) + ½f(H′)
 * (MATHS.md M14). H′ is H with its rows shifted by one, so it is of the same kind and needs no further input.
 *
 * Proof: E enters linearly. The stored mean is round(½H + ½H′) = ½H + ½H′ + Δ with Δ known; its effect Δ·x is subtracted, so that storage costs
 * no sharpness. Each result is within its own bound of the truth. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { effectiveMapping } from './mixing.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const convexity = defineProperty<MixingDialect>({
  id: 'streams/convexity',
  operation: 'stream-write',
  claim: 'The mean of two residual mappings gives the mean of their results.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const mapping = context.inputs['residualMapping']!;
    const shifted = mapping.map((_, index) => {
      const token = Math.floor(index / (n * n));
      return mapping[token * n * n + ((index % (n * n)) + n) % (n * n)]!;
    });
    const mean = context.round('residualMapping', mapping.map((value, index) => 0.5 * value + 0.5 * shifted[index]!));
    const residue = mean.map((value, index) => value - 0.5 * mapping[index]! - 0.5 * shifted[index]!);
    const parts = mapping.map((value, index) => Math.abs(value) + Math.abs(shifted[index]!));
    const cases = [mapping, shifted, mean].map((residualMapping) => ({ ...context.inputs, residualMapping }));
    const results: Float64Array[] = [];
    for (const inputs of cases) results.push((await context.run(inputs))['nextStreams']!);
    const bounds = cases.map((inputs) => context.bounded(inputs));
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounds.some((bounded) => bounded.certified[token] === 0)) continue;
      const rest = effectiveMapping(residue, token * n * n, n, context.kernel.dialect);
      const sizes = effectiveMapping(parts, token * n * n, n, context.kernel.dialect);
      for (let i = 0; i < n; i++) {
        for (let c = 0; c < channels; c++) {
          const index = (token * n + i) * channels + c;
          let known = 0;
          let magnitude = 0;
          for (let j = 0; j < n; j++) {
            const x = context.inputs['streams']![(token * n + j) * channels + c]!;
            known += rest[i * n + j]! * x;
            magnitude += (sizes[i * n + j]! + 2 * Math.abs(rest[i * n + j]!)) * Math.abs(x);
          }
          const [a, b, both] = results.map((result) => result[index]!) as [number, number, number];
          const [ea, eb, eBoth] = bounds.map((bounded) => bounded.errors['nextStreams']![index]!) as [number, number, number];
          const own = evaluationError(n + 4, magnitude + Math.abs(a) + Math.abs(b) + Math.abs(both));
          judge.atMost(token, both - 0.5 * a - 0.5 * b - known, 0.5 * ea + 0.5 * eb + eBoth + own, 'nextStreams', index, () => 'result of the mean mapping − mean of the results');
        }
      }
    }
    return judge.finish();
  },
});
