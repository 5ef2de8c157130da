/**
 * The detection matrix: every planted fault against every property of its operation. Prints it and the two kill rates.
 *   node dist/bench/detection.js [effort = quick] [faults = *]
 * With faults given, the other rows stay those of fixtures/planted-faults/MATRIX.md, so that the output is again the whole matrix.
 */
import { readFileSync } from 'node:fs';

import { plantedFaults } from '../fixtures/planted-faults/index.ts';
import { properties } from '../properties/index.ts';
import { readMatrix, renderMatrix, rowOf, type Row } from '../fixtures/planted-faults/matrix.ts';
import { select } from '../src/cli/patterns.ts';
import type { Effort } from '../src/index.ts';

const effort = (process.argv[2] ?? 'quick') as Effort;
const chosen = select('planted fault', plantedFaults, ({ name }) => name, [process.argv[3] ?? '*']);
const started = performance.now();
const rows: Row[] = [];
for (const fault of chosen) {
  rows.push(await rowOf(fault, properties, effort));
  process.stderr.write(`\r${rows.length}/${chosen.length} ${fault.name.padEnd(60)}`);
}
process.stderr.write('\n');
const share = (count: number): string => `${count} of ${rows.length} (${((100 * count) / rows.length).toFixed(1)} %)`;
const kept = chosen.length === plantedFaults.length ? [] : readMatrix(readFileSync('fixtures/planted-faults/MATRIX.md', 'utf8'));
const merged = plantedFaults.flatMap(({ name }) => [...rows, ...kept].find(({ fault }) => fault === name) ?? []);
console.log(renderMatrix(merged));
console.log(`\nEffort ${effort}, ${((performance.now() - started) / 1000).toFixed(0)} s.`);
console.log(`Killed: ${share(rows.filter(({ killers }) => killers.length > 0).length)}.`);
console.log(`Killed by relations alone, without reference values: ${share(rows.filter(({ relations }) => relations > 0).length)}.`);
const idle = properties.filter(({ id }) => !merged.some(({ killers }) => killers.includes(id)));
console.log(`Properties that killed none of them: ${idle.map(({ id }) => id).join(', ') || 'none'}.`);
