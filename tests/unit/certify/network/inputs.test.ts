import { describe, expect, test } from 'vitest';

import { enter, type Box } from '../../../../src/certify/inputs/box.ts';
import { branchAndBound, halves } from '../../../../src/certify/inputs/branch.ts';
import { formOf, tempered, withoutForm } from '../../../../src/certify/inputs/form.ts';
import { deviation, mappingBounds, type MappingBounds } from '../../../../src/certify/inputs/mapping.ts';
import { roundingOf, storing } from '../../../../src/certify/inputs/rounding.ts';
import { birkhoff, exactArithmetic, walk } from '../../../../src/certify/inputs/walk.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../../src/operations/sinkhorn/dialect.ts';
import { sinkhornReference } from '../../../../src/operations/sinkhorn/reference.ts';
import { Random, referenceKernels, resolveArithmetic, tensor, valuesOf } from '../../../../src/index.ts';
import { meanFreeNormUpper, twoNormLower } from '../../../../src/numerics/spectral.ts';

const random = new Random(71);

function bounds(dialect: SinkhornDialect, box: Box, arithmetic?: string): MappingBounds {
  const inside = tempered(box, dialect.temperature);
  const form = formOf(dialect, inside);
  const entering = enter(inside, form.start);
  const declared = arithmetic === undefined ? undefined : resolveArithmetic(arithmetic);
  const rounding = declared === undefined ? exactArithmetic : roundingOf(dialect, declared, inside, entering);
  if (typeof rounding === 'string') throw new Error(rounding);
  return mappingBounds(walk(entering, form.steps, rounding)!, dialect.lastNormalised, box.n, declared === undefined ? { relative: 0, absolute: 0 } : storing(declared));
}

function cube(n: number, limit: number): Box {
  return { n, low: new Float64Array(n * n).fill(-limit), high: new Float64Array(n * n).fill(limit) };
}

/** Inputs of a box: at random, at its corners, and mixed. */
function drawn({ n, low, high }: Box, count: number): Float64Array {
  return Float64Array.from({ length: count * n * n }, (_, i) => {
    const k = i % (n * n);
    const corner = Math.floor(i / (n * n)) % 3;
    const share = corner === 0 ? random.uniform() : corner === 1 ? random.integer(0, 1) : random.uniform() < 0.5 ? random.integer(0, 1) : random.uniform();
    return low[k]! + share * (high[k]! - low[k]!);
  });
}

/** How often the sums, norms and σ₂ of some mappings leave the bounds; the f64 that they are computed in is allowed n·2⁻⁵⁰ for its own sums. */
function violations(found: MappingBounds, mappings: Float64Array, n: number): number {
  const slack = n * 2 ** -50;
  let count = 0;
  for (let at = 0; at < mappings.length; at += n * n) {
    for (let i = 0; i < n; i++) {
      let [row, column] = [0, 0];
      for (let j = 0; j < n; j++) {
        row += mappings[at + i * n + j]!;
        column += mappings[at + j * n + i]!;
      }
      for (const [sum, range] of [[row, found.rows], [column, found.columns]] as const) if (!(sum >= range.low - slack && sum <= range.high + slack)) count++;
    }
    if (!(twoNormLower(mappings, at, n) <= found.twoNorm + slack)) count++;
  }
  return count;
}

const certifiable = Object.entries(sinkhornPresets).filter(([, dialect]) => withoutForm(dialect) === undefined);

