/**
 * Drift: how often `plumbline drift` finds a kernel that became twice as inaccurate, at which commit, and how often it raises an alert where nothing changed. All margins are those of real runs of
 * `verify`, each with a seed of its own. Every history is looked at after each run, as CI would: a false alert in any look counts. Random cases are left out: only deterministic ones are in the quantiles.
 *   node dist/bench/drift-power.js [quiet = 100] [injected = 20] [runs = 20] [elements = 1024] [seed = 1] [folder]
 * `runs` are those of one history; the change of an injected one is at run 16, or five before the last. `elements` bounds the largest tensor of a case: larger batches, less noise, more time.
 * A history takes minutes of a core. The margins of each are kept in the folder run by run, and what is there of the same arguments is not run again: parts can be had on several days and machines, and be
 * judged anew where the judge has changed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { drifted } from '../fixtures/drifted/index.ts';
import { legitimate } from '../fixtures/legitimate/index.ts';
import { properties } from '../properties/index.ts';
import { inProcess, verify, type Property, type TargetDeclaration } from '../src/index.ts';
import { hashText } from '../src/generate/random.ts';
import { findDrift, type Change } from '../src/perf/drift/drift.ts';
import { appendMargins, marginRecords, readMargins, type MarginRecord } from '../src/perf/drift/record.ts';
import { leastOctave, quantileSeries } from '../src/perf/drift/series.ts';
import { fewestRuns, median } from '../src/perf/drift/shift.ts';
import { environmentHere } from '../src/perf/history/environment.ts';
import { hashOf } from '../src/perf/history/record.ts';
import { machine } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

const [quiet, injected, runs, elements, seed] = [100, 20, 20, 1024, 1].map((usual, k) => Number(process.argv[k + 2] ?? usual)) as [number, number, number, number, number];
const folder = process.argv[7] ?? '.plumbline/drift-power/histories';
const small: Property[] = properties.map((property) => ({ ...property, inputs: { ...property.inputs, maxElements: Math.min(property.inputs.maxElements ?? elements, elements) } }));
const variants = Object.entries(legitimate);
const changedAt = Math.min(15, runs - 5);

interface History {
  readonly name: string;
  readonly injected: boolean;
  readonly operation?: string | undefined;
  /** How many of this name come before it. */
  readonly repetition: number;
  targetAt(run: number): TargetDeclaration;
}

const histories: History[] = [
  ...Array.from({ length: injected }, (_, k): History => {
    const { name, operation, before, after } = drifted[k % drifted.length]!;
    return { name, operation, injected: true, repetition: Math.floor(k / drifted.length), targetAt: (run) => (run < changedAt ? before : after) };
  }),
  ...Array.from({ length: quiet }, (_, k): History => {
    const [name, declaration] = variants[k % variants.length]!;
    return { name, injected: false, repetition: Math.floor(k / variants.length), targetAt: () => declaration };
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
  /** Of what an injected change is in: the median rise of its margins, in octaves. */
  readonly rise: number | undefined;
}

/** What a history is of, and its file. */
function keyOf({ name, injected: changes, repetition }: History): string {
  return [changes ? 'injected' : 'quiet', name, repetition, runs, elements, seed].join(' ').replaceAll(/[^\w.-]+/g, '-');
}

function fileOf(history: History): string {
  return join(folder, `${keyOf(history)}.jsonl`);
}

/** Runs what its file lacks. A thread that has begun it goes on to its end. */
async function follow(item: number): Promise<Result> {
  const history = histories[item]!;
  const path = fileOf(history);
  const records = existsSync(path) ? [...readMargins(path).records] : [];
  for (let run = records.length; run < runs; run++) {
    const report = await verify({
      targets: [inProcess('kernels', history.targetAt(run))], properties: small, effort: 'quick', runs: 4, shrink: false,
      seed: hashText(`${keyOf(history)} ${run}`), failuresDir: '.plumbline/drift-power',
    });
    const commit = { commit: hashOf(`${keyOf(history)} ${run}`).slice(0, 40), dirty: false };
    const record = marginRecords(report, { runs: 4, environment: environmentHere(), commit, date: new Date(Date.UTC(2026, 0, 1 + run)) });
    records.push(...record);
    appendMargins(path, record);
  }
  return judged(history, records);
}

/** Every look at a history that grows. */
function judged({ name, operation, injected: changes }: History, records: readonly MarginRecord[]): Result {
  let alert: Result['alert'];
  let looks = 0;
  for (let run = fewestRuns(1 / 1000); run <= records.length; run++) {
    looks++;
    const found = findDrift(records.slice(0, run)).flatMap(({ changes: all }) => all).filter((change) => change.alert);
    if (found.length > 0 && alert === undefined) alert = { after: run, named: found[0]!.at, octaves: largest(found[0]!) };
  }
  const failing = new Set(records.flatMap(({ results }) => results.filter(({ status }) => status === 'failed').map(({ property }) => property)));
  return { name, injected: changes, alert, looks, failing: failing.size, series: records[0]!.results.filter(({ max }) => max > 0).length, rise: changes ? riseOf(operation, records) : undefined };
}

/** The median over all quantiles of an operation's margins that vary, and are not 0, of how far their medians rose: octaves. */
function riseOf(operation: string | undefined, records: readonly MarginRecord[]): number {
  const own = quantileSeries(records).filter((one) => (operation === undefined || one.operation === operation) && one.values.every((value) => value > leastOctave) && new Set(one.values).size > 1);
  return median(Float64Array.from(own, ({ values }) => median(values.slice(changedAt)) - median(values.slice(0, changedAt))));
}

function largest({ groups }: Change): number {
  return Math.max(...groups.map(({ octaves }) => octaves));
}

const started = performance.now();
const missing = histories.filter((history) => !existsSync(fileOf(history)) || readMargins(fileOf(history)).records.length < runs);
const results = await spread(import.meta.url, histories.length, follow, ({ name }, done) => process.stderr.write(`\r${done}/${histories.length} ${name.padEnd(40)}`));
console.log(`\n# ${machine()}, ${threadsWanted()} threads; ${runs} runs a history, tensors of at most ${elements} elements, seed ${seed}; ${missing.length} of ${histories.length} histories run now, ${((performance.now() - started) / 1000).toFixed(0)} s`);
const changed = results.filter((result) => result.injected);
if (changed.length > 0) {
  console.log(`# injected at run ${changedAt + 1}`);
  console.table(changed.map(({ name, alert, failing, series, rise }) => ({
    'became worse': name, 'claims with margins': series, 'claims that failed': failing, 'margins, median factor': (2 ** rise!).toFixed(2),
    found: alert === undefined ? 'no' : `${alert.after - changedAt} runs after`, named: alert === undefined ? '' : alert.named === changedAt ? 'the commit' : `${alert.named - changedAt} off`,
    'factor seen': alert === undefined ? '' : (2 ** alert.octaves).toFixed(2),
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
