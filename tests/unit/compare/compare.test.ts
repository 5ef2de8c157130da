/** The table of the designs: what it must show, with thresholds that follow from norms of the mappings, and what it is made of. */
import { describe, expect, test } from 'vitest';

import { compare, type CompareReport } from '../../../src/compare/compare.ts';
import { designs, designNamed } from '../../../src/compare/designs.ts';
import { autoregressive, drawnLayers, settingNamed, settings, type Setting } from '../../../src/compare/inputs.ts';
import { logitsGradient, mappingsOf, streamsOf } from '../../../src/compare/mappings.ts';
import { layersOf } from '../../../src/compare/orbit.ts';
import { measureChain } from '../../../src/compare/measure.ts';
import { Random } from '../../../src/generate/random.ts';
import { infNormUpper, oneNormUpper } from '../../../src/numerics/spectral.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { operations } from '../../../src/operations/index.ts';
import type { OperationId } from '../../../src/operations/operation.ts';

const f64 = resolveArithmetic('ieee-f64');
const depths = [1, 8, 60];
const options = { designs, settings, depths, tokens: 16, streams: 4, seed: 1, gate: 0.3, spread: 60, sweepGates: [0.1, 0.3] };
const report: CompareReport = compare(options);
const figures = (setting: string, design: string, depth = 60) =>
  report.settings.find(({ name }) => name === setting)!.designs.find((one) => one.design === design)!.figures.find((one) => one.depth === depth)!;

/** Π over sublayers of the mean norms would be no bound; the product of the largest norm over tokens is one, for every token. */
function certified(setting: string, name: string, side: typeof infNormUpper): number {
  const design = designNamed(name);
  const chosen = settings.find((one) => one.name === setting)!;
  const n = streamsOf(design, 4);
  let product = 1;
  const layers = drawnLayers(chosen, options, 16, design.count(n));
  for (let layer = 0; layer < 60; layer++) {
    const e = mappingsOf(design, { ...layers(layer), statics: design.start(n) }, 16, n);
    product *= Math.max(...Array.from({ length: 16 }, (_, token) => side(e, token * n * n, n)));
  }
  return product * (1 + 60 * 4 * 2 ** -52); // n roundings a sublayer in the product of matrices, and one here
}

describe.each(settings.map(({ name }) => name))('%s', (setting) => {
  test.each(['mhc', 'mhc-tilekernels', 'mhc-lite', 'kronecker'])('%s stays below what its row sums certify, and its column sums below n times that', (design) => {
    const rows = certified(setting, design, infNormUpper);
    const { forward, backward } = figures(setting, design);
    expect(forward).toBeLessThanOrEqual(rows);
    expect(rows).toBeLessThan(1.01);
    // all entries of a non-negative matrix with row sums of at most r sum to at most n·r
    expect(backward).toBeLessThanOrEqual(4 * rows);
    expect(figures(setting, design).leastRowSum).toBeGreaterThan(0.98);
  });

  test.each(['mhc-lite', 'kronecker'])('%s has exact marginals on both sides at any depth', (design) => {
    expect(certified(setting, design, oneNormUpper) - 1).toBeLessThan(60 * 100 * 2 ** -52); // n! + (n−1)! roundings and a few, per sublayer
    expect(figures(setting, design).meanLeak).toBeLessThan(60 * 100 * 2 ** -52);
  });

  test('cayley keeps the gradient norm, and its gain between 1/√n and √n', () => {
    const { forward, backward, gradientRatio } = figures(setting, 'cayley');
    expect(Math.abs(gradientRatio - 1)).toBeLessThan(60 * 100 * 2 ** -52);
    for (const gain of [forward, backward]) expect(gain).toBeGreaterThanOrEqual(1 - 60 * 100 * 2 ** -52);
    for (const gain of [forward, backward]) expect(gain).toBeLessThanOrEqual(2 * (1 + 60 * 100 * 2 ** -52));
  });

  test('hyper-connections grow beyond anything that a doubly stochastic matrix could: n', () => {
    const { forward, backward, leastRowSum } = figures(setting, 'hyper-connections');
    expect(Math.min(forward, backward)).toBeGreaterThan(100 * 4);
    expect(leastRowSum).toBeLessThan(forward);
    // |H − I| ≤ α entrywise: one sublayer is within 1 + n·α·(gate's factor), which for the plain settings is the gate itself
    if (setting !== 'trained-like') expect(figures(setting, 'hyper-connections', 1).forward).toBeLessThanOrEqual(1 + 4 * 0.3 + 2 ** -50);
  });

  test('the plain residual is 1 throughout, and has no difference between streams', () => {
    expect(figures(setting, 'plain-residual')).toMatchObject({ forward: 1, backward: 1, leastRowSum: 1, meanLeak: 0, meanFree: undefined });
  });
});

