/** The bound of the free side for all logits, attacked: the whole of it by mappings, each of its steps by what the iterations really do, and its searches by other ones. */
import { describe, expect, test } from 'vitest';

import { freeSideWithin } from '../../../../src/certify/checker/free-side.ts';
import { kernelParameters, type KernelParameters } from '../../../../src/certify/inputs/kernel-parameters.ts';
import { freeSideEverywhere, levels, withoutPotential, type Level } from '../../../../src/certify/inputs/potential.ts';
import { largestProduct, spreadProduct } from '../../../../src/certify/inputs/sum-products.ts';
import { exactArithmetic } from '../../../../src/certify/inputs/walk.ts';
import { Random } from '../../../../src/index.ts';
import { exactly, exactOutputs } from '../../../../src/operations/exact.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../../src/operations/sinkhorn/dialect.ts';
import { sinkhornReference } from '../../../../src/operations/sinkhorn/reference.ts';

const shipped = sinkhornPresets['tilekernels']!;
const kernelOf = (dialect: SinkhornDialect): KernelParameters => kernelParameters(dialect, 4, exactArithmetic, { relative: 0, absolute: 0 });
const lines = (x: ArrayLike<number>, side: 'rows' | 'columns'): number[] => [0, 1, 2, 3].map((i) => [0, 1, 2, 3].reduce((sum, j) => sum + x[side === 'rows' ? 4 * i + j : 4 * j + i]!, 0));

/** The worst that hill climbing found at T = 20 (0.08504), patterns whose lines compete for one, two or three others, and random logits of many widths. */
const worst = [-29.71, 1.77, -22.58, 8.65, 6.2, -21.46, 3.45, -33.27, -25.68, 1.15, 2.93, -18.94, -24.71, -18.57, -22.94, 26.92];
const crowded = [
  [40, 0, 0, 0, 40, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0], [40, 0, 0, 0, 40, 0, 0, 0, 0, 40, 40, 40, 0, 40, 40, 40], [40, 39, 0, 0, 40, 39, 0, 0, 40, 39, 0, 0, 0, 0, 40, 40],
  [40, 0, 0, 0, 40, 0, 0, 0, 40, 40, 0, 0, 40, 40, 40, 0], [40, 33, 30, 20, 40, 33, 30, 20, 40, 33, 30, 20, 1, 2, 3, 4],
];
const random = new Random(41);
function logits(): number[] {
  const kind = random.integer(0, 4);
  const base = kind === 0 ? worst : kind === 1 ? crowded[random.integer(0, crowded.length - 1)]! : Array.from({ length: 16 }, () => 0);
  const scale = kind < 2 ? 2 ** random.integer(-3, 2) : 2 ** random.integer(-1, 6);
  return base.map((x) => x + scale * random.normal());
}

/** Sums that each half-step after the first divides, on lines made exact, and what is left before it, e^F̄: the half-steps to come are those of the exact iterations. */
function trace(l: readonly number[], added: number, epsilon: number, halves: number): { sums: number[]; left: number }[] {
  let z = [0, 1, 2, 3].flatMap((i) => {
    const row = l.slice(4 * i, 4 * i + 4);
    const exps = row.map((x) => Math.exp(x - Math.max(...row)));
    return exps.map((x) => x / exps.reduce((a, b) => a + b) + added);
  });
  const divide = (x: readonly number[], sums: readonly number[], side: 'rows' | 'columns'): number[] => x.map((entry, k) => entry / sums[side === 'rows' ? k >> 2 : k & 3]!);
  const found: { sums: number[]; left: number }[] = [];
  for (let half = 1; half < halves; half++) {
    const [side, other] = half % 2 === 1 ? (['columns', 'rows'] as const) : (['rows', 'columns'] as const);
    z = divide(z, lines(z, side).map((s) => s + epsilon), side);
    let exact = divide(z, lines(z, side), side);
    const sums = lines(exact, other);
    let potential = 0;
    for (let more = 0, across = other; more < 400; more++, across = across === 'rows' ? 'columns' : 'rows') {
      const next = lines(exact, across);
      potential -= next.reduce((sum, s) => sum + Math.log(s), 0);
      exact = divide(exact, next, across);
    }
    found.push({ sums, left: Math.exp(potential) });
  }
  return found;
}

/** How often a half-step leaves more than its level says; f64 is off by far less than 1e-9 in what is compared. */
function violations(found: readonly Level[], attacks: readonly (readonly number[])[]): number {
  let count = 0;
  for (const l of attacks) {
    for (const { sums, left } of trace(l, 1e-6, 1e-6, 24)) {
      const level = found.findLast(({ from }) => from <= left * (1 - 1e-9));
      if (level !== undefined && !(sums.reduce((a, b) => a * b) <= level.product * (1 + 1e-9))) count++;
    }
  }
  return count;
}

