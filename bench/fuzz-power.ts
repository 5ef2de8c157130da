/**
 * How fast campaigns find faults that are rare: each fault of fixtures/rare-faults by so many seeds, guided, and with guidance off (the same engine, every case drawn as `verify` draws it), and how
 * rare it is at most, and how many times fewer problems guidance needed at least, both at 95 % (Clopper & Pearson over all campaigns without guidance together).
 *   node dist/bench/fuzz-power.js [seeds = 20] [faults = *] [seconds = 60] [seconds without guidance = 60] [file that trials are added to]
 */
import { tmpdir } from 'node:os';
import { appendFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';

import { rareFaults } from '../fixtures/rare-faults/index.ts';
import { properties } from '../properties/index.ts';
import { clopperPearsonUpper } from '../src/numerics/clopper-pearson.ts';
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

async function campaign(name: string, seed: number, guided: boolean, seconds: number): Promise<Trial> {
  const fault = rareFaults.find((one) => one.name === name)!;
  const targets = [inProcess('rare', { kernels: { [fault.operation]: fault.kernel } })];
  const started = performance.now();
  const report = await fuzz({
    targets, properties: properties.filter(({ operation }) => operation === fault.operation), seed, guided, failFast: true, maxTimeMs: 1000 * seconds,
    failuresDir: mkdtempSync(join(tmpdir(), 'plumbline-power-')),
  });
  return { found: report.fuzz.counterexamples > 0, problems: report.fuzz.problems, seconds: (performance.now() - started) / 1000 };
}

const results = await spread(import.meta.url, chosen.length * seeds, async (item) => {
  const { name } = chosen[item % chosen.length]!;
  const seed = 1 + Math.floor(item / chosen.length);
  const guided = await campaign(name, seed, true, guidedSeconds);
  const plain = await campaign(name, seed, false, plainSeconds);
  return { name, guided, plain };
}, (trial, done) => {
  if (process.argv[6] !== undefined) appendFileSync(process.argv[6], `${JSON.stringify(trial)}\n`);
  process.stderr.write(`\r${done}/${chosen.length * seeds} ${trial.name.padEnd(40)}`);
});

process.stderr.write('\n');
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
console.log(`# ${machine()}, ${threadsWanted()} campaigns side by side, one thread each; ${seeds} seeds`);
console.table(Object.fromEntries(chosen.map(({ name }) => {
  const own = results.filter((result) => result.name === name);
  const guided = own.map((result) => result.guided);
  const plain = own.map((result) => result.plain);
  const problems = median(guided.map((trial) => (trial.found ? trial.problems : Infinity)));
  const tried = plain.reduce((sum, trial) => sum + trial.problems, 0);
  const met = plain.filter(({ found }) => found).length;
  // as if problems were drawn independently: half of the campaigns without guidance need at least ln 2 / rate
  const rate = clopperPearsonUpper(tried, met, 0.05);
  return [name, {
    'found, guided': `${guided.filter(({ found }) => found).length}/${seeds}`,
    'median s': Number(median(guided.map(({ found, seconds }) => (found ? seconds : Infinity))).toFixed(1)),
    'median problems': problems,
    'found, not guided': `${met}/${seeds}`,
    'problems without guidance': tried,
    'rate at most (95 %)': rate.toExponential(1),
    'times fewer, at least (95 %)': Number((Math.LN2 / rate / problems).toFixed(1)),
  }];
})));
