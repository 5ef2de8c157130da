/** The enclosures that limit claims stand on, against f64 iterations that have converged, and sharp where they should be. */
import { describe, expect, test } from 'vitest';

import { responseOf } from '../../../properties/gradient/response.ts';
import { limitOf } from '../../../properties/sinkhorn/limit.ts';
import { lineSums, marginals } from '../../../properties/sinkhorn/marginals.ts';
import { startOf } from '../../../properties/sinkhorn/start.ts';
import { Random } from '../../../src/generate/random.ts';
import { arithmeticPresets, gamma } from '../../../src/numerics/arithmetic.ts';
import { firstNormalised, sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { sinkhornReference } from '../../../src/operations/sinkhorn/reference.ts';
import { sinkhornJvp } from '../../../src/operations/sinkhorn/sinkhorn-vjp.ts';

const f64 = arithmeticPresets['ieee-f64']!;
const base = sinkhornPresets['tilekernels']!;
const dialects: Readonly<Record<string, SinkhornDialect>> = {
  paper: sinkhornPresets['paper']!,
  tilekernels: base,
  'megatron-main': sinkhornPresets['megatron-main']!,
  'large epsilon': { ...base, epsilon: 1e-3 },
  'exp and add': { ...base, start: 'exp', epsilonInStart: false, epsilon: 1e-2 },
  'one iteration': { ...base, iterations: 1 },
  'three iterations, rows last': { ...base, iterations: 3, lastNormalised: 'rows' },
};

function* cases(): Generator<{ logits: Float64Array; n: number; random: Random }> {
  for (let seed = 0; seed < 120; seed++) {
    const random = new Random(seed);
    const n = random.integer(1, 6);
    const scale = random.pick([0.1, 0.5, 1, 2, 5]);
    yield { logits: Float64Array.from({ length: n * n }, () => scale * random.normal()), n, random };
  }
}

/** The projection of the matrix that enters the loop: many more iterations without ε. */
const projecting: SinkhornDialect = { ...sinkhornPresets['paper']!, iterations: 1000 };
/** f64 rounding of that many half-steps of at most six entries, on logarithms. */
const rounding = gamma(4 * 2 * projecting.iterations * 9, 2 ** -53);

function projection(logs: Float64Array, n: number): Float64Array {
  return sinkhornReference(logs, 1, n, projecting);
}

describe.each(Object.entries(dialects))('%s', (_name, dialect) => {
  test('line sums lie in their enclosures', () => {
    for (const { logits, n } of cases()) {
      const x = sinkhornReference(logits, 1, n, dialect);
      const { last, free, lastMean } = marginals(startOf(dialect, f64, logits, n), dialect, true);
      for (const sum of lineSums(x, n, firstNormalised(dialect))) expect(sum >= free.low && sum <= free.high).toBe(true);
      const sums = lineSums(x, n, dialect.lastNormalised);
      for (const sum of sums) expect(sum >= last.low && sum <= last.high).toBe(true);
      expect(sums.reduce((total, sum) => total + sum, 0) / n).toBeLessThanOrEqual(lastMean);
    }
  });

  test('no entry is below the smallest', () => {
    for (const { logits, n } of cases()) {
      const { smallest } = marginals(startOf(dialect, f64, logits, n), dialect, false);
      expect(Math.min(...sinkhornReference(logits, 1, n, dialect))).toBeGreaterThanOrEqual(smallest);
    }
  });

  test('the result is within its distance of the projection', () => {
    let sharpest = 0;
    for (const { logits, n } of cases()) {
      const start = startOf(dialect, f64, logits, n);
      const { distance } = limitOf(start, dialect);
      const p = projection(start.logs, n);
      const x = sinkhornReference(logits, 1, n, dialect);
      const apart = Math.max(...x.map((value, k) => Math.abs(Math.log(value / p[k]!))));
      expect(apart).toBeLessThanOrEqual(distance + rounding);
      if (distance > 1e-9) sharpest = Math.max(sharpest, apart / distance);
    }
    expect(sharpest).toBeGreaterThan(0.1);
  });

  test('the tangent is within its distance of that of the projection', () => {
    for (const { logits, n, random } of cases()) {
      const start = startOf(dialect, f64, logits, n);
      const { unrolled, shift, beforeLast } = responseOf(start, dialect, logits);
      const x = sinkhornReference(logits, 1, n, dialect);
      const logarithmic = (direction: Float64Array): Float64Array => sinkhornJvp(logits, direction, n, dialect).map((value, k) => value / x[k]!);
      const direction = Float64Array.from({ length: n * n }, () => random.sign());
      const p = projection(start.logs, n);
      const tangent = logarithmic(direction);
      expect(Math.max(...tangent.map(Math.abs))).toBeLessThanOrEqual(2 * beforeLast * (1 + rounding));
      if (unrolled < Infinity) {
        const exact = sinkhornJvp(start.logs, direction, n, projecting);
        tangent.forEach((value, k) => expect(Math.abs(value * x[k]! - exact[k]!)).toBeLessThanOrEqual((unrolled + 4 * rounding) * Math.max(x[k]!, p[k]!)));
      }
      const line = random.below(n);
      const shifted = direction.map((_, k) => ((dialect.lastNormalised === 'rows' ? Math.floor(k / n) : k % n) === line ? 1 : 0));
      expect(Math.max(...logarithmic(shifted).map(Math.abs))).toBeLessThanOrEqual(shift + rounding);
    }
  });
});

test('at scale ½ and T = 20 the slack of limit claims is near epsilon', () => {
  const random = new Random(7);
  const logits = Float64Array.from({ length: 16 }, () => 0.5 * random.normal());
  expect(limitOf(startOf(base, f64, logits, 4), base).distance).toBeLessThan(1e-5);
  const free = { ...base, epsilon: 0, epsilonInStart: false };
  expect(limitOf(startOf(free, f64, logits, 4), free).distance).toBeLessThan(1e-9);
});
