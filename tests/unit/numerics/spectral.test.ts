import type { BigNumber } from 'mathjs';
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import * as spectral from '../../../src/numerics/spectral.ts';
import { exactly } from '../../../src/operations/exact.ts';

const random = new Random(5);

function build(n: number, entry: (i: number, j: number) => number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, k) => entry(Math.floor(k / n), k % n));
}

/**
 * The largest singular value in bignumbers: trace(G^m)^(1/m) with G = HᵀH and m = 2⁶⁰, above the truth by a factor of at most n^(1/m).
 * (mathjs' own eigs loses half of its digits on bignumbers.)
 */
function largestSingularValue(matrix: Float64Array, n: number): number {
  const h = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => exactly(matrix[i * n + j]!)));
  const dot = (a: readonly BigNumber[], b: readonly BigNumber[]): BigNumber => a.reduce((sum, x, k) => sum.plus(x.times(b[k]!)), exactly(0));
  const norm = (g: BigNumber[][], squarings: number): BigNumber => {
    const trace = g.reduce((sum, row, i) => sum.plus(row[i]!), exactly(0));
    if (squarings === 0 || trace.isZero()) return trace;
    const scaled = g.map((row) => row.map((x) => x.div(trace)));
    return trace.times(norm(scaled.map((a) => scaled.map((b) => dot(a, b))), squarings - 1).sqrt()); // symmetric: rows are columns
  };
  const columns = h.map((_, j) => h.map((row) => row[j]!));
  return norm(columns.map((a) => columns.map((b) => dot(a, b))), 60).sqrt().toNumber();
}

const doublyStochastic = (n: number): Float64Array => {
  const sum = new Float64Array(n * n);
  for (let k = 0; k < 3; k++) random.permutation(n).forEach((j, i) => (sum[i * n + j]! += [0.5, 0.25, 0.25][k]!));
  return sum;
};

