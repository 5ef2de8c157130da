/**
 * Claim: a cyclic shift as mapping and a single non-zero stream tell E from Eᵀ in one case: the stream moves in the declared direction
 * (MATHS.md M13), and its gradient moves back (M10).
 *
 * Proof: E = shift gives y_i = x_{i+1}; for n ≥ 3 the transpose gives y_i = x_{i−1}, elsewhere. Only which streams are non-zero is compared,
 * so no rounding can excuse a difference. The check keeps one stream per token (cotangent for the gradient) and zeroes post. Class: bitwise.
 */
import { effectiveMapping, permutationOf } from './mixing.ts';
import { hasFiniteInputs, tokenRandom } from '../tokens.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { minNormal } from '../../src/tensor/dtype.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';

function witness(id: string, operation: 'stream-write' | 'stream-write-vjp', moved: 'streams' | 'cotangent', output: string, claim: string): Property {
  const backward = operation === 'stream-write-vjp';
  return defineProperty<MixingDialect>({
    id,
    operation,
    claim,
    class: 'bitwise',
    usesReference: false,
    inputs: { mappings: ['cyclic-shift', 'permutation'], streams: ['normal', 'integers'], cotangents: ['normal', 'integers'], streamCounts: [3, 4, 5, 8, 16], channelCounts: [1, 3, 8] },
    power: ['transposed'],
    async check(context) {
      const { tokens, streams: n, channels } = context.sizes;
      const given = context.inputs[moved]!;
      const kept = Array.from({ length: tokens }, (_, token) => tokenRandom(context, 'kept stream', token).below(n));
      const only = given.map((value, index) => (Math.floor(index / channels) % n === kept[Math.floor(index / (n * channels))] ? value : 0));
      const inputs = { ...context.inputs, [moved]: only, postMapping: new Float64Array(tokens * n) };
      const result = (await context.run(inputs))[output]!;
      const judge = context.judge();
      for (let token = 0; token < tokens; token++) {
        const source = permutationOf(effectiveMapping(inputs['residualMapping']!, token * n * n, n, context.kernel.dialect), n);
        if (source === undefined || !hasFiniteInputs(context, token)) continue;
        const from = kept[token]!;
        const to = backward ? source[from]! : source.indexOf(from);
        const other = backward ? source.indexOf(from) : source[from]!;
        for (let i = 0; i < n; i++) {
          for (let c = 0; c < channels; c++) {
            const index = (token * n + i) * channels + c;
            const value = only[(token * n + from) * channels + c]!;
            if (Math.abs(value) < minNormal[context.kernel.dtypes[output]!]) continue;
            const hint = i === other ? ': it moved as the transposed mapping would' : '';
            judge.holds(token, i === to ? Math.abs(result[index]!) > 0 : result[index] === 0, output, index, () => `stream ${from} goes to ${to}; stream ${i} is ${result[index]}${hint}`);
          }
        }
      }
      return judge.finish();
    },
  });
}

export const orientationWitness = witness('streams/orientation-witness', 'stream-write', 'streams', 'nextStreams', 'A cyclic shift moves a stream in the declared direction.');
export const backwardOrientationWitness = witness(
  'streams/backward-orientation-witness',
  'stream-write-vjp',
  'cotangent',
  'streamsGradient',
  'The gradient of a cyclic shift moves the cotangent back: backward mixing is the transpose.',
);
