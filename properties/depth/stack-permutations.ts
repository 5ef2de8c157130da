/**
 * Claims: sublayers that are permutations move the streams exactly, in the declared order (first sublayer first), and their composite is that
 * permutation, bit for bit; identity sublayers change nothing; the gradient is the cotangent moved back, and on integers the gradient of every
 * mapping is an exact outer product (MATHS.md M6, M13, G11).
 *
 * Proof: as in `../streams/permutation-copy.ts` and `../streams/integer-arithmetic.ts`, sublayer by sublayer. Permutations of three or more streams do not commute, so the
 * wrong order or orientation shows in a copy. Structure is checked per token. Class: bitwise up to the sign of zero and the rounding to the output's dtype.
 */
import { hasFiniteInputs } from '../tokens.ts';
import { layersOf } from './layers.ts';
import { permutationOf } from '../streams/mixing.ts';
import { lowestBit } from '../streams/products.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { roundTo } from '../../src/tensor/codecs.ts';
import { maxFinite, minNormal, unitRoundoff } from '../../src/tensor/dtype.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';

const plan = { mappings: ['permutation', 'cyclic-shift', 'identity'], channelCounts: [1, 3, 8], depths: [1, 2, 3, 8, 24, 60, 256], maxElements: 2 ** 14 };

export const stackOrderWitness = defineProperty<MixingDialect>({
  id: 'depth/stack-order-witness',
  operation: 'stack',
  claim: 'Permutations as sublayers move the streams in the declared order, bit for bit.',
  class: 'bitwise',
  usesReference: false,
  inputs: plan,
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { composite, finalStreams } = (await context.run(context.inputs)) as Record<string, Float64Array>;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      const sources = sourcesOf(context, token);
      if (sources === undefined || !hasFiniteInputs(context, token)) continue;
      const source = compose(sources, n);
      const backwards = compose(sources.toReversed(), n);
      for (let i = 0; i < n; i++) {
        const hint = (): string => (source[i] === backwards[i] ? '' : `; in reversed order it would be stream ${backwards[i]}`);
        for (let j = 0; j < n; j++) {
          const index = (token * n + i) * n + j;
          judge.atMost(token, composite![index]! - (j === source[i] ? 1 : 0), 0, 'composite', index, () => `stream ${i} comes from stream ${source[i]}${hint()}`);
        }
        for (let c = 0; c < channels; c++) {
          const index = (token * n + i) * channels + c;
          const expected = kept(context, 'finalStreams', context.inputs['streams']![(token * n + source[i]!) * channels + c]!);
          if (expected !== undefined) judge.atMost(token, finalStreams![index]! - expected, 0, 'finalStreams', index, () => `stream ${i} is a copy of stream ${source[i]}${hint()}`);
        }
      }
    }
    return judge.finish();
  },
});

export const stackIdentity = defineProperty<MixingDialect>({
  id: 'depth/stack-identity',
  operation: 'stack',
  claim: 'Identity sublayers change nothing at any depth.',
  class: 'bitwise',
  usesReference: false,
  inputs: { mappings: ['identity'], depths: [1, 2, 8, 24, 60, 256] },
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const mappings = context.inputs['residualMappings']!.map((_, index) => (index % (n * n) % (n + 1) === 0 ? 1 : 0));
    const { composite, finalStreams } = (await context.run({ ...context.inputs, residualMappings: mappings })) as Record<string, Float64Array>;
    const judge = context.judge();
    const per = n * channels;
    for (let token = 0; token < tokens; token++) {
      if (!hasFiniteInputs(context, token)) continue;
      for (let k = 0; k < n * n; k++) judge.atMost(token, composite![token * n * n + k]! - (k % (n + 1) === 0 ? 1 : 0), 0, 'composite', token * n * n + k, () => 'composite − identity');
      for (let index = token * per; index < (token + 1) * per; index++) {
        const expected = kept(context, 'finalStreams', context.inputs['streams']![index]!);
        if (expected !== undefined) judge.atMost(token, finalStreams![index]! - expected, 0, 'finalStreams', index, () => 'final streams − streams');
      }
    }
    return judge.finish();
  },
});

