/** The bounds of outputs, attacked with integers (bench/exact-truth.ts): never below the truth, and rarely far above it. */
import { describe, expect, it } from 'vitest';

import * as truth from '../../../bench/exact-truth.ts';
import { outputFamilies } from '../../../bench/output-families.ts';
import { gram, loop, square } from '../../../src/certify/outputs/gram.ts';
import { compositeMeasures, CompositeMeasures, matrixMeasures, MatrixMeasures } from '../../../src/certify/outputs/measures.ts';
import { witnessOf } from '../../../src/certify/outputs/witness.ts';
import { Random } from '../../../src/generate/random.ts';
import { nextDown } from '../../../src/numerics/directed.ts';

function measured(h: Float64Array, n: number): Record<(typeof matrixMeasures)[number], number> {
  const measures = new MatrixMeasures(n);
  measures.measure(h, 0);
  return Object.fromEntries(matrixMeasures.map((name, k) => [name, measures.values[k]!])) as never;
}

describe.each(Object.entries(outputFamilies))('%s', (_name, family) => {
  it.each([1, 2, 3, 4, 5, 8, 16])('n = %i', (n) => {
    const random = new Random(17, n);
    for (let k = 0; k < (n <= 4 ? 60 : 8); k++) {
      const h = family(random, n);
      const exact = truth.exactMatrix(h, 0, n);
      const bounds = measured(h, n);
      expect(truth.atMost(truth.lineNorm(exact, 'columns'), exact.exponent, bounds['one-norm'])).toBe(true);
      expect(truth.atMost(truth.lineNorm(exact, 'rows'), exact.exponent, bounds['infinity-norm'])).toBe(true);
      expect(truth.atMost(truth.lineDeviation({ ...exact, ...atUnits(exact) }, 'rows'), Math.min(0, exact.exponent), bounds['row-sum-deviation'])).toBe(true);
      expect(truth.atMost(truth.lineDeviation({ ...exact, ...atUnits(exact) }, 'columns'), Math.min(0, exact.exponent), bounds['column-sum-deviation'])).toBe(true);
      expect(truth.twoNormAtMost(exact, bounds['two-norm'])).toBe(true);
      expect(truth.meanFreeNormAtMost(exact, bounds['mean-free-norm'])).toBe(true);
      expect(bounds['entry-range']).toBe(Math.min(...h));
      const { lower, vector } = witnessOf(h, 0, n);
      expect(lower === 0 || !truth.twoNormAtMost(exact, nextDown(lower))).toBe(true);
      expect(vector.every(Number.isFinite)).toBe(true);
    }
  });
});

/** The matrix over at most 2⁰, so that 1 is an integer. */
function atUnits({ entries, exponent }: truth.ExactMatrix): Partial<truth.ExactMatrix> {
  return exponent <= 0 ? {} : { entries: entries.map((x) => x << BigInt(exponent)), exponent: 0 };
}

describe('tightness', () => {
  it.each(['sinkhorn, scale 1, f32', 'sinkhorn, scale 10, f64', 'near a permutation', 'non-negative', 'signed', 'non-normal'])('‖H‖₂ and ‖H − J/n‖₂ of %s are over-estimated by less than 0.1 %%', (name) => {
    // n^(1/2^(K+2)) − 1 = 0.07 % for K = 9, n = 4: bounds of the method, not of the sample
    const random = new Random(5);
    for (let k = 0; k < 100; k++) {
      const h = outputFamilies[name]!(random, 4);
      const exact = truth.exactMatrix(h, 0, 4);
      const bounds = measured(h, 4);
      expect(truth.twoNormAtMost(exact, bounds['two-norm'] / 1.001)).toBe(false);
      expect(truth.meanFreeNormAtMost(exact, bounds['mean-free-norm'] / 1.001)).toBe(false);
    }
  });

  it.each(['sinkhorn, scale 1, f32', 'sinkhorn, scale 2, bf16', 'non-negative', 'signed'])('‖H‖₂ and ‖H − J/n‖₂ of %s are exact but for rounding where the singular values are apart', (name) => {
    // squaring stops where the power has rank 1 to rounding: 10n²u from 10 roots of ρ, far below 2⁻⁴⁰; a squaring less, or the row sums of that power alone, are not
    const random = new Random(6);
    let apart = 0;
    for (let k = 0; k < 100; k++) {
      for (const [h, measure, atMost] of [[outputFamilies[name]!(random, 4), 'two-norm', truth.twoNormAtMost], [outputFamilies[name]!(random, 4), 'mean-free-norm', truth.meanFreeNormAtMost]] as const) {
        const exact = truth.exactMatrix(h, 0, 4);
        const bound = measured(h, 4)[measure];
        if (!apartOf(measure === 'two-norm' ? h : h.map((x) => x - 0.25))) continue;
        apart++;
        expect(atMost(exact, bound)).toBe(true);
        expect(atMost(exact, bound / (1 + 2 ** -40))).toBe(false);
      }
    }
    expect(apart).toBeGreaterThan(100);
  });

  it('what is exact in binary is certified exactly', () => {
    const permutation = outputFamilies['permutation']!(new Random(1), 4);
    expect(measured(permutation, 4)).toMatchObject({ 'one-norm': 1, 'infinity-norm': 1, 'two-norm': 1, 'row-sum-deviation': 0, 'column-sum-deviation': 0, 'projection-distance': 0, 'entry-range': 0 });
    expect(measured(new Float64Array(16).fill(0.25), 4)['mean-free-norm']).toBe(0);
  });
});

