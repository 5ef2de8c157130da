/**
 * Drift: how often `plumbline drift` finds a kernel that became twice as inaccurate, at which commit, and how often it raises an alert where nothing changed. All margins are those of real runs of
 * `verify`, each with a seed of its own. Every history is looked at after each run, as CI would: a false alert in any look counts. Random cases are left out: only deterministic ones are in the quantiles.
 *   node dist/bench/drift-power.js [quiet = 100] [injected = 20] [runs = 20] [elements = 1024] [seed = 1] [file]
 * `runs` are those of one history; the change of an injected one is at run 16, or five before the last. `elements` bounds the largest tensor of a case: larger batches, less noise, more time.
 * A history takes minutes of a core. With a file, each is kept there when it is done, and those that it has of the same arguments are not run again: parts can be had on several days and machines.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

import { drifted } from '../fixtures/drifted/index.ts';
import { legitimate } from '../fixtures/legitimate/index.ts';
import { properties } from '../properties/index.ts';
import { inProcess, verify, type Property, type TargetDeclaration } from '../src/index.ts';
import { hashText } from '../src/generate/random.ts';
import { findDrift, type Change } from '../src/perf/drift/drift.ts';
import { marginRecords, type MarginRecord } from '../src/perf/drift/record.ts';
import { fewestRuns } from '../src/perf/drift/shift.ts';
import { environmentHere } from '../src/perf/history/environment.ts';
import { hashOf } from '../src/perf/history/record.ts';
import { machine } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

const [quiet, injected, runs, elements, seed] = [100, 20, 20, 1024, 1].map((usual, k) => Number(process.argv[k + 2] ?? usual)) as [number, number, number, number, number];
const file = process.argv[7];
const small: Property[] = properties.map((property) => ({ ...property, inputs: { ...property.inputs, maxElements: Math.min(property.inputs.maxElements ?? elements, elements) } }));
const variants = Object.entries(legitimate);
const changedAt = Math.min(15, runs - 5);

interface History {
  readonly name: string;
  readonly injected: boolean;
  targetAt(run: number): TargetDeclaration;
}

const histories: History[] = [
  ...Array.from({ length: injected }, (_, k): History => {
    const { name, before, after } = drifted[k % drifted.length]!;
    return { name, injected: true, targetAt: (run) => (run < changedAt ? before : after) };
  }),
  ...Array.from({ length: quiet }, (_, k): History => {
    const [name, declaration] = variants[k % variants.length]!;
    return { name, injected: false, targetAt: () => declaration };
  }),
];

interface Result {
  readonly name: string;
  readonly injected: boolean;
  /** The first alert: after how many runs it was raised, and which run it named. */
  readonly alert: { readonly after: number; readonly named: number; readonly octaves: number } | undefined;
  readonly looks: number;
  /** Claims that failed in some run, and are no drift any more. */
  readonly failing: number;
  readonly series: number;
}

async function follow(item: number): Promise<Result> {
  const history = histories[item]!;
  const records: MarginRecord[] = [];
  const failing = new Set<string>();
  let alert: Result['alert'];
  let looks = 0;
  for (let run = 0; run < runs; run++) {
    const report = await verify({
      targets: [inProcess('kernels', history.targetAt(run))], properties: small, effort: 'quick', runs: 4, shrink: false,
      seed: hashText(`${seed} ${item} ${run}`), failuresDir: '.plumbline/drift-power',
    });
    for (const { property, status } of report.results) if (status === 'failed') failing.add(property);
    const commit = { commit: hashOf(`${item} ${run}`).slice(0, 40), dirty: false };
    records.push(...marginRecords(report, { runs: 4, environment: environmentHere(), commit, date: new Date(Date.UTC(2026, 0, 1 + run)) }));
    if (records.length < fewestRuns(1 / 1000)) continue;
    looks++;
    const found = findDrift(records).flatMap(({ changes }) => changes).filter((change) => change.alert);
    if (found.length > 0 && alert === undefined) alert = { after: run + 1, named: found[0]!.at, octaves: largest(found[0]!) };
  }
  return { name: history.name, injected: history.injected, alert, looks, failing: failing.size, series: records[0]!.results.filter(({ max }) => max > 0).length };
}

function largest({ groups }: Change): number {
  return Math.max(...groups.map(({ octaves }) => octaves));
}

/** What a line of the file says: a result, what it is of, and where it was measured. */
interface Kept {
  readonly key: string;
  readonly result: Result;
  readonly machine: string;
}
const keys = histories.map(({ name, injected: changes }, item) => [changes ? 'injected' : 'quiet', item, name, runs, elements, seed].join(' '));
const kept = new Map(file !== undefined && existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Kept).map((one) => [one.key, one]) : []);
const missing = keys.flatMap((key, item) => (kept.has(key) ? [] : [item]));

const started = performance.now();
await spread(import.meta.url, missing, follow, (result, done, item) => {
  const line: Kept = { key: keys[item]!, result, machine: machine() };
  kept.set(line.key, line);
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
  process.stderr.write(`\r${done}/${missing.length} ${result.name.padEnd(40)}`);
});
const results = keys.map((key) => kept.get(key)!.result);
console.log(`\n# ${machine()}, ${threadsWanted()} threads; ${runs} runs a history, tensors of at most ${elements} elements, seed ${seed}; ${missing.length} histories now, ${((performance.now() - started) / 1000).toFixed(0)} s; measured on ${[...new Set(keys.map((key) => kept.get(key)!.machine))].join(', ')}`);
const changed = results.filter((result) => result.injected);
if (changed.length > 0) {
  console.log(`# injected at run ${changedAt + 1}`);
  console.table(changed.map(({ name, alert, failing, series }) => ({
    'became worse': name, 'claims with margins': series, 'claims that failed': failing,
    found: alert === undefined ? 'no' : `${alert.after - changedAt} runs after`, named: alert === undefined ? '' : alert.named === changedAt ? 'the commit' : `${alert.named - changedAt} off`,
    'mean factor': alert === undefined ? '' : (2 ** alert.octaves).toFixed(2),
  })));
}
const found = changed.filter(({ alert }) => alert !== undefined && alert.named >= changedAt - 5 && alert.after > changedAt && alert.after - changedAt <= 5);
const exact = found.filter(({ alert }) => alert!.named === changedAt);
const still = results.filter((result) => !result.injected);
const alarms = still.filter(({ alert }) => alert !== undefined);
for (const { name, alert } of alarms) console.log(`FALSE ALERT ${name}: after ${alert!.after} runs, run ${alert!.named + 1} named`);
console.log(`injected: ${found.length} of ${changed.length} found within five commits, ${exact.length} at the very commit`);
console.log(`quiet: ${alarms.length} of ${still.length} histories with a false alert in ${still.reduce((sum, { looks }) => sum + looks, 0)} looks`);
process.exitCode = found.length === changed.length && alarms.length <= still.length / 100 ? 0 : 1;
