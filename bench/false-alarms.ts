/**
 * False alarms: every property on every legitimate variant, small batches, random seeds, until each has had its share of runs.
 * A run is one property on one case. Any failure is a false alarm, and is printed with its replay line.
 *   node dist/bench/false-alarms.js [runs = 200000] [seed = 1] [variants = *] [properties = *]
 */
import { mkdirSync } from 'node:fs';

import { legitimate } from '../fixtures/legitimate/index.ts';
import { properties } from '../properties/index.ts';
import { builtInTargets, inProcess, verify, type Property, type Target } from '../src/index.ts';
import { operations } from '../src/operations/index.ts';
import { resolveKernel } from '../src/targets/resolve.ts';
import { select } from '../src/cli/patterns.ts';
import { machine } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

interface Row {
  readonly variant: string;
  readonly properties: number;
  readonly runs: number;
  readonly problems: number;
  readonly margin: number;
  readonly alarms: readonly string[];
}

const wanted = Number(process.argv[2] ?? 200_000);
const seed = Number(process.argv[3] ?? 1);
const chosen = select('property', properties, ({ id }) => id, [process.argv[5] ?? '*']);
const small: Property[] = chosen.map((property) => ({ ...property, inputs: { ...property.inputs, maxElements: Math.min(property.inputs.maxElements ?? 256, 256) } }));

const available: Target[] = [];
for (const target of [...Object.entries(legitimate).map(([name, declaration]) => inProcess(name, declaration)), ...builtInTargets()]) {
  if ((await target.open()).status === 'available') available.push(target);
}
const targets = select('variant', available, ({ name }) => name, [process.argv[4] ?? '*']);

/** Pieces of about the same size: a target and some of the properties that can be asked of it. */
const pieceSize = 12;
const pieces = targets.flatMap((target) => {
  const asked = small.filter((property) => applies(property, target));
  return Array.from({ length: Math.ceil(asked.length / pieceSize) }, (_, k) => ({ target, asked: asked.slice(k * pieceSize, (k + 1) * pieceSize) }));
});
const runsOfProperty = Math.ceil(wanted / pieces.reduce((sum, { asked }) => sum + asked.length, 0));

function applies(property: Property, target: Target): boolean {
  const declaration = target.kernels()[property.operation];
  if (declaration === undefined) return false;
  return property.notApplicable?.(resolveKernel(operations[property.operation], declaration, property.operation)) === undefined;
}

async function judge({ target, asked }: (typeof pieces)[number]): Promise<Row> {
  const report = await verify({ targets: [target], properties: asked, effort: 'quick', runs: runsOfProperty, seed, shrink: true, failuresDir: '.plumbline/false-alarms' });
  const ran = report.results.filter(({ cases }) => cases > 0);
  return {
    variant: target.name,
    properties: ran.length,
    runs: ran.reduce((sum, { cases }) => sum + cases, 0),
    problems: ran.reduce((sum, { problems }) => sum + problems, 0),
    margin: Math.max(0, ...ran.map(({ margin }) => margin)),
    alarms: ran.filter(({ status }) => status === 'failed').map(({ property, reason, counterexample }) => `ALARM ${target.name} ${property}: ${reason ?? ''}\n${counterexample?.typed ?? ''}\n${counterexample?.replay ?? ''}`),
  };
}

mkdirSync('.plumbline/false-alarms', { recursive: true });
const started = performance.now();
const results = await spread(import.meta.url, pieces.length, (item) => judge(pieces[item]!), ({ variant, alarms }, done) => {
  process.stderr.write(`\r${done}/${pieces.length} ${variant.padEnd(40)}`);
  for (const alarm of alarms) console.log(alarm);
});
console.log(`\n# ${machine()}, ${threadsWanted()} threads; ${targets.length} variants, ${small.length} properties, ${runsOfProperty} cases of each pair, seed ${seed}`);
const total = (rows: readonly Row[], of: (row: Row) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
console.table(targets.map(({ name }) => {
  const rows = results.filter(({ variant }) => variant === name);
  return {
    variant: name,
    properties: total(rows, (row) => row.properties),
    runs: total(rows, (row) => row.runs),
    problems: total(rows, (row) => row.problems),
    'largest margin': Math.max(0, ...rows.map(({ margin }) => margin)).toPrecision(3),
    alarms: total(rows, (row) => row.alarms.length),
  };
}));
const runs = total(results, (row) => row.runs);
const alarms = total(results, (row) => row.alarms.length);
console.log(`${runs} property runs (${total(results, (row) => row.problems)} problems) over ${targets.length} variants: ${alarms} false alarms, ${((performance.now() - started) / 1000).toFixed(0)} s`);
if (runs < wanted) console.log(`${wanted - runs} fewer than asked for: some claims could not be made about the inputs that came up`);
process.exitCode = alarms === 0 && runs >= wanted ? 0 : 1;