/** Whether λ₂/λ₁ of AᵀA is below 0.98, so that its 512th power is below 2⁻¹⁴: trace(G²⁰)²/trace(G⁴⁰) = 1 + 2(λ₂/λ₁)²⁰ + … */
function apartOf(a: Float64Array): boolean {
  let g = Array.from({ length: 16 }, (_, at) => [0, 1, 2, 3].reduce((sum, k) => sum + a[k * 4 + (at >> 2)]! * a[k * 4 + (at & 3)]!, 0));
  const trace = (): number => g[0]! + g[5]! + g[10]! + g[15]!;
  for (let k = 0; k < 4; k++) {
    const whole = trace();
    const s = g.map((x) => x / whole);
    g = Array.from({ length: 16 }, (_, at) => [0, 1, 2, 3].reduce((sum, l) => sum + s[(at & 12) + l]! * s[l * 4 + (at & 3)]!, 0));
  }
  const [whole, squares] = [trace(), g.reduce((sum, x) => sum + x * x, 0)];
  return whole * whole < squares * (1 + 2 * 0.98 ** 16);
}

describe('lines that rounding alone tells apart', () => {
  const rest = [2 ** -54, 2 ** -54];

  it('the larger is the bound, and not the first with the same plain sum', () => {
    expect(measured(Float64Array.of(1, 0, 0, 1, ...rest, 0, 0, 0), 3)['infinity-norm']).toBeGreaterThan(1);
    expect(measured(Float64Array.of(1, 1, 0, 0, rest[0]!, 0, 0, rest[1]!, 0), 3)['one-norm']).toBeGreaterThan(1);
    expect(measured(Float64Array.of(1.5, 0, 0, 1.5, ...rest, 1, 0, 0), 3)['row-sum-deviation']).toBeGreaterThan(0.5);
    expect(measured(Float64Array.of(1.5, 1.5, 1, 0, rest[0]!, 0, 0, rest[1]!, 0), 3)['column-sum-deviation']).toBeGreaterThan(0.5);
  });

  it('NaN in any line is in the bound', () => {
    for (let at = 0; at < 9; at++) {
      const h = new Float64Array(9).fill(1 / 3);
      h[at] = Number.NaN;
      const bounds = measured(h, 3);
      for (const name of ['infinity-norm', 'one-norm', 'row-sum-deviation', 'column-sum-deviation'] as const) expect(bounds[name]).toBeNaN();
    }
  });
});

describe('the powers of 4 × 4', () => {
  it('round as the loop does, to the bit', () => {
    const random = new Random(8);
    for (let k = 0; k < 200; k++) {
      const a = Float64Array.from({ length: 16 }, () => random.normal() * 2 ** random.integer(-40, 40));
      const [out, expected, squared] = [new Float64Array(16), new Float64Array(16), new Float64Array(16)];
      gram(a, out, 4);
      loop(a, expected, 4, 1, 4);
      expect(out).toEqual(expected);
      square(out, squared, 4);
      loop(out, expected, 4, 4, 1);
      expect(squared).toEqual(expected);
    }
  });
});

