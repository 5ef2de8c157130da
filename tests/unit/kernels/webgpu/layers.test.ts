/** Whole sublayers: every inner function, norms and weights, depths at which streams are computed again, each within its bound; and what must not change a bit. */
import { describe, expect, it } from 'vitest';

import { type Tensor, type webgpuTarget } from '../../../../src/index.ts';
import { answered, inputsOf, margin, opened } from './support.ts';

type Options = NonNullable<Parameters<typeof webgpuTarget>[0]>;
type Passes = Parameters<NonNullable<NonNullable<Parameters<typeof webgpuTarget>[1]>['replan']>>[0];

const chains = ['layer', 'layer-vjp', 'layer-stack', 'layer-stack-vjp', 'single-pass', 'single-pass-vjp'] as const;

const variants: Readonly<Record<string, Options>> = {
  'rms-norm': { layer: { inner: 'rms-norm', innerEpsilon: 1e-6 } },
  'rms-norm without ε, bf16': { layer: { inner: 'rms-norm' }, storage: 'bf16' },
  scale: { layer: { inner: 'scale' } },
  'scale, bf16': { layer: { inner: 'scale' }, storage: 'bf16' },
  identity: { layer: { inner: 'identity' } },
  'zero, a norm weight': { layer: { inner: 'zero' }, mappings: { normWeight: true } },
  'a norm for each stream, with weights': { mappings: { norm: 'per-stream', normWeight: true, projectionRounding: 'exact' } },
  'no norm, no rounding': { mappings: { norm: 'none', rmsEpsilon: 0, projectionRounding: 'exact' } },
};

describe.each(Object.entries(variants))('%s', (_, options) => {
  it('is within its bound, whole sublayers and chains', { timeout: 300_000 }, async () => {
    const target = await opened(options);
    for (const operation of chains) {
      // 8 channels fill lanes in both dtypes, 3 in none; n = 4 is compiled in, which takes a software GPU a minute for each norm
      for (const [streams, channels, tokens] of [[options.mappings?.norm === undefined ? 4 : 3, 8, 3], [3, 3, 2]] as const) {
        const found = await margin(target, operation, { tokens, streams, channels, depth: 2 });
        expect(found.margin, `${operation}, n = ${streams}, C = ${channels}`).toBeLessThanOrEqual(1);
        expect(found.judged, operation).toBeGreaterThan(0);
      }
    }
  });
});

const silu = await opened();

it.each(chains)('%s: many channels, sums over more than one block of tokens', { timeout: 300_000 }, async (operation) => {
  for (const sizes of [{ tokens: 2, streams: 4, channels: 260, depth: 2 }, { tokens: 131, streams: 4, channels: 4, depth: 2 }]) {
    const found = await margin(silu, operation, sizes);
    expect(found.margin, JSON.stringify(sizes)).toBeLessThanOrEqual(1);
    expect(found.judged).toBeGreaterThan(0);
  }
});

describe.each(['layer-stack', 'layer-stack-vjp', 'single-pass', 'single-pass-vjp'] as const)('%s', (operation) => {
  it.each([1, 3, 4, 5, 7])('%i sublayers', { timeout: 300_000 }, async (depth) => {
    // without a projection no error grows: every gradient is judged at every depth
    const sizes = { tokens: 3, streams: 4, channels: 8, depth };
    const inputs = inputsOf(silu, operation, sizes);
    inputs['projections']!.data.fill(0);
    const found = await margin(silu, operation, sizes, inputs);
    expect(found.margin).toBeLessThanOrEqual(1);
    expect(found.judged).toBe(elements(await answered(silu, operation, inputs, sizes)));
  });

  it('gives the same bits when tokens are cut into parts', { timeout: 300_000 }, async () => {
    const sizes = { tokens: 1100, streams: 4, channels: 8, depth: 5 };
    const inputs = inputsOf(silu, operation, sizes);
    const cut = await opened({}, { largestBinding: 2 ** 17, mostGroups: 7 });
    expect(await answered(cut, operation, inputs, sizes)).toEqual(await answered(silu, operation, inputs, sizes));
  });
});

