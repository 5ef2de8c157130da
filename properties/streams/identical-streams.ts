/**
 * Claims: when all streams are the same x, mixing gives y_i = r_i·x + post_i·out with r_i the row sums of the mapping (MATHS.md M2, F7),
 * and reading gives (Σ_i pre_i)·x. For r = 1: identical streams stay identical. The check itself copies stream 0 to the others, which is exact.
 *
 * Proof: Σ_j E_ij x = r_i·x. The bound is the element's own, plus the error of evaluating the right side in f64. Class: exact.
 * Together with the column sums this tells H from Hᵀ without any reference.
 */
import { evaluationError } from '../evaluation.ts';
import { effectiveMapping, rowSums } from './mixing.ts';
import type { Sizes } from '../../src/operations/operation.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const identicalStreams = defineProperty<MixingDialect>({
  id: 'streams/identical-streams',
  operation: 'stream-write',
  claim: 'Identical streams are each multiplied by the row sum of the mapping and nothing else.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const inputs = { ...context.inputs, streams: repeatFirst(context.inputs['streams']!, context.sizes) };
    const next = (await context.run(inputs))['nextStreams']!;
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const effective = effectiveMapping(context.inputs['residualMapping']!, token * n * n, n, context.kernel.dialect);
      const sums = rowSums(effective, n);
      const magnitudes = rowSums(effective.map(Math.abs), n);
      for (let i = 0; i < n; i++) {
        const post = context.inputs['postMapping']![token * n + i]!;
        for (let c = 0; c < channels; c++) {
          const index = (token * n + i) * channels + c;
          const x = inputs.streams[index]!;
          const added = post * context.inputs['layerOutput']![token * channels + c]!;
          const bound = bounded.errors['nextStreams']![index]! + evaluationError(n + 3, magnitudes[i]! * Math.abs(x) + Math.abs(added) + Math.abs(next[index]!));
          judge.atMost(token, next[index]! - (sums[i]! * x + added), bound, 'nextStreams', index, () => `stream ${i}: result − row sum ${sums[i]} times the common stream`);
        }
      }
    }
    return judge.finish();
  },
});

export const readIdenticalStreams = defineProperty({
  id: 'streams/read-identical-streams',
  operation: 'stream-read',
  claim: 'Reading identical streams gives the sum of the pre mapping times the stream.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const inputs = { ...context.inputs, streams: repeatFirst(context.inputs['streams']!, context.sizes) };
    const read = (await context.run(inputs))['layerInput']!;
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const pre = context.inputs['preMapping']!.subarray(token * n, (token + 1) * n);
      const sum = pre.reduce((total, value) => total + value, 0);
      const magnitude = pre.reduce((total, value) => total + Math.abs(value), 0);
      for (let c = 0; c < channels; c++) {
        const index = token * channels + c;
        const x = inputs.streams[token * n * channels + c]!;
        const bound = bounded.errors['layerInput']![index]! + evaluationError(n + 2, magnitude * Math.abs(x) + Math.abs(read[index]!));
        judge.atMost(token, read[index]! - sum * x, bound, 'layerInput', index, () => `result − ${sum} times the common stream`);
      }
    }
    return judge.finish();
  },
});

/** Streams in which every stream is a copy of the token's first. */
function repeatFirst(streams: Float64Array, { tokens, streams: n, channels }: Sizes): Float64Array {
  const repeated = streams.slice();
  for (let token = 0; token < tokens; token++) {
    const start = token * n * channels;
    for (let i = 1; i < n; i++) repeated.copyWithin(start + i * channels, start, start + channels);
  }
  return repeated;
}
