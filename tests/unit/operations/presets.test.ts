/**
 * A second reading of the implementations, by hand and from what they compute: none of these columns comes from the code. `exact` is the side
 * whose sums are exact in the matrix that multiplies the streams; `transposed` whether that is Hᵀ.
 */
import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { exactOutputs } from '../../../src/operations/exact.ts';
import { operations } from '../../../src/operations/index.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { mixingPresets } from '../../../src/operations/streams/dialect.ts';

interface Row {
  readonly exact: 'rows' | 'columns';
  readonly transposed: boolean;
  readonly epsilon: number;
  readonly iterations: number;
  /** softmax: the start is normalised at once; exp: by the loop alone; abs: no exponential. */
  readonly form: 'softmax' | 'exp' | 'abs';
  readonly first: 'rows' | 'columns';
}

const deepseek: Row = { exact: 'rows', transposed: true, epsilon: 1e-6, iterations: 20, form: 'softmax', first: 'rows' };

const table: Record<string, Row> = {
  paper: { exact: 'rows', transposed: false, epsilon: 0, iterations: 20, form: 'exp', first: 'columns' },
  tilekernels: deepseek,
  deepseek,
  tilelang: deepseek,
  sglang: deepseek,
  vllm: deepseek,
  flashinfer: deepseek,
  flaggems: deepseek,
  'megatron-dev': deepseek,
  'megatron-main': { exact: 'columns', transposed: false, epsilon: 1e-6, iterations: 20, form: 'exp', first: 'rows' },
  liger: { exact: 'columns', transposed: false, epsilon: 1e-6, iterations: 20, form: 'softmax', first: 'rows' },
  'transformer-engine': { exact: 'rows', transposed: true, epsilon: 0, iterations: 20, form: 'exp', first: 'rows' },
  'log-domain': { exact: 'columns', transposed: false, epsilon: 0, iterations: 20, form: 'exp', first: 'rows' },
  'aiter-triton': { exact: 'rows', transposed: true, epsilon: 0, iterations: 20, form: 'exp', first: 'rows' },
  'aiter-hip': deepseek,
  tileops: { exact: 'columns', transposed: false, epsilon: 0.02, iterations: 20, form: 'exp', first: 'rows' },
  maxtext: deepseek,
  'mhc-cu': { exact: 'columns', transposed: false, epsilon: 1e-5, iterations: 20, form: 'exp', first: 'rows' },
  lucidrains: { exact: 'columns', transposed: true, epsilon: 1e-12, iterations: 20, form: 'exp', first: 'columns' },
  tokenbender: { exact: 'rows', transposed: true, epsilon: 0, iterations: 10, form: 'exp', first: 'rows' },
  'mhc-lite-baseline': { exact: 'columns', transposed: true, epsilon: 0, iterations: 20, form: 'exp', first: 'columns' },
  kromhc: { exact: 'columns', transposed: true, epsilon: 0, iterations: 20, form: 'exp', first: 'columns' },
  nucleus: { exact: 'columns', transposed: false, epsilon: 1e-8, iterations: 20, form: 'abs', first: 'rows' },
  'nucleus-autograd': { exact: 'columns', transposed: false, epsilon: 1e-8, iterations: 20, form: 'abs', first: 'rows' },
  'mhc-mlx': { exact: 'columns', transposed: false, epsilon: 1e-5, iterations: 20, form: 'exp', first: 'rows' },
  pmetal: { exact: 'columns', transposed: false, epsilon: 1e-8, iterations: 20, form: 'exp', first: 'rows' },
  tenstorrent: deepseek,
};

const n = 3;
const sizes = { tokens: 1, streams: n, channels: n, depth: 1 };

/** The mapping in 100 digits, rounded at the end. */
function mappingOf(logits: Float64Array, dialect: SinkhornDialect): Float64Array {
  return Float64Array.from(exactOutputs('sinkhorn', { logits }, sizes, dialect)['residualMapping']!, (x) => x.toNumber());
}

/** What really multiplies the streams: the write of unit streams, with nothing added. */
function effective(mapping: Float64Array, name: string): Float64Array {
  const unit = Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0));
  const inputs = { residualMapping: mapping, postMapping: new Float64Array(n), streams: unit, layerOutput: new Float64Array(n) };
  return operations['stream-write'].reference(inputs, sizes, mixingPresets[name])['nextStreams']!;
}

