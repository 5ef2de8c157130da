/** What bounds of line sums are made of, against exact arithmetic; and kernels in f32 against them where nothing but the bounds of sums says that a claim can be made. */
import { all, create, type BigNumber } from 'mathjs';
import { describe, expect, test } from 'vitest';

import { keepsFromLimits, lineSums, marginals } from '../../../properties/sinkhorn/marginals.ts';
import { PowerBound } from '../../../properties/sinkhorn/power-bound.ts';
import { logError, startOf } from '../../../properties/sinkhorn/start.ts';
import { Random } from '../../../src/generate/random.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { arithmeticPresets } from '../../../src/numerics/arithmetic.ts';
import { firstNormalised, sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';

const math = create(all!, { number: 'BigNumber', precision: 60 });
const big = (value: number): BigNumber => math.bignumber(value);
/** Roundings that `PowerBound` leaves to its caller. */
const slack = 1 + 8 * 2 ** -53;

test('a power is never above its bound, and not far below while its argument moves slowly', () => {
  const random = new Random(1);
  for (let round = 0; round < 60; round++) {
    const kappa = random.pick([random.uniform(), 1 - 2 ** -random.below(50), 2 ** -random.below(50)]);
    const bound = new PowerBound(kappa);
    let x = Math.exp(random.uniform() * random.pick([1, 10, 300]));
    for (let step = 0; step < 30; step++) {
      const exact = big(x).pow(kappa);
      const found = bound.of(x);
      expect(exact.lte(big(found).times(slack))).toBe(true);
      expect(exact.times(1.001).gte(found)).toBe(true);
      x = 1 + (x - 1) * random.pick([random.uniform(), 1 - random.uniform() / 16, 1, 1 + random.uniform() / 16]);
    }
  }
});

test.each([0, 1, Infinity, NaN])('κ = %f claims nothing of a ratio without a bound', (kappa) => {
  expect(new PowerBound(kappa).of(Infinity) < Infinity).toBe(false);
});

test('a relative error is never above its logarithm, and hardly below', () => {
  const random = new Random(2);
  for (let round = 0; round < 400; round++) {
    const x = random.uniform() * 2 ** -random.below(60);
    const exact = big(1).minus(x).ln().negated();
    expect(exact.lte(logError(x))).toBe(true);
    expect(exact.times(1 + 2 ** -16).gte(logError(x))).toBe(true);
  }
  expect([logError(0), logError(1), logError(NaN)]).toEqual([0, Infinity, Infinity]);
});

const added: SinkhornDialect = sinkhornPresets['tilekernels']!;
const bare: SinkhornDialect = { ...added, epsilon: 0, epsilonInStart: false };

test.each([['with ε in the start', added], ['without', bare]])('cross ratios of the start, %s', (_name, dialect) => {
  const random = new Random(3);
  for (let round = 0; round < 60; round++) {
    const n = 1 + random.below(5);
    const scale = random.pick([0, 0.1, 1, 10, 60]);
    const start = startOf(dialect, arithmeticPresets['ieee-f64']!, Float64Array.from({ length: n * n }, () => scale * random.normal()), n);
    const logs = Array.from(dialect === added ? start.matrix : start.logs, (value) => (dialect === added ? big(value).ln() : big(value)));
    let exact = big(0);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < n; k++) {
        for (let j = 0; j < n; j++) {
          for (let l = 0; l < n; l++) exact = math.max(exact, logs[i * n + j]!.plus(logs[k * n + l]!).minus(logs[i * n + l]!).minus(logs[k * n + j]!));
        }
      }
    }
    expect(exact.lte(start.span)).toBe(true);
    expect(start.span).toBeLessThanOrEqual(exact.toNumber() + 64 * 2 ** -53 * (1 + Math.max(...start.logs.map(Math.abs)))); // 8 units of the largest logarithm, each way
  }
});

describe.each([
  ['tilekernels', added],
  ['plain', bare],
  ['exp, unshifted, ε in the divisor', { ...added, start: 'exp', stabilisation: 'none', epsilonInStart: false, epsilon: 1e-3 }],
  ['clamped', { ...added, start: 'exp', divisor: 'clamp', epsilonInStart: false, epsilon: 1e-4, lastNormalised: 'rows' }],
  ['one iteration', { ...added, iterations: 1 }],
] satisfies [string, SinkhornDialect][])('%s', (_name, dialect) => {
  test('what keeps from the limits of f32 stays within its sums there', () => {
    const f32 = arithmeticPresets['ieee-f32']!;
    const random = new Random(4);
    const { sinkhorn } = referenceKernels({ sinkhorn: dialect });
    const judged = { wide: 0, narrow: 0 };
    for (let round = 0; round < 600; round++) {
      const n = 2 + random.below(4);
      const scale = random.pick([1, 10, 30, 100, 3000]);
      const logits = tensor(Float64Array.from({ length: n * n }, () => scale * random.normal()), [1, n, n]);
      const start = startOf(dialect, f32, valuesOf(logits), n);
      const { last, free, smallest } = marginals(start, dialect, true);
      if (!keepsFromLimits(start, smallest)) continue;
      judged[scale > 10 ? 'wide' : 'narrow']++;
      const x = valuesOf(sinkhorn.run({ logits }, { tokens: 1, streams: n, channels: 1, depth: 1 })['residualMapping']!);
      for (const value of x) expect(value).toBeGreaterThan(smallest / 2); // the drift of four entries again
      for (const sum of lineSums(x, n, dialect.lastNormalised)) expect(sum >= last.low && sum <= last.high).toBe(true);
      for (const sum of lineSums(x, n, firstNormalised(dialect))) expect(sum >= free.low && sum <= free.high).toBe(true);
    }
    expect(judged.narrow).toBeGreaterThan(100);
    if (dialect === added) expect(judged.wide).toBeGreaterThan(300);
  });
});

test('an ε that its arithmetic hardly holds, and exponentials near its largest number, do not keep from the limits', () => {
  const zeros = new Float64Array(16);
  const regular = (dialect: SinkhornDialect, preset: string, logits = zeros): boolean => {
    const start = startOf(dialect, arithmeticPresets[preset]!, logits, 4);
    return keepsFromLimits(start, marginals(start, dialect, true).smallest);
  };
  expect(regular(added, 'ieee-f32')).toBe(true);
  expect(regular({ ...added, epsilon: 1e-42 }, 'ieee-f32')).toBe(false); // three digits of it are left
  const unshifted: SinkhornDialect = { ...bare, start: 'exp', stabilisation: 'none' };
  expect(regular(unshifted, 'ieee-f32', zeros.map(() => 80))).toBe(true);
  expect(regular(unshifted, 'ieee-f32', zeros.map(() => 88))).toBe(false);
  expect(regular(unshifted, 'ieee-f64', zeros.map(() => 88))).toBe(true);
  expect(regular(added, 'ieee-f32', zeros.map((_, i) => (i === 5 ? NaN : 0)))).toBe(false);
});