describe('norms', () => {
  it.each([1, 2, 3, 4, 8, 16])('permutations have norm exactly 1 (n = %i)', (n) => {
    const order = random.permutation(n);
    const permutation = build(n, (i, j) => (order[i] === j ? 1 : 0));
    expect(spectral.oneNormUpper(permutation, 0, n)).toBe(1);
    expect(spectral.infNormUpper(permutation, 0, n)).toBe(1);
    expect(spectral.twoNormUpper(permutation, 0, n)).toBe(1);
    expect(spectral.twoNormLower(permutation, 0, n)).toBeLessThanOrEqual(1);
    expect(spectral.twoNormLower(permutation, 0, n)).toBeGreaterThan(1 - 2 ** -40);
  });

  it('the uniform matrix loses the mean-free part', () => {
    const uniform = build(4, () => 0.25);
    expect(spectral.twoNormUpper(uniform, 0, 4)).toBe(1);
    expect(spectral.meanFreeNormUpper(uniform, 0, 4)).toBeLessThan(2 ** -1000);
    expect(spectral.birkhoffKappa(uniform, 0, 4)).toBeLessThan(2 ** -25); // √ of one ulp
    expect(spectral.dobrushinUpper(uniform, 0, 4)).toBe(0);
  });

  it('rank one: the norm is ‖a‖·‖b‖', () => {
    const [a, b] = [[3, 4, 0, 0], [0, 5, 0, 12]];
    const matrix = build(4, (i, j) => a[i]! * b[j]!);
    expect(spectral.twoNormLower(matrix, 0, 4)).toBeLessThanOrEqual(65);
    expect(spectral.twoNormUpperTight(matrix, 0, 4)).toBeGreaterThanOrEqual(65);
    expect(spectral.twoNormUpperTight(matrix, 0, 4) / spectral.twoNormLower(matrix, 0, 4)).toBeLessThan(4 ** (1 / 128) * (1 + 2 ** -40));
  });

  it('a rotation has norm 1 although its entries do not say so', () => {
    const c = Math.cos(0.7);
    const s = Math.sin(0.7);
    const rotation = Float64Array.of(c, -s, s, c);
    const truth = largestSingularValue(rotation, 2);
    expect(spectral.twoNormUpper(rotation, 0, 2)).toBeGreaterThan(1.4);
    expect(spectral.twoNormUpperTight(rotation, 0, 2)).toBeGreaterThanOrEqual(truth);
    expect(spectral.twoNormUpperTight(rotation, 0, 2)).toBeLessThan(1 + 2 ** -40);
    expect(spectral.twoNormLower(rotation, 0, 2)).toBeLessThanOrEqual(truth);
  });

  it('encloses the singular value that mathjs finds', () => {
    for (let round = 0; round < 60; round++) {
      const n = 2 + (round % 3);
      const matrix = round % 2 === 0 ? doublyStochastic(n) : build(n, () => Math.round(random.normal() * 2 ** 20) * 2 ** -20);
      const truth = largestSingularValue(matrix, n);
      const slack = 1 + 2 ** -50; // truth is rounded to f64
      const lower = spectral.twoNormLower(matrix, 0, n);
      const tight = spectral.twoNormUpperTight(matrix, 0, n);
      expect(lower).toBeLessThanOrEqual(truth * slack);
      expect(tight * slack).toBeGreaterThanOrEqual(truth);
      expect(spectral.twoNormUpper(matrix, 0, n)).toBeGreaterThanOrEqual(tight);
      expect(tight / truth).toBeLessThan(n ** (1 / 128) * slack * slack);
    }
  });

  it('bounds σ₂ of doubly stochastic matrices', () => {
    for (let round = 0; round < 30; round++) {
      const n = 2 + (round % 3);
      const matrix = doublyStochastic(n);
      const centred = matrix.map((x) => x - 1 / n);
      const truth = largestSingularValue(centred, n);
      expect(spectral.meanFreeNormUpper(matrix, 0, n)).toBeGreaterThanOrEqual(truth * (1 - 2 ** -40));
      expect(spectral.meanFreeNormUpper(matrix, 0, n)).toBeLessThanOrEqual(truth * n ** (1 / 128) + 2 ** -40);
    }
  });

  it('scales from the smallest to the largest numbers, and passes NaN on', () => {
    for (const scale of [2 ** -1060, 2 ** -600, 1, 2 ** 600, 2 ** 1020]) {
      const diagonal = build(3, (i, j) => (i === j ? scale * (i + 1) : 0));
      expect(spectral.twoNormUpperTight(diagonal, 0, 3)).toBeGreaterThanOrEqual(3 * scale);
      expect(spectral.twoNormLower(diagonal, 0, 3)).toBeLessThanOrEqual(3 * scale);
    }
    const broken = Float64Array.of(1, NaN, 0, 1);
    expect(spectral.oneNormUpper(broken, 0, 2)).toBeNaN();
    expect(spectral.twoNormUpperTight(broken, 0, 2)).toBeNaN();
    expect(spectral.birkhoffKappa(broken, 0, 2)).toBe(1);
  });

  it('reads at an offset', () => {
    const padded = Float64Array.of(9, 9, 1, 2, 3, 4);
    expect(spectral.oneNormUpper(padded, 2, 2)).toBe(6);
    expect(spectral.infNormUpper(padded, 2, 2)).toBe(7);
    expect([...spectral.lineSums(padded, 2, 2, 'rows')]).toEqual([3, 7]);
    expect([...spectral.lineSums(padded, 2, 2, 'columns')]).toEqual([4, 6]);
  });
});

describe('contraction', () => {
  it("Birkhoff's coefficient is the closed form for n = 2", () => {
    for (const [a, b] of [[0.75, 0.25], [0.6, 0.4], [0.999, 0.001]] as const) {
      const kappa = spectral.birkhoffKappa(Float64Array.of(a, b, b, a), 0, 2);
      const truth = (a - b) / (a + b);
      expect(kappa).toBeGreaterThanOrEqual(truth * (1 - 2 ** -50));
      expect(kappa).toBeLessThanOrEqual(truth * (1 + 2 ** -48));
    }
    expect(spectral.birkhoffKappa(Float64Array.of(1, 0, 0, 1), 0, 2)).toBe(1);
  });

  it("Dobrushin's coefficient bounds how far differences survive", () => {
    for (let round = 0; round < 50; round++) {
      const matrix = doublyStochastic(4);
      const x = Array.from({ length: 4 }, () => random.integer(-50, 50));
      const y = x.map((_, i) => x.reduce((sum, value, j) => sum + matrix[i * 4 + j]! * value, 0));
      const spread = (v: number[]): number => Math.max(...v) - Math.min(...v);
      expect(spread(y)).toBeLessThanOrEqual(spectral.dobrushinUpper(matrix, 0, 4) * spread(x));
    }
    expect(spectral.dobrushinUpper(Float64Array.of(1, 0, 0, 1), 0, 2, 'columns')).toBe(1);
  });
});