function worstSum(x: Float64Array, side: 'rows' | 'columns'): number {
  const sums = Array.from({ length: n }, (_, line) => x.reduce((sum, value, k) => sum + (line === (side === 'rows' ? Math.floor(k / n) : k % n) ? value : 0), 0));
  return Math.max(...sums.map((sum) => Math.abs(sum - 1)));
}

/** Logits that twenty iterations do not bring to convergence, in the dialect's own units. */
function wide(dialect: SinkhornDialect): Float64Array {
  const triangle = [0, 9, 9, -9, 0, 9, -9, -9, 0];
  return Float64Array.from(triangle, (x) => (dialect.start === 'absolute' ? Math.exp(x) : x * dialect.temperature));
}

test('the table is complete', () => {
  expect(Object.keys(table).toSorted((a, b) => a.localeCompare(b))).toEqual(Object.keys(sinkhornPresets).toSorted((a, b) => a.localeCompare(b)));
  expect(Object.keys(mixingPresets)).toEqual(Object.keys(sinkhornPresets));
});

describe.each(Object.entries(table))('%s', (name, row) => {
  const dialect = sinkhornPresets[name]!;

  test('the effective mapping is exact on the side that the code base makes exact, and on that side only', () => {
    const h = effective(mappingOf(wide(dialect), dialect), name);
    const other = row.exact === 'rows' ? 'columns' : 'rows';
    // s/(s + ε) with s ≥ 1/(n + ε), or the rounding of n numbers to f64
    expect(worstSum(h, row.exact)).toBeLessThanOrEqual(2 * n * row.epsilon + n * 2 ** -52);
    expect(worstSum(h, other)).toBeGreaterThan(1.5 * worstSum(h, row.exact));
  });

  test('fields', () => {
    expect(dialect.orientation).toBe(row.transposed ? 'transposed' : 'plain');
    expect(mixingPresets[name]!.orientation).toBe(dialect.orientation);
    expect([dialect.epsilon, dialect.iterations]).toEqual([row.epsilon, row.iterations]);
    expect(dialect.start).toBe({ softmax: 'softmax', exp: 'exp', abs: 'absolute' }[row.form]);
    expect(dialect.lastNormalised).not.toBe(row.first);
  });

  test('one iteration fewer, or another epsilon, is another function', () => {
    const logits = wide(dialect);
    const own = mappingOf(logits, dialect);
    const distance = (changed: SinkhornDialect): number => Math.max(...mappingOf(logits, changed).map((x, k) => Math.abs(x - own[k]!)));
    expect(distance({ ...dialect, iterations: row.iterations - 1 })).toBeGreaterThan(2 ** -30);
    if (row.epsilon > 0 && dialect.divisor === 'add') expect(distance({ ...dialect, epsilon: 2 * row.epsilon })).toBeGreaterThan(row.epsilon / 100);
  });

  test('what a shift of lines does', () => {
    const random = new Random(3);
    const logits = Float64Array.from({ length: n * n }, () => random.normal() * 2 * dialect.temperature);
    const shifted = (side: 'rows' | 'columns'): Float64Array => logits.map((x, k) => x + [1, -2, 3][side === 'rows' ? Math.floor(k / n) : k % n]! * dialect.temperature);
    const own = mappingOf(logits, { ...dialect, iterations: 2 });
    const moved = (side: 'rows' | 'columns'): number => Math.max(...mappingOf(shifted(side), { ...dialect, iterations: 2 }).map((x, k) => Math.abs(x - own[k]!)));
    // the side normalised first forgets its shift at once (up to ε); two iterations do not forget one of the other side
    if (row.form !== 'abs') expect(moved(row.first)).toBeLessThanOrEqual(100 * row.epsilon + 2 ** -40);
    expect(moved(row.first === 'rows' ? 'columns' : 'rows')).toBeGreaterThan(1e-3);
    if (row.form === 'abs') expect(moved(row.first)).toBeGreaterThan(1e-3);
  });
});

