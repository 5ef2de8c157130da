/** Figures over depth are never on the wrong side of the truth, rarely far from it, and whoever mixes them up is seen. */
import { describe, expect, test } from 'vitest';

import { dyadic } from '../../../../bench/exact-truth.ts';
import { exactProducts, wrong } from '../../../../bench/depth-truth.ts';
import { outputFamilies } from '../../../../bench/output-families.ts';
import { bitsFor, Composite } from '../../../../src/certify/depth/composite.ts';
import { largestGain, measureDepth, type DepthMeasure, type Figures } from '../../../../src/certify/depth/measures.ts';
import { designNamed } from '../../../../src/compare/designs.ts';
import { drawnLayers, settingNamed } from '../../../../src/compare/inputs.ts';
import { mappingsOf } from '../../../../src/compare/mappings.ts';
import { Random } from '../../../../src/generate/random.ts';


const shape = { layers: 24, tokens: 2, n: 4 };

function stackOf(matrix: (random: Random) => Float64Array, { layers, tokens, n } = shape): Float64Array {
  const random = new Random(67);
  const stack = new Float64Array(layers * tokens * n * n);
  for (let k = 0; k < layers * tokens; k++) stack.set(matrix(random), k * n * n);
  return stack;
}

/** Entries of a family may be 1e300: products of those overflow, and are bounded by Infinity. */
const tame = Object.entries(outputFamilies).filter(([name]) => !/1e-?300|subnormal|zero/.test(name));

describe.each(tame)('%s', (_name, family) => {
  test.each([false, true])('transposed: %s', (transposed) => {
    const stack = stackOf((random) => family(random, 4));
    const { figures } = measureDepth(stack, { ...shape, transposed }, [])!;
    const products = exactProducts(stack, { ...shape, transposed });
    expect(products.map((product, k) => wrong(product, figures[k]!)).flat()).toEqual([]);
  });
});

test.each(['hyper-connections', 'cayley', 'mhc'])('%s: tight over 60 layers, also where terms cancel', (name) => {
  const [layers, tokens, n] = [60, 2, 4];
  const design = designNamed(name);
  const given = drawnLayers(settingNamed('independent'), { gate: 0.3, spread: 60, seed: 5 }, tokens, 16);
  const stack = new Float64Array(layers * tokens * 16);
  for (let layer = 0; layer < layers; layer++) stack.set(mappingsOf(design, { ...given(layer), statics: design.start(n) }, tokens, n), layer * tokens * 16);
  const { figures } = measureDepth(stack, { layers, tokens, n, transposed: false }, [])!;
  const products = exactProducts(stack, { layers, tokens, n, transposed: false });
  products.forEach((product, k) => expect(wrong(product, figures[k]!)).toEqual([]));
  // what is left is the 0.07 % of the norm (outputs.test.ts) and some roundings of the sums
  const shrunk = (by: number): Figures => Object.fromEntries(Object.entries(figures.at(-1)!).map(([measure, value]) => [measure, measure === 'gain-reached' ? value * by : value / by])) as Figures;
  const found = wrong(products.at(-1)!, shrunk(1 + 2 ** -40));
  for (const measure of ['forward-gain', 'backward-gain', 'forward-amax', 'backward-amax', 'gain-reached'] as const) expect(found, measure).toContain(measure);
  expect(wrong(products.at(-1)!, shrunk(1.001))).toEqual(expect.arrayContaining(['two-norm', 'mean-free-norm', 'second-singular-value']));
});

describe('a measure that is not what it says is seen', () => {
  // a kernel whose sums are off 1 by 1e-3, differently on both sides, so that every measure has a value of its own
  const stack = stackOf((random) => outputFamilies['sinkhorn, scale 3, f32']!(random, 4).map((x, at) => x * (1 + 1e-3 * (at % 4)) * (1 - 5e-4 * Math.floor(at / 4))));
  const whole = { ...shape, transposed: false };
  const { figures } = measureDepth(stack, whole, [])!;
  const products = exactProducts(stack, whole);
  const found = (spoilt: readonly Figures[]): DepthMeasure[] => [...new Set(products.flatMap((product, k) => wrong(product, spoilt[k]!)))];
  const single = measureDepth(stack.subarray(stack.length - shape.tokens * 16), { ...whole, layers: 1 }, [])!.figures[0]!;
  const swapped = (a: DepthMeasure, b: DepthMeasure) => figures.map((one) => ({ ...one, [a]: one[b], [b]: one[a] }));

  test('as it is, nothing is wrong', () => expect(found(figures)).toEqual([]));

  test.each<[string, () => readonly Figures[], DepthMeasure]>([
    ['the gain of the last layer for that of the product', () => figures.map((one) => ({ ...one, 'backward-gain': single['backward-gain'], 'forward-gain': Math.min(single['forward-gain'], one['forward-gain']) })), 'backward-gain'],
    ['rows for columns', () => swapped('forward-gain', 'backward-gain'), 'backward-gain'],
    ['the averages exchanged', () => swapped('forward-amax', 'backward-amax'), 'backward-amax'],
    ['the mean-free part after one more layer', () => figures.map((one, k) => ({ ...one, 'mean-free-norm': figures[k + 1]?.['mean-free-norm'] ?? one['mean-free-norm'] / 2 })), 'mean-free-norm'],
    ['σ₂ of one more layer', () => figures.map((one, k) => ({ ...one, 'second-singular-value': figures[k + 1]?.['second-singular-value'] ?? 0 })), 'second-singular-value'],
    ['the product of the transposes', () => measureDepth(stack, { ...whole, transposed: true }, [])!.figures, 'stream-sum'],
    ['layers in the wrong order', () => measureDepth(reversed(stack), whole, [])!.figures, 'forward-gain'],
    ['the sum of the streams for equal streams', () => swapped('stream-sum', 'equal-streams'), 'stream-sum'],
    ['the average for the worst token', () => figures.map((one) => ({ ...one, 'backward-gain': one['backward-amax'] })), 'backward-gain'],
    ['a norm below 1', () => figures.map((one) => ({ ...one, 'two-norm': Math.min(0.9, one['two-norm']) })), 'two-norm'],
    ['a gain that no token reaches', () => figures.map((one) => ({ ...one, 'gain-reached': one['backward-gain'] * 1.01 })), 'gain-reached'],
  ])('%s', (_fault, spoil, measure) => {
    expect(found(spoil())).toContain(measure);
  });

  test('σ₂ of the layer for that of the product', () => {
    // products of contracting layers contract more: a bound from one layer is true and useless, so tightness sees it
    expect(single['second-singular-value']).toBeGreaterThan(10 * figures.at(-1)!['second-singular-value']);
  });
});

