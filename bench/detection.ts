/** The detection matrix in full: every planted fault against every property of its operation. Prints it and the two kill rates. */
import { plantedFaults } from '../fixtures/planted-faults/index.ts';
import { properties } from '../properties/index.ts';
import { renderMatrix, rowOf, type Row } from '../fixtures/planted-faults/matrix.ts';
import type { Effort } from '../src/index.ts';

const effort = (process.argv[2] ?? 'quick') as Effort;
const started = performance.now();
const rows: Row[] = [];
for (const fault of plantedFaults) {
  rows.push(await rowOf(fault, properties, effort));
  process.stderr.write(`\r${rows.length}/${plantedFaults.length} ${fault.name.padEnd(60)}`);
}
process.stderr.write('\n');
const share = (count: number): string => `${count} of ${rows.length} (${((100 * count) / rows.length).toFixed(1)} %)`;
console.log(renderMatrix(rows));
console.log(`\nEffort ${effort}, ${((performance.now() - started) / 1000).toFixed(0)} s.`);
console.log(`Killed: ${share(rows.filter(({ killers }) => killers.length > 0).length)}.`);
console.log(`Killed by relations alone, without reference values: ${share(rows.filter(({ relations }) => relations.length > 0).length)}.`);
const idle = properties.filter(({ id }) => !rows.some(({ killers }) => killers.includes(id)));
console.log(`Properties that killed none of them: ${idle.map(({ id }) => id).join(', ') || 'none'}.`);