describe('what single rows of the table say besides', () => {
  const at = (name: string, values: readonly number[], fields: Partial<SinkhornDialect> = {}): Float64Array => mappingOf(Float64Array.from(values), { ...sinkhornPresets[name]!, ...fields });

  test('mhc-cu and mhc-mlx give columns up that hardly anything maps to; rows are left as they are', () => {
    const logits = [0, 0, -50, 0, 0, -50, 0, 0, -50];
    for (const name of ['mhc-cu', 'mhc-mlx']) {
      const x = at(name, logits);
      expect([x[2], x[5], x[8]]).toEqual([0, 0, 0]);
      // in all others that column recovers
    }
    expect(at('pmetal', logits, { epsilon: 1e-30 })[2]).toBeGreaterThan(0.1);
  });

  test('mhc-cu compares sums of exponentials themselves with its threshold, mhc-mlx after the maximum of the matrix', () => {
    const low = Array.from({ length: 9 }, () => -20);
    expect(Array.from(at('mhc-cu', low))).toEqual(Array.from({ length: 9 }, () => 0)); // rows are kept, no column exceeds 1e-5
    for (const value of at('mhc-mlx', low)) expect(value).toBeCloseTo(1 / 3, 15);
  });

  test('tokenbender divides logits by 0.05', () => {
    const logits = [0.1, 0, -0.05, 0.2, 0, 0.1, -0.1, 0.05, 0];
    const same = at('tokenbender', logits.map((x) => 0.05 * 20 * x), { temperature: 1 });
    expect(Math.max(...at('tokenbender', logits).map((x, k) => Math.abs(x - at('tokenbender', logits.map((y) => y / 0.05), { temperature: 1 })[k]!)))).toBeLessThan(2 ** -45);
    expect(Math.max(...at('tokenbender', logits).map((x, k) => Math.abs(x - same[k]!)))).toBeGreaterThan(0.1);
  });

  test('nucleus sees magnitudes only', () => {
    const logits = [0.5, -2, 1, -1, 0, 3, 2, -0.25, 1];
    expect(at('nucleus', logits)).toEqual(at('nucleus', logits.map((x) => -x)));
    expect(at('nucleus', logits)[4]).toBeGreaterThan(0); // |0| + ε
    expect(at('nucleus', logits, { epsilonInStart: false })[4]).toBe(0);
  });

  test('pmetal returns as soon as all sums are within 1e-6 of 1', () => {
    const logits = [0.5, 0, 0.1, 0, 0.2, 0.3, -0.1, 0, 0.4];
    expect(at('pmetal', logits)).not.toEqual(at('pmetal', logits, { stopBelow: 0 }));
    const full = at('pmetal', logits, { stopBelow: 0 });
    expect(Math.max(...at('pmetal', logits).map((x, k) => Math.abs(x - full[k]!)))).toBeLessThan(1e-6);
    expect(operations['sinkhorn-vjp'].presets['pmetal']).toMatchObject({ stopBelow: 0, iterations: 20 });
  });

  test('megatron-main clamps, lucidrains too, tileops adds', () => {
    const flat = Array.from({ length: 9 }, () => 0);
    expect(worstSum(at('megatron-main', flat), 'columns')).toBeLessThan(2 ** -50);
    expect(worstSum(at('lucidrains', flat), 'rows')).toBeLessThan(2 ** -50);
    // s/(s + 0.02) with s the fixed point near 1 − 0.02
    expect(worstSum(at('tileops', flat), 'columns')).toBeGreaterThan(0.019);
    expect(worstSum(at('tileops', flat), 'columns')).toBeLessThan(0.021);
  });

  test('only the triton kernel of nucleus gives a gradient at a logit of zero', () => {
    const inputs = { logits: Float64Array.from([0, 1, 2, 3]), cotangent: Float64Array.from([1, -1, 2, 0]) };
    const gradientOf = (name: string): number => operations['sinkhorn-vjp'].reference(inputs, { tokens: 1, streams: 2, channels: 1, depth: 1 }, operations['sinkhorn-vjp'].presets[name])['logitsGradient']![0]!;
    expect(gradientOf('nucleus')).not.toBe(0);
    expect(gradientOf('nucleus-autograd')).toBe(0);
  });
});
