/** How small counterexamples get over the planted faults, and in how many kernel calls: the smallest of those that its killers give is what a user reads. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { plantedFaults } from '../fixtures/planted-faults/index.ts';
import { properties } from '../properties/index.ts';
import { expand, inProcess, operations, recipeSizes, verify } from '../src/index.ts';
import { machine, quantile } from './machine.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-shrinking-'));
const rows: { fault: string; kind: string; property: string; problems: number; 'non-zero numbers': number; 'longest number': number; 'kernel calls': number }[] = [];
for (const fault of plantedFaults) {
  const target = inProcess('planted', { kernels: { [fault.operation]: fault.kernel } });
  const asked = properties.filter(({ operation }) => operation === fault.operation);
  const report = await verify({ targets: [target], properties: asked, effort: 'quick', seed: 1, callTimeoutMs: 300, failuresDir: folder });
  for (const { property, counterexample } of report.results) {
    if (counterexample === undefined) continue;
    const plan = properties.find(({ id }) => id === property)!.inputs;
    const numbers = Object.values(expand(counterexample.recipe, operations[fault.operation], plan)).flatMap((values) => Array.from(values)).filter((value) => value !== 0);
    rows.push({
      fault: fault.name,
      kind: fault.kind,
      property,
      problems: recipeSizes(counterexample.recipe).tokens,
      'non-zero numbers': numbers.length,
      'longest number': Math.max(0, ...numbers.map((value) => String(value).length)),
      'kernel calls': counterexample.kernelCalls,
    });
  }
  process.stderr.write(`\r${fault.name.padEnd(70)}`);
}
rmSync(folder, { recursive: true, force: true });
process.stderr.write('\n');

const best = plantedFaults.flatMap(({ name }) => rows.filter(({ fault }) => fault === name).toSorted((a, b) => a.problems - b.problems || a['non-zero numbers'] - b['non-zero numbers'] || a['longest number'] - b['longest number']).slice(0, 1));
console.log(`# ${machine()}; ${rows.length} counterexamples of ${plantedFaults.length} faults`);
console.table(best);
for (const [name, list] of [['all counterexamples', rows], ['the simplest of each fault', best]] as const) {
  console.log(name);
  for (const column of ['problems', 'non-zero numbers', 'longest number', 'kernel calls'] as const) {
    const sorted = list.map((row) => row[column]).toSorted((a, b) => a - b);
    console.log(`  ${column}: median ${quantile(sorted, 0.5)}, 90 % ${quantile(sorted, 0.9)}, largest ${sorted.at(-1)}`);
  }
}
