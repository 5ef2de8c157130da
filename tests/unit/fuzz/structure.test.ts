/** Structure of problems: what grades it, what makes it, and how it goes from one stream count to another. */
import { describe, expect, test } from 'vitest';

import { Coverage } from '../../../src/fuzz/coverage.ts';
import { Features } from '../../../src/fuzz/features.ts';
import { lineClass, withLine } from '../../../src/fuzz/grades.ts';
import { patterns } from '../../../src/fuzz/patterns.ts';
import { Pool } from '../../../src/fuzz/pool.ts';
import { resized, type Specimen } from '../../../src/fuzz/specimen.ts';
import { relationOf } from '../../../src/fuzz/structure.ts';
import { Random } from '../../../src/generate/random.ts';
import { operations, type OperationId } from '../../../src/index.ts';

const sizes = (streams: number, tokens = 1): { tokens: number; streams: number; channels: number; depth: number } => ({ tokens, streams, channels: 1, depth: 1 });
const matrix = (n: number, entry: (i: number, j: number) => number): Float64Array => Float64Array.from({ length: n * n }, (_, k) => entry(Math.floor(k / n), k % n));

describe('grades', () => {
  test('a line is of one number, near, apart, or beyond an end of the exponential; counts saturate and do not depend on the order', () => {
    expect([0, 0.5, 8, 20, 90, 110, NaN].map(lineClass)).toEqual([0, 1, 2, 3, 4, 5, 0]);
    const counted = (sorts: readonly number[]): number => sorts.reduce(withLine, 0);
    expect(counted([0, 4, 0, 4])).toBe(counted([4, 4, 0, 0]));
    expect(counted([0, 0, 4])).not.toBe(counted([0, 4, 4]));
    expect(counted([5, 5, 5, 5, 5])).toBe(counted([5, 5, 5]));
  });
  test('symmetry, zeros and signs, in steps', () => {
    /** Facts 10 and 13 of an input: how many numbers are not zero, with their signs; how far it is from symmetric and diagonal. */
    const factsOf = (values: Float64Array): number[] => {
      const features = new Features(operations.sinkhorn);
      features.look({ logits: values }, undefined, sizes(5), 0);
      return [features.singles[10]!, features.singles[13]!];
    };
    const symmetric = matrix(5, (i, j) => (i + j === 4 ? 24 : 0));
    const [nonZero, unequal] = factsOf(symmetric);
    expect(factsOf(symmetric.map((value) => value / 3))).toEqual([nonZero, unequal]);
    const same = (values: Float64Array): boolean[] => factsOf(values).map((fact, k) => fact === [nonZero, unequal][k]);
    expect(same(symmetric.map((value) => -value))).toEqual([false, true]);
    expect(same(symmetric.with(1, -3))).toEqual([false, false]);
    expect(same(symmetric.with(4, 0).with(3, 24))).toEqual([true, false]); // as many numbers, and as many off the diagonal, one pair less equal
  });
  test('columns beyond those that are looked at change nothing', () => {
    const features = new Features(operations['stream-read']);
    const look = (streams: Float64Array): number[] => {
      features.look({ streams, preMapping: Float64Array.of(1, 0.5) }, undefined, { tokens: 1, streams: 2, channels: 40, depth: 1 }, 0);
      return [...features.singles.subarray(0, features.factCount)];
    };
    const streams = Float64Array.from({ length: 80 }, (_, k) => 1 + Math.sin(k));
    expect(look(streams.with(35, 1000))).toEqual(look(streams));
    expect(look(streams.with(45, 1000))).not.toEqual(look(streams));
  });
  test('where one input is largest or smallest the other has its only number, or zeros in the same places', () => {
    const logits = Float64Array.of(3, -5, 0, 9);
    expect(relationOf(logits, 0, Float64Array.of(0, -1, 0, 0), 0, 4)).toBe(2 + 16);
    expect(relationOf(logits, 0, Float64Array.of(0, 0, 0, 7), 0, 4)).toBe(1 + 16);
    expect(relationOf(logits, 0, Float64Array.of(1, 1, 0, -2), 0, 4)).toBe(1 + 4);
    expect(relationOf(logits, 0, Float64Array.of(4, 1, 2, 2), 0, 4)).toBe(0);
  });
});

/** Whether the second problem meets an event that the first does not. */
function isNew(id: OperationId, first: Readonly<Record<string, Float64Array>>, second: Readonly<Record<string, Float64Array>>): boolean {
  const features = new Features(operations[id]);
  const coverage = new Coverage();
  const met = [first, second].map((inputs) => {
    features.look(inputs, undefined, sizes(Math.sqrt(inputs['logits']!.length)), 0);
    let count = 0;
    for (let k = 0; k < features.count; k++) if (coverage.add(features.events[k]!)) count++;
    return count;
  });
  return met[1]! > 0;
}