export const stackVjpPermutations = defineProperty<MixingDialect>({
  id: 'depth/stack-vjp-permutations',
  operation: 'stack-vjp',
  claim: 'Through permutations the gradient is the cotangent moved back, and that of every mapping the outer product of what meets there.',
  class: 'bitwise',
  usesReference: false,
  inputs: { ...plan, streams: ['integers'], cotangents: ['integers', 'one-hot'] },
  power: ['transposed'],
  async check(context) {
    const { tokens, streams: n, channels, depth } = context.sizes;
    const { dialect, arithmetic } = context.kernel;
    const { residualMappingsGradient, streamsGradient } = (await context.run(context.inputs)) as Record<string, Float64Array>;
    const significand = 1 / unitRoundoff[arithmetic.compute];
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      const sources = sourcesOf(context, token);
      if (sources === undefined || !hasFiniteInputs(context, token)) continue;
      // row r of what reaches sublayer l stands in row `forward[l][r]` of the streams, and row r of its cotangent in row `back[l][r]` of the cotangent
      const identity = Array.from({ length: n }, (_, i) => i);
      const forward = [identity];
      for (const source of sources) forward.push(source.map((j) => forward.at(-1)![j]!));
      const back = [identity];
      for (const source of sources.toReversed()) back.unshift(invert(source).map((i) => back[0]![i]!));
      for (let j = 0; j < n; j++) {
        for (let c = 0; c < channels; c++) {
          const index = (token * n + j) * channels + c;
          const expected = kept(context, 'streamsGradient', context.inputs['cotangent']![(token * n + back[0]![j]!) * channels + c]!);
          if (expected !== undefined) judge.atMost(token, streamsGradient![index]! - expected, 0, 'streamsGradient', index, () => `gradient of stream ${j} is the cotangent of stream ${back[0]![j]}`);
        }
      }
      const products = outerProducts(context, token);
      for (let layer = 0; layer < depth; layer++) {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            const product = products[back[layer + 1]![i]! * n + forward[layer]![j]!]!;
            const expected = kept(context, 'residualMappingsGradient', product.value);
            if (expected === undefined || !(product.magnitude <= significand * product.unit && product.magnitude <= maxFinite[arithmetic.compute])) continue;
            const index = (token * depth + layer) * n * n + (dialect.orientation === 'plain' ? i * n + j : j * n + i);
            judge.atMost(token, residualMappingsGradient![index]! - expected, 0, 'residualMappingsGradient', index, () => `sublayer ${layer}: gradient − outer product of cotangent and streams`);
          }
        }
      }
    }
    return judge.finish();
  },
});

/** σ of every sublayer, (E_l)_{i σ(i)} = 1; undefined when one of them is no permutation. */
function sourcesOf(context: CheckContext<MixingDialect>, token: number): number[][] | undefined {
  const layers = layersOf(context.inputs['residualMappings']!, token, context.sizes, context.kernel.dialect);
  const sources = layers.map((layer) => permutationOf(layer, context.sizes.streams));
  return sources.every((source) => source !== undefined) ? sources : undefined;
}

/** Where stream i of the result comes from after all sublayers, the first in the list first. */
function compose(sources: readonly (readonly number[])[], n: number): number[] {
  return sources.reduce<number[]>((total, source) => source.map((j) => total[j]!), Array.from({ length: n }, (_, i) => i));
}

function invert(source: readonly number[]): number[] {
  const inverse: number[] = [];
  source.forEach((j, i) => (inverse[j] = i));
  return inverse;
}

/** A copied value as the output holds it; undefined where it may be flushed. */
function kept(context: CheckContext<MixingDialect>, output: string, value: number): number | undefined {
  const { arithmetic, dtypes } = context.kernel;
  const least = arithmetic.flushToZero ? Math.max(minNormal[arithmetic.compute], minNormal[dtypes[output]!]) : 0;
  return value !== 0 && Math.abs(value) < least ? undefined : roundTo[dtypes[output]!](value);
}

/** Σ_c ȳ_ic·x_jc for all i, j of one token, with what decides whether it is exact. */
function outerProducts(context: CheckContext<MixingDialect>, token: number): { value: number; magnitude: number; unit: number }[] {
  const { streams: n, channels } = context.sizes;
  const [cotangent, streams] = [context.inputs['cotangent']!, context.inputs['streams']!];
  return Array.from({ length: n * n }, (_, k) => {
    let [value, magnitude, unit] = [0, 0, Infinity];
    for (let c = 0; c < channels; c++) {
      const a = cotangent[(token * n + Math.floor(k / n)) * channels + c]!;
      const b = streams[(token * n + (k % n)) * channels + c]!;
      if (a === 0 || b === 0) continue;
      value += a * b;
      magnitude += Math.abs(a * b);
      unit = Math.min(unit, lowestBit(a) * lowestBit(b));
    }
    return { value, magnitude, unit };
  });
}
