/**
 * Claims: with a mapping that has no negative entry, y_i − post_i·out lies between r_i·min_j x_j and r_i·max_j x_j in every channel, r_i the
 * row sum (MATHS.md M3); and what is read lies between the extremes times Σ pre. For r = 1 that is the convex hull of the streams.
 *
 * Proof: Σ_j E_ij x_j is r_i times a weighted mean of the x_j. One-sided on both ends; the bound is the element's own and that of
 * evaluating the ends in f64. Class: exact. Tokens with a negative entry make no claim.
 */
import { evaluationError } from '../evaluation.ts';
import { effectiveMapping, isNonNegative, rowSums } from './mixing.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const convexHull = defineProperty<MixingDialect>({
  id: 'streams/convex-hull',
  operation: 'stream-write',
  claim: 'What mixing adds to a stream lies in the hull of the streams, scaled by the row sum of the mapping.',
  class: 'exact',
  usesReference: false,
  inputs: { streams: ['normal', 'identical-streams', 'one-hot-stream', 'magnitude-ratio', 'integers'] },
  recorded: true, // the hull is of whatever streams there are
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { residualMapping, postMapping, streams, layerOutput } = context.inputs as Record<string, Float64Array>;
    const next = (await context.run(context.inputs))['nextStreams']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      const effective = effectiveMapping(residualMapping!, token * n * n, n, context.kernel.dialect);
      if (bounded.certified[token] === 0 || !isNonNegative(effective)) continue;
      const sums = rowSums(effective, n);
      for (let c = 0; c < channels; c++) {
        const [least, most] = extremes(streams!, token * n * channels + c, n, channels);
        for (let i = 0; i < n; i++) {
          const index = (token * n + i) * channels + c;
          const added = postMapping![token * n + i]! * layerOutput![token * channels + c]!;
          const mixed = next[index]! - added;
          const magnitude = sums[i]! * Math.max(Math.abs(least), Math.abs(most)) + Math.abs(added) + Math.abs(next[index]!);
          const bound = bounded.errors['nextStreams']![index]! + evaluationError(n + 3, magnitude);
          judge.atMost(token, outside(mixed, sums[i]! * least, sums[i]! * most), bound, 'nextStreams', index, () => `distance of stream ${i} from [${sums[i]! * least}, ${sums[i]! * most}]`);
        }
      }
    }
    return judge.finish();
  },
});

export const readConvexHull = defineProperty({
  id: 'streams/read-convex-hull',
  operation: 'stream-read',
  claim: 'What is read lies in the hull of the streams, scaled by the sum of the pre mapping.',
  class: 'exact',
  usesReference: false,
  inputs: { streams: ['normal', 'identical-streams', 'one-hot-stream', 'magnitude-ratio', 'integers'] },
  recorded: true, // the hull is of whatever streams there are
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { preMapping, streams } = context.inputs as Record<string, Float64Array>;
    const read = (await context.run(context.inputs))['layerInput']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      const pre = preMapping!.subarray(token * n, (token + 1) * n);
      if (bounded.certified[token] === 0 || !isNonNegative(pre)) continue;
      const sum = pre.reduce((total, value) => total + value, 0);
      for (let c = 0; c < channels; c++) {
        const index = token * channels + c;
        const [least, most] = extremes(streams!, token * n * channels + c, n, channels);
        const bound = bounded.errors['layerInput']![index]! + evaluationError(n + 2, sum * Math.max(Math.abs(least), Math.abs(most)));
        judge.atMost(token, outside(read[index]!, sum * least, sum * most), bound, 'layerInput', index, () => `distance from [${sum * least}, ${sum * most}]`);
      }
    }
    return judge.finish();
  },
});

/** Smallest and largest of the n streams in one channel. */
function extremes(streams: Float64Array, start: number, n: number, stride: number): [least: number, most: number] {
  let least = streams[start]!;
  let most = least;
  for (let i = 1; i < n; i++) {
    least = Math.min(least, streams[start + i * stride]!);
    most = Math.max(most, streams[start + i * stride]!);
  }
  return [least, most];
}

/** How far a value is outside an interval; NaN for NaN. */
function outside(value: number, least: number, most: number): number {
  return Math.max(least - value, value - most, 0);
}
