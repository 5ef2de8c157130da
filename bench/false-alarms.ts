/**
 * False alarms: every property on every legitimate variant, small batches, many seeds, until each has had its share of runs.
 * A run is one property on one case. Any failure is a false alarm, and is printed with its replay line.
 *   node dist/bench/false-alarms.js [runs = 200000] [seed = 1] [variants = *] [properties = *]
 */
import { mkdirSync } from 'node:fs';

import { legitimate } from '../fixtures/legitimate/index.ts';
import { properties } from '../properties/index.ts';
import { builtInTargets, inProcess, verify, type Property, type Target } from '../src/index.ts';
import { select } from '../src/cli/patterns.ts';
import { machine } from './machine.ts';

const wanted = Number(process.argv[2] ?? 200_000);
const seed = Number(process.argv[3] ?? 1);
const chosen = select('property', properties, ({ id }) => id, [process.argv[5] ?? '*']);
const small: Property[] = chosen.map((property) => ({ ...property, inputs: { ...property.inputs, maxElements: Math.min(property.inputs.maxElements ?? 256, 256) } }));

const variants = Object.entries(legitimate).map(([name, declaration]) => inProcess(name, declaration));
const builtIn: Target[] = [];
for (const target of builtInTargets()) if ((await target.open()).status === 'available') builtIn.push(target);
const targets = select('variant', [...variants, ...builtIn], ({ name }) => name, [process.argv[4] ?? '*']);
const runsOfProperty = Math.ceil(wanted / (targets.length * small.length));

mkdirSync('.plumbline/false-alarms', { recursive: true });
console.log(`# ${machine()}; ${targets.length} variants × ${small.length} properties, ${runsOfProperty} or more cases each, seed ${seed}`);
const started = performance.now();
const totals = { runs: 0, problems: 0, alarms: 0 };
const rows: Record<string, string | number>[] = [];
for (let round = 0; totals.runs < wanted; round++) {
  for (const target of targets) {
    const report = await verify({ targets: [target], properties: small, effort: 'quick', runs: runsOfProperty, seed: seed + round, shrink: true, failuresDir: '.plumbline/false-alarms' });
    const ran = report.results.filter(({ cases }) => cases > 0);
    const failed = ran.filter(({ status }) => status === 'failed');
    const row = {
      variant: target.name,
      properties: ran.length,
      runs: ran.reduce((sum, { cases }) => sum + cases, 0),
      problems: ran.reduce((sum, { problems }) => sum + problems, 0),
      'largest margin': Math.max(...ran.map(({ margin }) => margin)).toPrecision(3),
      alarms: failed.length,
    };
    rows.push(row);
    totals.runs += row.runs;
    totals.problems += row.problems;
    totals.alarms += row.alarms;
    process.stderr.write(`${target.name}: ${row.runs} runs, ${row.alarms} alarms, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
    for (const result of failed) console.log(`ALARM ${target.name} ${result.property}: ${result.reason ?? ''}\n${result.counterexample?.typed ?? ''}\n${result.counterexample?.replay ?? ''}`);
  }
}
console.table(rows);
console.log(`${totals.runs} property runs (${totals.problems} problems) over ${targets.length} variants: ${totals.alarms} false alarms, ${((performance.now() - started) / 1000).toFixed(0)} s`);
process.exitCode = totals.alarms === 0 ? 0 : 1;