test('the sweep says how the gain depends on the gate: hyper-connections grow with it', () => {
  const gains = report.sweep.filter(({ setting, design }) => setting === 'independent' && design === 'hyper-connections').map(({ forward }) => forward);
  expect(gains).toHaveLength(2);
  expect(gains[1]!).toBeGreaterThan(gains[0]!);
});

test('the same seed gives the same report, another one another; fewer designs change nothing for those that are left', () => {
  expect(compare(options)).toEqual(report);
  const one = compare({ ...options, designs: [designNamed('hyper-connections')], sweepGates: [] });
  expect(one.settings.map(({ designs: only }) => only[0])).toEqual(report.settings.map(({ designs: all }) => all.find(({ design }) => design === 'hyper-connections')));
  expect(compare({ ...options, seed: 2 }).settings).not.toEqual(report.settings);
});

test('all designs see the same numbers: a shorter list is the beginning of a longer one', () => {
  const [setting] = settings;
  const [long, short] = [24, 2].map((count) => drawnLayers(setting!, options, 5, count)(3).projections);
  // tokens draw from their own streams, so place k of token t is the same whatever the count
  for (let token = 0; token < 5; token++) for (let k = 0; k < 2; k++) expect(short![token * 2 + k]).toBe(long![token * 24 + k]);
});

test('a chain of permutations has gain 1, keeps the mean and all differences', () => {
  const shift = Float64Array.from([0, 1, 0, 0, 0, 1, 1, 0, 0]);
  const [first, last] = measureChain(() => shift, 1, 3, [1, 7], 1);
  for (const one of [first!, last!]) expect(one).toMatchObject({ forward: 1, backward: 1, leastRowSum: 1, leastColumnSum: 1, singleForward: 1, meanLeak: 0 });
  expect(Math.abs(last!.gradientRatio - 1)).toBeLessThan(2 ** -50);
  expect(last!.meanFree).toBeGreaterThanOrEqual(1);
});

test('a leak is seen as one: half of everything, seven times', () => {
  const half = Float64Array.from([0.5, 0, 0, 0.5]);
  const [figure] = measureChain(() => half, 1, 2, [7], 1);
  expect(figure).toMatchObject({ depth: 7, forward: 2 ** -7, backward: 2 ** -7, singleForward: 0.5, meanLeak: 1 - 2 ** -7, gradientRatio: 2 ** -7 });
});

