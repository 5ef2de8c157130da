/** The numbers and options of docs/regressions.md are those of the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { looksOf } from '../../src/perf/pairs.ts';
import { crossing } from '../../src/perf/statistics/looks.ts';
import { usualCopies } from '../../src/perf/options.ts';
import { launchesNeeded, perRound, usualLaunches } from '../../src/perf/launches.ts';
import { rankWithin } from '../../src/perf/statistics/rank-sum.ts';
import { leastFloor, singleCopyLimits, usualThreshold, type Verdict } from '../../src/perf/judgement.ts';
import { folderWith, plumbline } from '../cli/cli.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/regressions.md'), 'utf8');

it('has the ranks and errors that are used', () => {
  const { looks } = looksOf(400, 0.001);
  const of = (pairs: number): string => `${looks.find((look) => look.pairs === pairs)!.rank} of ${pairs}`;
  expect(text).toContain(`${looks[0]!.rank} of 60 pairs, ${of(120)}, ${of(180)}, … ${of(400)} (together ${(100 * crossing(looks)).toFixed(3)} %)`);
  expect(text).toContain(`0.1 % takes at least ${launchesNeeded(0.001)} launches of each, 0.1 % / 200 takes ${launchesNeeded(0.001 / 200)}`);
  expect(text).toContain(`6^6 = ${(6 ** 6).toLocaleString('en-US')}`);
  expect(text).toContain(`One such launch costs two of\n${6 * perRound ** 2} comparisons, and the other ${6 * perRound ** 2 - perRound} are still enough`);
  expect(rankWithin(Array.from({ length: 6 }, () => [perRound, perRound]), 0.001)).toBeGreaterThan(perRound);
  expect([usualCopies, usualLaunches(0.001)]).toEqual([12, 12]);
  expect([leastFloor, usualThreshold, singleCopyLimits.floor, singleCopyLimits.threshold].map((effect) => Number((100 * Math.expm1(effect)).toFixed(6)))).toEqual([1, 2, 3, 3]);
});

it('explains every verdict', () => {
  const verdicts: Record<Verdict, true> = { slower: true, faster: true, same: true, inconclusive: true, 'not-comparable': true };
  for (const verdict of Object.keys(verdicts)) expect(text).toContain(`| \`${verdict}\` |`);
});

it('names options that exist', async () => {
  const { stdout } = await plumbline(folderWith(), ['bench', '--help']);
  const options = new Set([...text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option));
  expect(options.size).toBeGreaterThan(8);
  for (const option of options) expect(stdout).toContain(option);
});