describe('events of structure', () => {
  const plain = matrix(6, (i, j) => 1 + Math.sin(7 * i + 3 * j));
  test.each([
    ['a row of one number', matrix(6, (i, j) => (i === 2 ? plain[13]! : plain[6 * i + j]!))],
    ['a second wide row', plain.with(3, -95).with(9, -95)],
    ['all pairs across the diagonal equal', matrix(6, (i, j) => plain[6 * Math.max(i, j) + Math.min(i, j)]!)],
    ['few numbers', plain.map((value, k) => (k % 7 === 0 ? value : 0))],
  ])('%s is new', (_, other) => {
    const oneWide = plain.with(3, -95);
    expect(isNew('sinkhorn', { logits: other.includes(-95) ? oneWide : plain }, { logits: other })).toBe(true);
  });
  test('and so is what two inputs have to do with each other, where each by itself is not', () => {
    const one = (at: number): Float64Array => new Float64Array(36).with(at, -1);
    const [low, elsewhere] = [plain.indexOf(Math.min(...plain)), 3];
    const inputs = (at: number): Readonly<Record<string, Float64Array>> => ({ logits: plain, cotangent: one(at) });
    expect(isNew('sinkhorn-vjp', inputs(elsewhere), inputs(low))).toBe(true);
    expect(isNew('sinkhorn-vjp', inputs(low), inputs(low))).toBe(false);
  });
});

describe('patterns', () => {
  const random = new Random(11);
  /** How many of many children of numbers without structure have some. */
  function made(holds: (values: Float64Array, beside: Float64Array) => boolean): number {
    let count = 0;
    for (let k = 0; k < 4000; k++) {
      const values = Float64Array.from({ length: 16 }, () => 10 * random.normal());
      const beside = Float64Array.from({ length: 16 }, () => 10 * random.normal());
      random.pick(patterns)({ values, rows: 4, columns: 4, beside }, random, undefined);
      if (holds(values, beside)) count++;
    }
    return count;
  }
  test.each<[string, (values: Float64Array, beside: Float64Array) => boolean]>([
    ['a column of one number', (values) => [0, 1, 2, 3].some((j) => [1, 2, 3].every((i) => values[4 * i + j] === values[j]))],
    ['one entry alone where another input is smallest', (values, beside) => values.filter((value) => value !== 0).length === 1 && values[beside.indexOf(Math.min(...beside))] !== 0],
    ['nothing off the diagonal', (values) => values.every((value, k) => (k % 5 === 0) === (value !== 0))],
    ['a symmetric matrix', (values) => values.every((value, k) => value === values[4 * (k % 4) + Math.floor(k / 4)])],
    ['a column out of reach', (values) => [0, 1, 2, 3].some((j) => [0, 1, 2, 3].every((i) => values[4 * i + j]! < -40))],
    ['what another input has', (values, beside) => values.every((value, k) => value === -beside[k]!)],
  ])('make %s', (_, holds) => expect(made(holds)).toBeGreaterThan(5));
});

describe('other stream counts', () => {
  const specimen = (n: number, values: Float64Array): Specimen => ({ operation: 'sinkhorn', sizes: sizes(n), values: { logits: values } });
  const at = (problem: Specimen | undefined): number[] => Array.from(problem!.values['logits']!);
  test('lines repeat, or are 0 beyond the old ones', () => {
    const two = specimen(2, Float64Array.of(1, 2, 3, 4));
    expect(at(resized(operations.sinkhorn as never, two, 3, true))).toEqual([1, 2, 1, 3, 4, 3, 1, 2, 1]);
    expect(at(resized(operations.sinkhorn as never, two, 3, false))).toEqual([1, 2, 0, 3, 4, 0, 0, 0, 0]);
    expect(at(resized(operations.sinkhorn as never, resized(operations.sinkhorn as never, two, 3, false)!, 2, true))).toEqual([1, 2, 3, 4]);
  });
  test('what all tokens share cannot be', () => {
    const values = Object.fromEntries(operations.mappings.inputs.map(({ name }) => [name, new Float64Array(1)]));
    expect(resized(operations.mappings as never, { operation: 'mappings', sizes: sizes(2), values }, 3, true)).toBeUndefined();
  });
});

test('of problems in the pool the rarest is bred from most, until it has been often enough', () => {
  const counts = new Map([[1, 1000], [2, 10]]);
  const pool = new Pool(1e6, (facts) => counts.get(facts[0]!)!);
  const [common, rare] = [1, 2].map((fact): Specimen => {
    const made: Specimen = { operation: 'sinkhorn', sizes: sizes(1), values: { logits: Float64Array.of(fact) } };
    pool.add(made, Uint16Array.of(fact));
    return made;
  });
  const random = new Random(1);
  const picked = Array.from({ length: 60 }, () => pool.pick('sinkhorn', 1, random));
  const ofRare = picked.filter((one) => one === rare).length;
  expect(ofRare).toBeGreaterThan(50);
  const later = Array.from({ length: 400 }, () => pool.pick('sinkhorn', 1, random));
  expect(later).toContain(common);
});