describe('the gradient of the logits', () => {
  const withLogits = designs.filter(({ form }) => form === 'logits');
  test.each(withLogits.map((design) => [design.name, design] as const))('%s: within the derived bound of the f64 reference', (_, design) => {
    const [tokens, n] = [3, 4];
    const random = new Random(4, 4);
    const logits = Float64Array.from({ length: tokens * design.count(n) }, () => 2 * random.normal());
    const cotangent = Float64Array.from({ length: tokens * n * n }, () => random.normal());
    const measured = logitsGradient(design, logits, cotangent, tokens, n);
    const vjp = operations[`${design.operation}-vjp` as OperationId];
    const port = `${design.port}Gradient`;
    const turned = design.transposed ? cotangent.map((_x, at) => cotangent[at - (at % 16) + (at % 4) * 4 + Math.floor((at % 16) / 4)]!) : cotangent;
    const dialect = design.operation === 'sinkhorn' ? { ...(design.dialect as object), derivative: 'unrolled' } : design.dialect;
    const { values, errors } = vjp.bounded({ [design.port]: logits, cotangent: turned }, { tokens, streams: n, channels: 1, depth: 1 }, dialect, f64, { [port]: 'f64' });
    expect(measured).toHaveLength(values[port]!.length);
    measured.forEach((value, at) => expect(Math.abs(value - values[port]![at]!)).toBeLessThanOrEqual(errors[port]![at]!));
  });
});

describe('sublayers that are alike', () => {
  const distribution = { gate: 0.3, spread: 1, seed: 8 };
  /** Of the numbers of one sublayer with those `lag` later, over all tokens. */
  function correlation(setting: Setting, lag: number): number {
    const given = drawnLayers(setting, distribution, 200, 16);
    const layers = Array.from({ length: 20 }, (_, layer) => given(layer).projections);
    let [both, square] = [0, 0];
    for (let layer = 0; layer + lag < 20; layer++) {
      layers[layer]!.forEach((x, at) => {
        both += x * layers[layer + lag]![at]!;
        square += (x * x + layers[layer + lag]![at]! ** 2) / 2;
      });
    }
    return both / square;
  }

  // 48,000 pairs or more: the standard error of a correlation is at most 0.005, more by a few where pairs follow each other
  test.each([-0.5, 0, 0.5, 0.9])('ar1 with %f: so from one to the next, its square after two', (rho) => {
    expect(Math.abs(correlation(autoregressive(rho), 1) - rho)).toBeLessThan(0.05);
    expect(Math.abs(correlation(autoregressive(rho), 2) - rho * rho)).toBeLessThan(0.05);
    expect(Math.abs(correlation(settingNamed('repeated'), 3) - 1)).toBeLessThan(1e-12);
  });

  test('all have the variance of independent ones', () => {
    for (const name of ['independent', 'repeated', 'ar1']) {
      const given = drawnLayers(settingNamed(name), distribution, 400, 16);
      const last = Array.from({ length: 30 }, (_, layer) => given(layer).projections).at(-1)!;
      const variance = last.reduce((sum, x) => sum + x * x, 0) / last.length;
      if (name !== 'independent') expect(Math.abs(variance - 1)).toBeLessThan(0.1); // 6400 numbers: 2/√6400 = 0.025
      else expect(variance).toBeGreaterThan(0.4); // half of it is shared by all tokens: 16 numbers
    }
  });

  test('what is searched drifts further than what is drawn, within reach; for mHC nearly as far as the theorem lets it, n', () => {
    const [tokens, n, depth] = [8, 4, 122];
    const gain = (name: string): number => {
      const layers = layersOf(designNamed('mhc-tilekernels'), settingNamed(name), { gate: 0.3, spread: 60, seed: 1 }, tokens, n, depth);
      const mappings = (layer: number) => mappingsOf(designNamed('mhc-tilekernels'), { ...layers(layer), statics: designNamed('mhc-tilekernels').start(n) }, tokens, n);
      return measureChain(mappings, tokens, n, [depth], 1)[0]!.backward;
    };
    expect(gain('orbit')).toBeGreaterThan(3.5);
    expect(gain('orbit')).toBeLessThan(4.001);
    expect(gain('orbit')).toBeGreaterThan(2 * gain('repeated'));
    const { projections } = layersOf(designNamed('mhc'), settingNamed('orbit'), { gate: 0.3, spread: 60, seed: 1 }, tokens, n, depth)(5);
    expect(Math.max(...projections.map(Math.abs))).toBeLessThanOrEqual(Math.max(180, 60 * 3.47)); // 3 spreads, or what was drawn at first
  });
});