describe('bounds for every input of a box', () => {
  test.each(certifiable)('%s: exact iterates stay within them', (_name, dialect) => {
    for (const n of [1, 2, 3, 4, 5]) {
      for (const limit of [0, 0.3, 1, 2, 5, 20]) {
        const box = cube(n, limit * dialect.temperature);
        const logits = drawn(box, 60);
        // the reference is f64: its own errors are far below the slack of log domains and above that of none
        expect(violations(loosened(bounds(dialect, box)), sinkhornReference(logits, 60, n, dialect), n), `n = ${n}, |L| ≤ ${limit}`).toBe(0);
      }
    }
  });

  test.each(['tilekernels', 'paper', 'megatron-main', 'tileops'])('%s: f32 kernels stay within those of their arithmetic', (name) => {
    const dialect = sinkhornPresets[name]!;
    const { run } = referenceKernels({ sinkhorn: dialect }).sinkhorn;
    for (const n of [2, 4]) {
      for (const limit of [0.3, 1, 3, 15]) {
        const box = cube(n, limit);
        const logits = tensor(drawn(box, 200), [200, n, n], 'f32');
        const answered = run({ logits }, { tokens: 200, streams: n, channels: 1, depth: 1 }) as Record<string, typeof logits>;
        expect(violations(bounds(dialect, box, 'ieee-f32'), valuesOf(answered['residualMapping']!), n), `n = ${n}, |L| ≤ ${limit}`).toBe(0);
      }
    }
  });

  test('n = 2 after T iterations: off 1 by little more than 1/(2T), whatever the logits, which some logits nearly are', () => {
    for (const iterations of [1, 3, 10, 20]) {
      const dialect = { ...sinkhornPresets['tilekernels']!, iterations, epsilon: 0, epsilonInStart: false, divisor: 'plain' as const };
      const found = deviation(bounds(dialect, cube(2, 300)).rows);
      expect(found).toBeLessThanOrEqual((1 / (2 * iterations)) * (1 + 2 ** -40));
      const slow = sinkhornReference(Float64Array.of(0, -30, 0, 0), 1, 2, dialect);
      expect(Math.abs(slow[0]! + slow[1]! - 1)).toBeGreaterThan(0.45 * found);
    }
  });

  test('σ₂ is bounded, and not by ‖H‖₂ alone', () => {
    const found = bounds(sinkhornPresets['paper']!, cube(4, 1));
    expect(found.secondSingularValue).toBeLessThan(0.8);
    const mappings = sinkhornReference(drawn(cube(4, 1), 300), 300, 4, sinkhornPresets['paper']!);
    // ‖H − J/n‖₂ is σ₂ and the little that the sums are off
    for (let at = 0; at < mappings.length; at += 16) expect(meanFreeNormUpper(mappings, at, 4)).toBeLessThan(found.secondSingularValue + deviation(found.columns) + 1e-3);
  });

  // a fault in the judge of all this would be seen here: each of these "bounds" is too small
  test.each<[string, (found: MappingBounds) => MappingBounds]>([
    ['one iteration more', () => bounds({ ...sinkhornPresets['tilekernels']!, iterations: 3 }, cube(2, 8))],
    ['the sums of a smaller box', () => bounds({ ...sinkhornPresets['tilekernels']!, iterations: 2 }, cube(2, 0.5))],
    ['rows for columns', (found) => ({ ...found, rows: found.columns, columns: found.rows })],
    ['a norm below 1', (found) => ({ ...found, twoNorm: 0.99 })],
  ])('%s is caught', (_fault, spoil) => {
    const dialect = { ...sinkhornPresets['tilekernels']!, iterations: 2 };
    const box = cube(2, 8); // where a bound is nearly attained
    const mappings = sinkhornReference(drawn(box, 4000), 4000, 2, dialect);
    const found = bounds(dialect, box);
    expect(violations(found, mappings, 2)).toBe(0);
    expect(violations(spoil(found), mappings, 2)).toBeGreaterThan(0);
  });
});

/** Wider by what f64 itself may be off in 200 half-steps of 16 entries each. */
function loosened(found: MappingBounds): MappingBounds {
  const off = 200 * 20 * 2 ** -53 * 4;
  const wider = ({ low, high }: { low: number; high: number }): { low: number; high: number } => ({ low: low - off, high: high + off });
  return { ...found, rows: wider(found.rows), columns: wider(found.columns), twoNorm: found.twoNorm + off };
}

describe('branch and bound', () => {
  test('lowers the bound, and its parts cover the box', () => {
    const dialect = sinkhornPresets['tilekernels']!;
    const box = cube(2, 2);
    const boundOf = (part: Box): number => deviation(bounds(dialect, part).rows);
    const { bound, parts, partition } = branchAndBound(box, boundOf, 0, 60);
    expect(bound).toBeLessThan(0.8 * boundOf(box));
    expect(parts).toBe(60);
    let place = 0;
    let worst = 0;
    const leaves: Box[] = [];
    const visit = (part: Box): void => {
      const index = partition[place++]!;
      if (index === -1) {
        worst = Math.max(worst, boundOf(part));
        leaves.push(part);
      } else for (const half of halves(part, index)) visit(half);
    };
    visit(box);
    expect([place, leaves.length, worst]).toEqual([partition.length, 60, bound]);
    const logits = drawn(box, 3000);
    const mappings = sinkhornReference(logits, 3000, 2, dialect);
    for (let at = 0; at < logits.length; at += 4) {
      expect(leaves.some(({ low, high }) => [0, 1, 2, 3].every((k) => logits[at + k]! >= low[k]! && logits[at + k]! <= high[k]!))).toBe(true);
      for (const row of [0, 2]) expect(Math.abs(mappings[at + row]! + mappings[at + row + 1]! - 1)).toBeLessThanOrEqual(bound + 2 ** -48);
    }
  });

  test('stops at its goal, and where nothing is left to split', () => {
    expect(branchAndBound(cube(2, 1), () => 5, 5, 100)).toEqual({ bound: 5, parts: 1, partition: [-1] });
    expect(branchAndBound(cube(2, 0), () => 5, 0, 100)).toEqual({ bound: 5, parts: 1, partition: [-1] });
  });
});

test("Birkhoff's coefficient is tanh(Δ/4)", () => {
  for (const delta of [0, 0.1, 1, 5, 20]) {
    const theta = Math.exp(delta);
    expect(birkhoff(theta)).toBeCloseTo(Math.tanh(delta / 4), 12);
  }
  expect(birkhoff(Infinity)).toBe(1);
});
