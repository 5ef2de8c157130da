/**
 * How fast campaigns find faults that are rare: each fault of fixtures/rare-faults by so many seeds, guided, and with guidance off (the same engine, every case drawn as `verify` draws it), and how
 * often its condition holds under plain draws. Without guidance a campaign is given up after ten times the problems that guidance needed, or its time.
 *   node dist/bench/fuzz-power.js [seeds = 20] [faults = *] [seconds = 60] [seconds without guidance = 60]
 */
import { tmpdir } from 'node:os';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';

import { rareFaults } from '../fixtures/rare-faults/index.ts';
import { properties } from '../properties/index.ts';
import { select } from '../src/cli/patterns.ts';
import { fuzz } from '../src/fuzz/fuzz.ts';
import { inProcess } from '../src/index.ts';
import { machine } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

interface Trial {
  readonly found: boolean;
  readonly problems: number;
  readonly seconds: number;
}

const seeds = Number(process.argv[2] ?? 20);
const chosen = select('rare fault', rareFaults, ({ name }) => name, [process.argv[3] ?? '*']);
const [guidedSeconds, plainSeconds] = [Number(process.argv[4] ?? 60), Number(process.argv[5] ?? 60)];

async function campaign(name: string, seed: number, guided: boolean, seconds: number, maxProblems?: number): Promise<Trial> {
  const fault = rareFaults.find((one) => one.name === name)!;
  const targets = [inProcess('rare', { kernels: { [fault.operation]: fault.kernel } })];
  const started = performance.now();
  const report = await fuzz({
    targets, properties: properties.filter(({ operation }) => operation === fault.operation), seed, guided, failFast: true, maxTimeMs: 1000 * seconds, maxProblems,
    failuresDir: mkdtempSync(join(tmpdir(), 'plumbline-power-')),
  });
  return { found: report.fuzz.counterexamples > 0, problems: report.fuzz.problems, seconds: (performance.now() - started) / 1000 };
}

const results = await spread(import.meta.url, chosen.length * seeds, async (item) => {
  const { name } = chosen[item % chosen.length]!;
  const seed = 1 + Math.floor(item / chosen.length);
  const guided = await campaign(name, seed, true, guidedSeconds);
  const plain = await campaign(name, seed, false, plainSeconds, guided.found ? 10 * guided.problems : undefined);
  return { name, guided, plain };
}, ({ name }, done) => process.stderr.write(`\r${done}/${chosen.length * seeds} ${name.padEnd(40)}`));

process.stderr.write('\n');
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
console.log(`# ${machine()}, ${threadsWanted()} threads of one campaign each; ${seeds} seeds`);
console.table(Object.fromEntries(chosen.map(({ name }) => {
  const own = results.filter((result) => result.name === name);
  const needed = (trials: readonly Trial[]): number => median(trials.map(({ found, problems }) => (found ? problems : Infinity)));
  const guided = own.map((result) => result.guided);
  const plain = own.map((result) => result.plain);
  const tried = plain.reduce((sum, { problems }) => sum + problems, 0);
  return [name, {
    'found, guided': `${guided.filter(({ found }) => found).length}/${seeds}`,
    'median s': Number(median(guided.map(({ found, seconds }) => (found ? seconds : Infinity))).toFixed(1)),
    'median problems': needed(guided),
    'found, not guided': `${plain.filter(({ found }) => found).length}/${seeds}`,
    'problems tried': tried,
    'ratio at least': Number((median(plain.map(({ problems }) => problems)) / needed(guided)).toFixed(1)),
  }];
})));
