/**
 * Claims: a permutation as residual mapping, with post = 0, copies the streams bit for bit (MATHS.md M6); its gradient copies the cotangent by the
 * inverse permutation (M10: backward mixing is Eᵀ); and a one-hot pre mapping reads one stream as it stands, its gradient writes to that stream only.
 *
 * Proof: 1·x = x and 0·x = ±0 exactly, and adding ±0 changes nothing but the sign of a zero (±0 are taken as equal), in every order and with every
 * fused multiply-add. The copy is exact up to the rounding to the output's dtype. Where a kernel may flush subnormals, those make no claim.
 * Class: bitwise. Structure is checked per token: what is not a permutation makes no claim. The check itself zeroes post, or makes pre one-hot.
 */
import { effectiveMapping, permutationOf } from './mixing.ts';
import { hasFiniteInputs, tokenRandom } from '../tokens.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { roundTo } from '../../src/tensor/codecs.ts';
import { minNormal } from '../../src/tensor/dtype.ts';
import type { Judge } from '../../src/verify/judge.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';

const permutations = ['permutation', 'cyclic-shift', 'identity'];

export const permutationCopy = defineProperty<MixingDialect>({
  id: 'streams/permutation-copy',
  operation: 'stream-write',
  claim: 'A permutation as residual mapping copies the streams bit for bit.',
  class: 'bitwise',
  usesReference: false,
  inputs: { mappings: permutations },
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const inputs = { ...context.inputs, postMapping: new Float64Array(tokens * n) };
    const next = (await context.run(inputs))['nextStreams']!;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (!hasFiniteInputs(context, token)) continue;
      const source = permutationOf(effectiveMapping(context.inputs['residualMapping']!, token * n * n, n, context.kernel.dialect), n);
      source?.forEach((j, i) => {
        const from = (token * n + j) * channels;
        const to = (token * n + i) * channels;
        copies(judge, context, token, next, to, context.inputs['streams']!.subarray(from, from + channels), 'nextStreams', `stream ${i} is a copy of stream ${j}`);
      });
    }
    return judge.finish();
  },
});

export const backwardPermutationCopy = defineProperty<MixingDialect>({
  id: 'streams/backward-permutation-copy',
  operation: 'stream-write-vjp',
  claim: 'The gradient through a permutation is the cotangent, permuted back, bit for bit.',
  class: 'bitwise',
  usesReference: false,
  inputs: { mappings: permutations },
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const gradient = (await context.run(context.inputs))['streamsGradient']!;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (!hasFiniteInputs(context, token)) continue;
      const source = permutationOf(effectiveMapping(context.inputs['residualMapping']!, token * n * n, n, context.kernel.dialect), n);
      source?.forEach((j, i) => {
        const from = (token * n + i) * channels;
        const to = (token * n + j) * channels;
        copies(judge, context, token, gradient, to, context.inputs['cotangent']!.subarray(from, from + channels), 'streamsGradient', `gradient of stream ${j} is the cotangent of stream ${i}`);
      });
    }
    return judge.finish();
  },
});

export const readCopy = defineProperty({
  id: 'streams/read-copy',
  operation: 'stream-read',
  claim: 'A one-hot pre mapping reads one stream, bit for bit.',
  class: 'bitwise',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const { channels, streams: n, tokens } = context.sizes;
    const chosen = Array.from({ length: tokens }, (_, token) => tokenRandom(context, 'one-hot', token).below(n));
    const read = (await context.run({ ...context.inputs, preMapping: oneHot(chosen, n) }))['layerInput']!;
    const judge = context.judge();
    chosen.forEach((k, token) => {
      if (!hasFiniteInputs(context, token)) return;
      const from = (token * n + k) * channels;
      copies(judge, context, token, read, token * channels, context.inputs['streams']!.subarray(from, from + channels), 'layerInput', `copy of stream ${k}`);
    });
    return judge.finish();
  },
});

export const readGradientCopy = defineProperty({
  id: 'streams/read-gradient-copy',
  operation: 'stream-read-vjp',
  claim: 'With a one-hot pre mapping the cotangent reaches one stream, bit for bit, and no other.',
  class: 'bitwise',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const { channels, streams: n, tokens } = context.sizes;
    const chosen = Array.from({ length: tokens }, (_, token) => tokenRandom(context, 'one-hot', token).below(n));
    const gradient = (await context.run({ ...context.inputs, preMapping: oneHot(chosen, n) }))['streamsGradient']!;
    const judge = context.judge();
    const nothing = new Float64Array(channels);
    chosen.forEach((k, token) => {
      if (!hasFiniteInputs(context, token)) return;
      const cotangent = context.inputs['cotangent']!.subarray(token * channels, (token + 1) * channels);
      for (let i = 0; i < n; i++) {
        const what = i === k ? `gradient of the stream that was read (${k}) is the cotangent` : `gradient of stream ${i}, which was not read`;
        copies(judge, context, token, gradient, (token * n + i) * channels, i === k ? cotangent : nothing, 'streamsGradient', what);
      }
    });
    return judge.finish();
  },
});

function oneHot(chosen: readonly number[], n: number): Float64Array {
  const mapping = new Float64Array(chosen.length * n);
  chosen.forEach((k, token) => (mapping[token * n + k] = 1));
  return mapping;
}

/** Requires that the output from `start` on is `expected`, up to the sign of zeros and the rounding to the output's dtype. */
function copies<D>(judge: Judge, context: CheckContext<D>, token: number, measured: Float64Array, start: number, expected: Float64Array, output: string, what: string): void {
  const { arithmetic, dtypes } = context.kernel;
  const dtype = dtypes[output]!;
  const flushed = arithmetic.flushToZero ? Math.max(minNormal[dtype], minNormal[arithmetic.compute]) : 0;
  expected.forEach((value, c) => {
    if (value !== 0 && Math.abs(value) < flushed) return;
    judge.atMost(token, measured[start + c]! - roundTo[dtype](value), 0, output, start + c, () => what);
  });
}
