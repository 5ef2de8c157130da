/**
 * Claims: composite and streams agree: finalStreams = composite·streams; and a stack may be cut: its first D₁ sublayers, then the others on what came
 * out, give the same final streams and, multiplied, the same composite (MATHS.md M15, K8).
 *
 * Proof: associativity. With hats for results: |ĉx − cx| ≤ e_c|x|; ĉ₂ĉ₁ − c₂c₁ = (ĉ₂ − c₂)ĉ₁ + c₂(ĉ₁ − c₁); the second part's streams carry the first part's error through
 * |c₂| ≤ |ĉ₂| + e₂. Products of results are evaluated in f64 and its error added. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import type { Values } from '../../src/operations/operation.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const stackConsistency = defineProperty({
  id: 'depth/stack-consistency',
  operation: 'stack',
  claim: 'The final streams are the composite times the streams.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { composite, finalStreams } = (await context.run(context.inputs)) as Record<string, Float64Array>;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      for (let i = 0; i < n; i++) {
        for (let c = 0; c < channels; c++) {
          const index = (token * n + i) * channels + c;
          let [product, magnitude, bound] = [0, Math.abs(finalStreams![index]!), bounded.errors['finalStreams']![index]!];
          for (let j = 0; j < n; j++) {
            const [entry, x] = [composite![(token * n + i) * n + j]!, context.inputs['streams']![(token * n + j) * channels + c]!];
            product += entry * x;
            magnitude += Math.abs(entry * x);
            bound += bounded.errors['composite']![(token * n + i) * n + j]! * Math.abs(x);
          }
          judge.atMost(token, finalStreams![index]! - product, bound + evaluationError(n + 2, magnitude), 'finalStreams', index, () => 'final streams − composite times streams');
        }
      }
    }
    return judge.finish();
  },
});

export const stackSplitting = defineProperty({
  id: 'depth/stack-splitting',
  operation: 'stack',
  claim: 'A stack that is cut in two gives the same final streams and composite.',
  class: 'exact',
  usesReference: false,
  inputs: { depths: [2, 3, 8, 24, 48, 60, 122, 256] },
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels, depth } = context.sizes;
    const judge = context.judge();
    if (depth < 2) return judge.finish();
    const cut = context.random.integer(1, depth - 1);
    const whole = await context.run(context.inputs);
    const lower = { ...context.inputs, residualMappings: layerRange(context.inputs['residualMappings']!, tokens, depth, n, 0, cut) };
    const first = await context.run(lower, { depth: cut });
    const upper: Values = {
      residualMappings: layerRange(context.inputs['residualMappings']!, tokens, depth, n, cut, depth),
      streams: context.round('streams', first['finalStreams']!),
    };
    const second = await context.run(upper, { depth: depth - cut });
    const [bWhole, bFirst, bSecond] = [context.bounded(context.inputs), context.bounded(lower, { depth: cut }), context.bounded(upper, { depth: depth - cut })];
    const [c1, c2, e1, e2] = [first['composite']!, second['composite']!, bFirst.errors['composite']!, bSecond.errors['composite']!];
    for (let token = 0; token < tokens; token++) {
      if ([bWhole, bFirst, bSecond].some(({ certified }) => certified[token] === 0)) continue;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          const index = (token * n + i) * n + j;
          let [product, magnitude, bound] = [0, Math.abs(whole['composite']![index]!), bWhole.errors['composite']![index]!];
          for (let k = 0; k < n; k++) {
            const [up, low] = [(token * n + i) * n + k, (token * n + k) * n + j];
            product += c2[up]! * c1[low]!;
            magnitude += Math.abs(c2[up]! * c1[low]!);
            bound += e2[up]! * Math.abs(c1[low]!) + (Math.abs(c2[up]!) + e2[up]!) * e1[low]!;
          }
          judge.atMost(token, whole['composite']![index]! - product, bound + evaluationError(n + 2, magnitude), 'composite', index, () => `composite − product of the parts, cut after ${cut} sublayers`);
        }
        for (let c = 0; c < channels; c++) {
          const index = (token * n + i) * channels + c;
          let bound = bWhole.errors['finalStreams']![index]! + bSecond.errors['finalStreams']![index]!;
          for (let k = 0; k < n; k++) {
            const [up, from] = [(token * n + i) * n + k, (token * n + k) * channels + c];
            const carried = bFirst.errors['finalStreams']![from]! + Math.abs(upper['streams']![from]! - first['finalStreams']![from]!);
            bound += (Math.abs(c2[up]!) + e2[up]!) * carried;
          }
          bound += evaluationError(1, Math.abs(second['finalStreams']![index]!));
          judge.atMost(token, whole['finalStreams']![index]! - second['finalStreams']![index]!, bound, 'finalStreams', index, () => `final streams − those of the parts, cut after ${cut} sublayers`);
        }
      }
    }
    return judge.finish();
  },
});

/** Sublayers from … to − 1 of every token. */
function layerRange(mappings: Float64Array, tokens: number, depth: number, n: number, from: number, to: number): Float64Array {
  const range = new Float64Array(tokens * (to - from) * n * n);
  for (let token = 0; token < tokens; token++) {
    range.set(mappings.subarray((token * depth + from) * n * n, (token * depth + to) * n * n), token * (to - from) * n * n);
  }
  return range;
}
