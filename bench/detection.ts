/**
 * The detection matrix: every planted fault against every property of its operation. Prints it and the two kill rates; --write replaces the table in MATRIX.md.
 *   node dist/bench/detection.js [effort = quick] [faults = *] [--write]
 * With faults given, the other rows stay those of fixtures/planted-faults/MATRIX.md, so that the output is again the whole matrix.
 */
import { readFileSync } from 'node:fs';

import { plantedFaults } from '../fixtures/planted-faults/index.ts';
import { properties } from '../properties/index.ts';
import { readMatrix, renderMatrix, rowOf, type Row } from '../fixtures/planted-faults/matrix.ts';
import { select } from '../src/cli/patterns.ts';
import { writeFileAtomically } from '../src/verify/atomic-file.ts';
import type { Effort } from '../src/index.ts';
import { machine } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

const matrix = 'fixtures/planted-faults/MATRIX.md';
const given = process.argv.slice(2).filter((argument) => argument !== '--write');
const effort = (given[0] ?? 'quick') as Effort;
const chosen = select('planted fault', plantedFaults, ({ name }) => name, [given[1] ?? '*']);
const started = performance.now();
const rows: Row[] = await spread(import.meta.url, chosen.length, (item) => rowOf(chosen[item]!, properties, effort), ({ fault }, done) => {
  process.stderr.write(`\r${done}/${chosen.length} ${fault.padEnd(60)}`);
});
process.stderr.write('\n');
const share = (count: number): string => `${count} of ${rows.length} (${((100 * count) / rows.length).toFixed(1)} %)`;
const text = readFileSync(matrix, 'utf8');
const kept = chosen.length === plantedFaults.length ? [] : readMatrix(text);
const merged = plantedFaults.flatMap(({ name }) => [...rows, ...kept].find(({ fault }) => fault === name) ?? []);
if (process.argv.includes('--write')) writeFileAtomically(matrix, `${text.slice(0, text.indexOf('| fault |'))}${renderMatrix(merged)}\n`);
else console.log(renderMatrix(merged));
console.log(`\n# ${machine()}, ${threadsWanted()} threads; effort ${effort}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
console.log(`Killed: ${share(rows.filter(({ killers }) => killers.length > 0).length)}.`);
console.log(`Killed by relations alone, without reference values: ${share(rows.filter(({ relations }) => relations > 0).length)}.`);
for (const { fault, killers, relations } of rows) if (relations === 0) console.log(`${killers.length === 0 ? 'SURVIVOR' : 'only by comparison:'} ${fault}`);
const idle = properties.filter(({ id }) => !merged.some(({ killers }) => killers.includes(id)));
console.log(`Properties that killed none of them: ${idle.map(({ id }) => id).join(', ') || 'none'}.`);
