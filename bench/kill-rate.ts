/**
 * How many planted faults are killed: each is asked by one claim after the other until one rejects it, those that killed it in MATRIX.md first.
 *   node dist/bench/kill-rate.js [effort = standard]
 */
import { readFileSync } from 'node:fs';

import { plantedFaults, type PlantedFault } from '../fixtures/planted-faults/index.ts';
import { readMatrix, rowOf } from '../fixtures/planted-faults/matrix.ts';
import { properties } from '../properties/index.ts';
import type { Effort } from '../src/index.ts';
import { machine } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

interface Verdict {
  readonly fault: string;
  readonly killer: string | undefined;
  /** A claim that needs no reference values and rejects it. */
  readonly relation: string | undefined;
}

const effort = (process.argv[2] ?? 'standard') as Effort;
const known = new Map(readMatrix(readFileSync('fixtures/planted-faults/MATRIX.md', 'utf8')).map(({ fault, killers }) => [fault, killers]));

async function judge(fault: PlantedFault): Promise<Verdict> {
  const first = known.get(fault.name) ?? [];
  const asked = properties.filter(({ operation }) => operation === fault.operation).toSorted((a, b) => Number(first.includes(b.id)) - Number(first.includes(a.id)));
  const firstOf = async (claims: typeof asked): Promise<string | undefined> => {
    for (const claim of claims) if ((await rowOf(fault, [claim], effort)).killers.length > 0) return claim.id;
    return undefined;
  };
  const relation = await firstOf(asked.filter(({ usesReference }) => !usesReference));
  return { fault: fault.name, killer: relation ?? (await firstOf(asked.filter(({ usesReference }) => usesReference))), relation };
}

const started = performance.now();
const verdicts = await spread(import.meta.url, plantedFaults.length, (item) => judge(plantedFaults[item]!), ({ fault }, done) => {
  process.stderr.write(`\r${done}/${plantedFaults.length} ${fault.padEnd(60)}`);
});
const share = (count: number): string => `${count} of ${plantedFaults.length} (${((100 * count) / plantedFaults.length).toFixed(1)} %)`;
console.log(`\n# ${machine()}, ${threadsWanted()} threads; effort ${effort}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
console.log(`killed: ${share(verdicts.filter(({ killer }) => killer !== undefined).length)}; by a relation, without reference values: ${share(verdicts.filter(({ relation }) => relation !== undefined).length)}`);
for (const { fault, killer } of verdicts) if (killer === undefined) console.log(`SURVIVOR ${fault}`);
for (const { fault, killer, relation } of verdicts) if (killer !== undefined && relation === undefined) console.log(`only by comparison: ${fault} (${killer})`);
