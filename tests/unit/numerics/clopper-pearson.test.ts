/** The binomial tail and the confidence bound against mathjs bignumbers, in which 1 − p and the coefficients are exact to 100 digits. */
import type { BigNumber } from 'mathjs';
import { describe, expect, it } from 'vitest';

import { clopperPearsonUpper, tailUp } from '../../../src/numerics/clopper-pearson.ts';
import { exactly } from '../../../src/operations/exact.ts';

/** P[Bin(N, p) ≤ k], summed from its definition. */
function tail(problems: number, failures: number, p: number): BigNumber {
  const [hit, miss] = [exactly(p), exactly(1).minus(exactly(p))];
  let power = exactly(1);
  for (const bit of problems.toString(2)) power = power.times(power).times(bit === '1' ? miss : 1);
  let [sum, term] = [power, power];
  for (let i = 1; i <= failures; i++) {
    term = term.times(problems - i + 1).div(i).times(hit).div(miss);
    sum = sum.plus(term);
  }
  return sum;
}

const cases = [[1, 0], [2, 1], [10, 3], [100, 0], [1000, 7], [1000, 900], [12_345, 678], [1_000_000, 0], [1_000_000, 25], [1_000_000_000, 0], [1_000_000_000, 3]] as const;

describe('the tail', () => {
  it.each(cases)('%i problems, %i failures: never below, and above by at most the roundings', (problems, failures) => {
    for (const factor of [1.01, 1.5, 3, 8]) {
      const p = Math.min(0.999, (factor * (failures + 1)) / problems);
      const exact = tail(problems, failures, p);
      const computed = tailUp(problems, failures, p);
      if (exact.lt(exactly(2 ** -500))) continue;
      expect(exact.lte(exactly(computed))).toBe(true);
      // squaring doubles a relative error, so (1 − p)^N has at most 2N of them; every term has 5 more, each of 2u
      const allowed = 1 + (2 * problems + 5 * failures + 4) * 2 ** -52;
      expect(exact.times(exactly(allowed)).gte(exactly(computed))).toBe(true);
    }
  });

  it('far out in the tail it is small, and never 0', () => {
    expect(tailUp(1_000_000, 10, 0.5)).toBe(2 ** -512);
    expect(tailUp(100_000, 60_000, 0.01)).toBeGreaterThanOrEqual(1);
  });
});

describe('the bound', () => {
  it.each(cases)('%i problems, %i failures: the tail is at most alpha there, and above it just below', (problems, failures) => {
    for (const alpha of [0.05, 0.01, 1e-9]) {
      const bound = clopperPearsonUpper(problems, failures, alpha);
      if (bound === 1) {
        expect(tail(problems, failures, 1 - 2 ** -53).gt(exactly(alpha))).toBe(true);
        continue;
      }
      expect(tail(problems, failures, bound).lte(exactly(alpha))).toBe(true);
      // a relative change d of p changes the tail by at most N·p·d/(1 − p) relatively, and the tail is known to 2N + 5k roundings
      const slack = (2 * problems + 5 * failures + 8) * 2 ** -52;
      const below = bound * (1 - (4 * slack * (1 - bound)) / Math.max(2 ** -20, problems * bound - failures) - 2 ** -50);
      expect(tail(problems, failures, below).gt(exactly(alpha))).toBe(true);
    }
  });

  it('without failures it is 1 − α^(1/N): 3/N at 95 %, nearly', () => {
    expect(clopperPearsonUpper(1_000_000, 0, 0.05)).toBeLessThan(3e-6);
    expect(clopperPearsonUpper(1_000_000, 0, 0.05)).toBeGreaterThan(2.9957e-6);
  });

  it('everything failed: 1', () => {
    expect(clopperPearsonUpper(5, 5, 0.05)).toBe(1);
  });
});