describe('the distance to the exact projection', () => {
  it.each(['sinkhorn, scale 1, f32', 'sinkhorn, scale 3, f32', 'sinkhorn, scale 10, f64', 'sinkhorn, scale 2, bf16', 'uniform, some ulps off', 'non-negative', 'non-negative, wide', 'near a permutation'])('%s: above the truth to 200 bits, by little', (name) => {
    const random = new Random(23);
    for (let k = 0; k < 12; k++) {
      const h = outputFamilies[name]!(random, 4);
      const bound = measured(h, 4)['projection-distance'];
      const positive = h.every((x) => x > 0);
      if (!positive) expect(bound).toBe(Infinity);
      if (bound === Infinity) continue;
      expect(truth.projectionDistanceAtMost(truth.exactMatrix(h, 0, 4), bound)).toBe(true);
      // e is below 2⁻¹⁰ of the distance, or of the size of rounding, 4(4n + 4)u·p with p < 2²⁰: the entries of these are at least 10⁻⁷
      if (bound > 2 ** -20 && /^sinkhorn|^non-negative$/.test(name)) expect(truth.projectionDistanceAtMost(truth.exactMatrix(h, 0, 4), bound / 1.01)).toBe(false);
    }
  });

  it.each(['sinkhorn, scale 3, f32', 'sinkhorn, scale 10, f64'])('%s: where plain steps are slow, Newton\'s go on to less than 2⁻¹⁴ of it', (name) => {
    const random = new Random(29);
    let slow = 0;
    for (let k = 0; k < 150; k++) {
      const h = outputFamilies[name]!(random, 4);
      const bound = measured(h, 4)['projection-distance'];
      if (!(bound > 2 ** -6 && Math.min(...h) > 2 ** -24)) continue; // p·rounding < 2⁻²²: p ≤ √θ/4 + 1, θ < 2⁴⁸
      slow++;
      expect(truth.projectionDistanceAtMost(truth.exactMatrix(h, 0, 4), bound)).toBe(true);
      expect(truth.projectionDistanceAtMost(truth.exactMatrix(h, 0, 4), bound / (1 + 2 ** -14))).toBe(false);
    }
    expect(slow).toBeGreaterThan(2);
  });

  it('holds where κ is near 1 and e is mostly what rounding left', () => {
    // p is up to 2²⁸ here
    const random = new Random(37);
    let bounded = 0;
    for (let k = 0; k < 60; k++) {
      const small = 2 ** -random.integer(12, 30);
      const diagonal = new Float64Array(16).map((_, at) => (at % 5 === 0 ? 1 : small * (1 + random.uniform())));
      const bound = measured(diagonal, 4)['projection-distance'];
      if (bound === Infinity) continue;
      bounded++;
      expect(truth.projectionDistanceAtMost(truth.exactMatrix(diagonal, 0, 4), bound)).toBe(true);
    }
    expect(bounded).toBeGreaterThan(30);
  });

  it('claims nothing of a matrix with a zero that is not its own projection', () => {
    expect(measured(Float64Array.of(0.5, 0.5, 0, 1), 2)['projection-distance']).toBe(Infinity);
  });
});

describe.each(Object.keys(outputFamilies))('products over depth: %s', (name) => {
  it.each([2, 7, 122])('%i layers', (layers) => {
    const random = new Random(31, layers);
    const n = 4;
    const stack = new Float64Array(layers * n * n);
    for (let layer = 0; layer < layers; layer++) stack.set(outputFamilies[name]!(random, n), layer * n * n);
    for (const transposed of [false, true]) {
      const measures = new CompositeMeasures(n);
      measures.measure(stack, 0, layers, n * n, transposed);
      const at = (layer: number): truth.ExactMatrix => (transposed ? truth.exactTransposed : (m: truth.ExactMatrix) => m)(truth.exactMatrix(stack, layer * n * n, n));
      let product = at(0);
      for (let layer = 1; layer < layers; layer++) product = truth.exactProduct(at(layer), product);
      const bounds = Object.fromEntries(compositeMeasures.map((measure, k) => [measure, measures.values[k]!]));
      expect(truth.atMost(truth.lineNorm(product, 'rows'), product.exponent, bounds['composite-infinity-norm']!)).toBe(true);
      expect(truth.atMost(truth.lineNorm(product, 'columns'), product.exponent, bounds['composite-one-norm']!)).toBe(true);
      expect(truth.twoNormAtMost(product, bounds['composite-two-norm']!)).toBe(true);
      expect(truth.meanFreeNormAtMost(product, bounds['composite-mean-free-norm']!)).toBe(true);
      if (!name.startsWith('sinkhorn')) continue;
      // γ_{n·D} is 1e-13: what is left is the 0.07 % of the norm
      expect(truth.twoNormAtMost(product, bounds['composite-two-norm']! / 1.001)).toBe(false);
      expect(truth.atMost(truth.lineNorm(product, 'rows'), product.exponent, bounds['composite-infinity-norm']! / (1 + 2 ** -40))).toBe(false);
    }
  });
});