test('a kernel that is off by 1e-3 drifts visibly, and its bounds are larger', () => {
  const exact = stackOf((random) => outputFamilies['mixed permutations']!(random, 4));
  const off = exact.map((x) => x * (1 + 1e-3));
  const [right, wrongOne] = [exact, off].map((stack) => measureDepth(stack, { ...shape, transposed: false }, [])!.figures.at(-1)!);
  expect(right!['stream-sum']).toBeLessThan(1e-9);
  // (1 + 1e-3)^24 − 1 = 0.0243
  for (const measure of ['stream-sum', 'equal-streams'] as const) expect(wrongOne![measure]).toBeGreaterThan(0.024);
  for (const measure of ['forward-gain', 'backward-gain', 'two-norm'] as const) expect(wrongOne![measure]).toBeGreaterThan(right![measure] * 1.024);
});

test('the gain over chosen depths is the worst of them and of both directions, and no other', () => {
  const stack = stackOf((random) => outputFamilies['signed']!(random, 4));
  const { figures, bits } = measureDepth(stack, { ...shape, transposed: false }, [])!;
  const at = (depth: number): number => Math.max(figures[depth - 1]!['forward-gain'], figures[depth - 1]!['backward-gain']);
  const worst = (depths: number[]): number => Math.max(...[0, 1].map((token) => largestGain(stack, { layers: 24, n: 4, transposed: false }, token, 2, depths, bits)));
  for (const depths of [[24], [1], [3, 9], [1, 2, 3, 4]]) expect(worst(depths)).toBe(Math.max(...depths.map(at)));
});

test('products that grow beyond 2^16384 are not followed, those that overflow f64 have no bound', () => {
  const stack = (factor: number): Float64Array => Float64Array.from({ length: 100 * 4 }, (_, at) => (at % 4 === 0 || at % 4 === 3 ? factor : 0));
  expect(bitsFor(stack(1e60), 100, 1, 2, false)).toBeUndefined();
  const { figures } = measureDepth(stack(1e40), { layers: 100, tokens: 1, n: 2, transposed: false }, [])!;
  expect(figures[1]!['forward-gain']).toBeGreaterThanOrEqual(1e80);
  expect(figures.at(-1)).toMatchObject({ 'forward-gain': Infinity, 'two-norm': Infinity, 'mean-free-norm': Infinity, 'second-singular-value': Infinity, 'gain-reached': 0 });
});

test.each([8, 40, 70, 600])('with %i bits every entry is within its error, which is not 0', (bits) => {
  const random = new Random(bits);
  const stack = stackOf(() => Float64Array.from({ length: 16 }, () => random.normal()));
  for (const transposed of [false, true]) {
    const composite = new Composite(4, bits);
    const [one] = [exactProducts(stack, { ...shape, transposed }).map((products) => products[0]!)];
    for (let layer = 0; layer < shape.layers; layer++) {
      composite.multiply(stack, layer * shape.tokens * 16, transposed);
      const { matrix, error } = composite.whole();
      const { entries, exponent } = one[layer]!;
      const unit = 1n << BigInt(-exponent);
      matrix.forEach((x, at) => {
        const { integer, exponent: own } = dyadic(x); // x·2^−exponent, an integer where it is not below 2^exponent
        const off = entries[at]! - (own - exponent >= 0 ? integer << BigInt(own - exponent) : integer >> BigInt(exponent - own));
        expect(off <= (BigInt(Math.ceil(error * 2 ** 200)) * unit) >> 200n).toBe(true);
        expect(-off <= (BigInt(Math.ceil(error * 2 ** 200)) * unit) >> 200n).toBe(true);
      });
    }
  }
});

test('a tiny factor after a large one is not lost', () => {
  const composite = new Composite(1, 512);
  for (const x of [2 ** 90, 2 ** -90, 2 ** -149, 2 ** 149]) composite.multiply(Float64Array.of(x), 0, false);
  const { matrix, error } = composite.whole();
  expect(Math.abs(matrix[0]! - 1)).toBeLessThanOrEqual(error);
  expect(error).toBeLessThan(2 ** -50);
});

function reversed(stack: Float64Array): Float64Array {
  const size = shape.tokens * 16;
  const turned = new Float64Array(stack.length);
  for (let layer = 0; layer < shape.layers; layer++) turned.set(stack.subarray(layer * size, (layer + 1) * size), (shape.layers - 1 - layer) * size);
  return turned;
}