describe('the free side for all logits', () => {
  test('no mapping is further off, at any T', () => {
    for (const iterations of [2, 3, 5, 10, 20, 40]) {
      const dialect = { ...shipped, iterations };
      const bound = freeSideEverywhere(kernelOf(dialect));
      const many = 3000;
      const flat = Float64Array.from(Array.from({ length: many }, logits).flat());
      const mappings = sinkhornReference(flat, many, 4, dialect);
      let most = 0;
      for (let k = 0; k < many; k++) for (const sum of lines(mappings.subarray(16 * k, 16 * k + 16), 'rows')) most = Math.max(most, Math.abs(sum - 1));
      expect(most, `T = ${iterations}`).toBeLessThanOrEqual(bound);
      expect(most, `T = ${iterations}`).toBeGreaterThan(bound / 40); // the attack is one
    }
  });

  test('the worst that is known, in 100 digits, is 0.085; the bound is 0.754', () => {
    const output = exactOutputs('sinkhorn', { logits: Float64Array.from(worst) }, { tokens: 1, streams: 4, channels: 1, depth: 1 }, shipped)['residualMapping']!;
    const off = [0, 1, 2, 3].map((i) => output.slice(4 * i, 4 * i + 4).reduce((sum, x) => sum.plus(x)).minus(exactly(1)).abs().toNumber());
    expect(Math.max(...off)).toBeCloseTo(0.08504, 4);
    const bound = freeSideEverywhere(kernelOf(shipped));
    expect(bound).toBeGreaterThan(Math.max(...off));
    expect(bound).toBeLessThan(0.7538);
  });

  test('falls with T, grows as ε falls, and does not depend on orientation', () => {
    const at = (change: Partial<SinkhornDialect>): number => freeSideEverywhere(kernelOf({ ...shipped, ...change }));
    expect([5, 10, 20, 40, 80].map((iterations) => at({ iterations })).every((x, k, all) => k === 0 || x < all[k - 1]!)).toBe(true);
    expect(at({ epsilon: 1e-9 })).toBeGreaterThan(at({ epsilon: 1e-6 }));
    expect(at({ epsilon: 1e-4 })).toBeLessThan(at({ epsilon: 1e-6 }));
    expect(at({ orientation: 'transposed' })).toBe(at({ orientation: 'plain' }));
  });

  test('the checker confirms the bound, for no smaller one and no other kernel', () => {
    const kernel = kernelOf(shipped);
    const bound = freeSideEverywhere(kernel);
    expect(freeSideWithin(kernel, bound * (1 + 2 ** -30))).toBe(true);
    for (const smaller of [bound * (1 - 2 ** -20), bound / 2, 0.085, 0, -1, Number.NaN]) expect(freeSideWithin(kernel, smaller)).toBe(false);
    for (const weaker of [{ iterations: 19 }, { added: 1e-7, epsilon: 1e-7 }, { added: 5e-7, epsilon: 5e-7 }]) expect(freeSideWithin({ ...kernel, ...weaker }, bound), JSON.stringify(weaker)).toBe(false);
    const nothing = [{ n: 3 }, { start: 'exp' as const }, { added: 0, epsilon: 0 }, { added: 0.1 }, { added: 1e-300, epsilon: 0 }, { divisor: 'clamp' as const }, { epsilon: 1e-5 }, { iterations: 1 }, { rounding: { ...kernel.rounding, line: 1e-9 } }, { stored: { relative: 2 ** -24, absolute: 0 } }];
    for (const change of nothing) {
      expect(() => freeSideWithin({ ...kernel, ...change }, 1.9), JSON.stringify(change)).toThrow('nothing is proved');
      expect(withoutPotential({ ...kernel, ...change }), JSON.stringify(change)).toBeTypeOf('string');
    }
    expect(withoutPotential(kernel)).toBeUndefined();
  });
});

describe('what a half-step leaves', () => {
  const reach = ((1 + 1e-6) / 1e-6) * 1.25 * 1.0003;
  const begin = reach * reach * 1.4;
  const attacks = [...crowded, worst, ...Array.from({ length: 400 }, logits)];

  test('is never more than its level says', () => {
    expect(violations(levels(reach, begin), attacks)).toBe(0);
  });

  // a level that promises too much is seen
  test.each<[string, () => Level[]]>([
    ['a reach of the potentials that is too small', () => levels(reach ** 0.6, begin)],
    ['levels that say of Y what holds of 2Y', () => levels(reach, begin).map(({ from, product }) => ({ from: from / 2, product }))],
    ['one percent less', () => levels(reach, begin).map(({ from, product }) => ({ from, product: product * 0.99 }))],
  ])('%s is caught', (_fault, faulty) => {
    expect(violations(faulty(), attacks)).toBeGreaterThan(0);
  });
});

describe('the largest products', () => {
  test.each([1, 0.9, 0.5, 0.1, 0.01, 0.001])('xyz = %d: above what a search finds, by little', (p) => {
    let best = 0;
    for (let i = 0; i <= 300; i++) {
      for (let j = 0; j <= 300; j++) {
        const [x, y] = [p ** (i / 300), p ** (j / 300)];
        const z = p / (x * y);
        if (z <= 1) best = Math.max(best, x * (1 + y - x) * (1 + z - y) * (2 - z));
      }
    }
    const bound = largestProduct(p);
    expect(bound).toBeGreaterThanOrEqual(best * (1 - 1e-12));
    expect(bound).toBeLessThan(best * (1 + 2 ** -8) * (1 + 1e-3));
  });

  test('of sums that lack something together', () => {
    for (let k = 0; k < 3000; k++) {
      const weights = Array.from({ length: 4 }, () => -Math.log(1 - random.uniform()) * 2 ** random.integer(-4, 0));
      const sums = weights.map((x) => (4 * x) / weights.reduce((a, b) => a + b));
      const lacking = sums.reduce((sum, s) => sum + Math.max(0, 1 - s), 0);
      expect(sums.reduce((a, b) => a * b)).toBeLessThanOrEqual(spreadProduct(lacking * (1 - 1e-12)) * (1 + 1e-9));
    }
    expect(spreadProduct(1)).toBeCloseTo((2 / 3) ** 3 * 2, 12); // attained
    expect(spreadProduct(3)).toBe(0);
  });
});