describe('what a whole call hides until it is deep, or cut into parts', () => {
  it.each(['layer-stack-vjp', 'single-pass-vjp'] as const)('%s: streams that are not computed again are found by the bound from four sublayers on', async (operation) => {
    const written = (passes: Passes): Passes => passes.filter(({ label, layer }, k) => !label.startsWith('stream-write, ') || passes.findIndex((pass) => pass.label === label && pass.layer === layer) === k);
    const target = await opened({}, { replan: written });
    const sizes = { tokens: 3, streams: 4, channels: 8, depth: 4 };
    const inputs = inputsOf(target, operation, sizes);
    inputs['projections']!.data.fill(0);
    expect((await margin(silu, operation, sizes, inputs)).margin).toBeLessThanOrEqual(1);
    expect((await margin(target, operation, sizes, inputs)).margin).toBeGreaterThan(1);
  });

  it('sums that begin anew with each part of the tokens are found by the whole call', async () => {
    const target = await opened({}, { largestBinding: 2 ** 17, rewrite: (code) => code.replaceAll('sizes.before == 0u', 'true') });
    const sizes = { tokens: 1100, streams: 4, channels: 8, depth: 2 };
    const inputs = inputsOf(silu, 'layer-stack-vjp', sizes);
    const [wrong, right] = [await answered(target, 'layer-stack-vjp', inputs, sizes), await answered(silu, 'layer-stack-vjp', inputs, sizes)];
    expect(Object.keys(right).filter((name) => JSON.stringify(wrong[name]) !== JSON.stringify(right[name]))).toEqual(Object.keys(right).filter((name) => name !== 'streamsGradient' && name !== 'normWeightsGradient'));
  });
});

it('a stack is its sublayers one after the other, bit for bit', async () => {
  const sizes = { tokens: 5, streams: 4, channels: 8, depth: 3 };
  const inputs = inputsOf(silu, 'layer-stack', sizes);
  let streams = inputs['streams']!;
  for (let l = 0; l < sizes.depth; l++) streams = (await answered(silu, 'layer', { streams, ...parametersAt(inputs, l) }, sizes))['nextStreams']!;
  expect((await answered(silu, 'layer-stack', inputs, sizes))['finalStreams']!.data).toEqual(streams.data);
});

it('a chain of one sublayer has the gradients of a layer, bit for bit', async () => {
  const sizes = { tokens: 5, streams: 4, channels: 8, depth: 1 };
  const inputs = inputsOf(silu, 'layer-stack-vjp', sizes);
  const chain = await answered(silu, 'layer-stack-vjp', inputs, sizes);
  const layer = await answered(silu, 'layer-vjp', { streams: inputs['streams']!, cotangent: inputs['cotangent']!, ...parametersAt(inputs, 0) }, sizes);
  expect(Object.values(chain).map(({ data }) => data)).toEqual(Object.values(layer).map(({ data }) => data));
});

/** Sublayer l's parameters, by their names in `layer`. */
function parametersAt(inputs: Readonly<Record<string, Tensor>>, l: number): Record<string, Tensor> {
  return Object.fromEntries([['projection', 'projections'], ['scales', 'scales'], ['biases', 'biases'], ['normWeight', 'normWeights'], ['innerWeight', 'innerWeights']].map(([own, name]) => {
    const { dtype, shape, data } = inputs[name!]!;
    const each = data.length / shape[0]!;
    return [own!, { dtype, shape: shape.slice(1), data: data.slice(l * each, (l + 1) * each) }];
  }));
}

function elements(outputs: Readonly<Record<string, Tensor>>): number {
  return Object.values(outputs).reduce((sum, { data }) => sum + data.length, 0);
}
