/**
 * How fast campaigns find faults that are rare: each fault of fixtures/rare-faults by so many seeds, guided; and, unless their seconds are 0, with guidance off: the same engine, every case drawn as
 * `verify` draws it, the claim against the reference alone. What guidance is worth is said by rare-table.ts, from the draws that `fuzz-rates` counted and wrote to a file.
 *   node dist/bench/fuzz-power.js [seeds = 20] [faults = *] [seconds = 60] [seconds without guidance = 0] [file that trials are added to] [file of fuzz-rates] [claims: all or reference]
 */
import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { rareFaults } from '../fixtures/rare-faults/index.ts';
import { properties } from '../properties/index.ts';
import { collect, select } from '../src/cli/patterns.ts';
import { fuzz } from '../src/fuzz/fuzz.ts';
import { inProcess } from '../src/index.ts';
import { machine } from './machine.ts';
import { drawnFrom, parityOf } from './rare-files.ts';
import { median, rareTable, type Trial } from './rare-table.ts';
import { spread, threadsWanted } from './threads.ts';

const seeds = Number(process.argv[2] ?? 20);
const chosen = select('rare fault', rareFaults, ({ name }) => name, collect(process.argv[3] ?? '*'));
const [guidedSeconds, plainSeconds] = [Number(process.argv[4] ?? 60), Number(process.argv[5] ?? 0)];
const [trialsFile, ratesFile, claims = 'all'] = process.argv.slice(6);
const drawn = drawnFrom(ratesFile); // a file that cannot be read ends the run before it begins

async function campaign(name: string, seed: number, guided: boolean, seconds: number): Promise<Trial> {
  const { operation, kernel } = rareFaults.find((fault) => fault.name === name)!;
  const parityAlone = !guided || claims === 'reference';
  const started = performance.now();
  const report = await fuzz({
    targets: [inProcess('rare', { kernels: { [operation]: kernel } })], seed, guided, failFast: true, maxTimeMs: 1000 * seconds,
    properties: parityAlone ? [parityOf(operation)] : properties.filter((property) => property.operation === operation),
    failuresDir: mkdtempSync(join(tmpdir(), 'plumbline-power-')),
  });
  return { name, seed, found: report.fuzz.counterexamples > 0, problems: report.fuzz.problems, seconds: (performance.now() - started) / 1000 };
}

const results = await spread(import.meta.url, chosen.length * seeds, async (item) => {
  const { name } = chosen[item % chosen.length]!;
  const seed = 1 + Math.floor(item / chosen.length);
  const guided = await campaign(name, seed, true, guidedSeconds);
  return { guided, plain: plainSeconds > 0 ? await campaign(name, seed, false, plainSeconds) : undefined };
}, ({ guided, plain }, done) => {
  if (trialsFile !== undefined && trialsFile !== '-') appendFileSync(trialsFile, `${JSON.stringify({ ...guided, claims, plain })}\n`);
  process.stderr.write(`\r${done}/${chosen.length * seeds} ${guided.name.padEnd(40)}`);
});

process.stderr.write('\n');
console.log(`# ${machine()}, ${threadsWanted()} campaigns side by side, one thread each; ${seeds} seeds, ${guidedSeconds} s, ${claims === 'all' ? 'all claims' : 'the claim against the reference alone'}`);
const names = chosen.map(({ name }) => name);
console.table(rareTable(names, results.map(({ guided }) => guided), drawn));
if (plainSeconds === 0) console.log('no campaigns without guidance (0 seconds were given)');
else {
  console.table(Object.fromEntries(names.map((name) => {
    const plain = results.flatMap((result) => (result.plain?.name === name ? [result.plain] : []));
    return [name, { 'found, not guided': `${plain.filter(({ found }) => found).length}/${seeds}`, problems: plain.reduce((sum, { problems }) => sum + problems, 0), 'median problems': median(plain.map(({ found, problems }) => (found ? problems : Infinity))) }];
  })));
}
