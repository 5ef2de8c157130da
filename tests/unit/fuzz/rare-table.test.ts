/** The lower bound of what plain draws need is one: checked against made-up draws whose rate is known. */
import { expect, test } from 'vitest';

import { medianAtLeast, rateAtMost, rareTable, type Drawn } from '../../../bench/rare-table.ts';
import { Random } from '../../../src/generate/random.ts';

const counts = [1, 2, 5, 31, 33, 255, 4097];
/** A case: its problems and whether a fault fires on it, each problem with the same chance. */
function drawn(rate: number, random: Random): { problems: number; met: boolean } {
  const problems = random.pick(counts);
  return { problems, met: random.uniform() < 1 - (1 - rate) ** problems };
}

function looked(rate: number, cases: number, random: Random): Drawn {
  let [problems, squares, met] = [0, 0, 0];
  for (let k = 0; k < cases; k++) {
    const one = drawn(rate, random);
    problems += one.problems;
    squares += one.problems ** 2;
    if (one.met) met++;
  }
  return { name: 'made-up', cases, problems, squares, met, metProblems: met };
}

/** Problems of a run that ends with the first case it fires on. */
function needed(rate: number, random: Random): number {
  let problems = 0;
  for (;;) {
    const one = drawn(rate, random);
    problems += one.problems;
    if (one.met) return problems;
  }
}

test('the median of runs is above the bound, and not by much, where the rate is known well', () => {
  const random = new Random(3);
  const rate = 2e-7;
  const runs = Array.from({ length: 501 }, () => needed(rate, random)).toSorted((a, b) => a - b);
  const least = medianAtLeast(looked(rate, 400_000, random));
  expect(least).toBeLessThan(runs[250]!);
  expect(least).toBeGreaterThan(runs[250]! / 2);
});

test('it holds in nineteen of twenty lots of draws, when they are few', () => {
  const random = new Random(4);
  const rate = 2e-6;
  const runs = Array.from({ length: 1001 }, () => needed(rate, random)).toSorted((a, b) => a - b);
  let above = 0;
  for (let lot = 0; lot < 200; lot++) if (medianAtLeast(looked(rate, 2000, random)) > runs[500]!) above++;
  expect(above).toBeLessThanOrEqual(20); // of 200, where 10 are expected at most
});

test('what was never met is bounded by how much was looked at; a campaign that found nothing needs infinitely many', () => {
  const draws: Drawn = { name: 'never', cases: 1e5, problems: 2.3e7, squares: 6e10, met: 0, metProblems: 0 };
  expect(rateAtMost(draws)).toBeCloseTo(-Math.log(0.05) / 2.3e7, 9);
  expect(rateAtMost({ ...draws, met: 4, metProblems: 12 })).toBeCloseTo(3 * rateAtMost({ ...draws, met: 4, metProblems: 4 }), 12);
  expect(medianAtLeast({ ...draws, cases: 1e4, problems: 2.3e6, squares: 6e9 })).toBeLessThan(medianAtLeast(draws));
  const table = rareTable(['never'], [{ name: 'never', seed: 1, found: false, problems: 500, seconds: 60 }], [draws]);
  expect(table['never']).toMatchObject({ found: '0/1', 'guided, median problems': Infinity, 'times fewer, at least': 0 });
  expect(rareTable(['never'], [], [])['never']).toMatchObject({ found: '0/0', 'rate at most (95 %)': '—', 'times fewer, at least': '—' });
});
