/**
 * How many planted faults are killed: each is asked by one claim after the other until one rejects it, those that killed it in MATRIX.md first. On two cores.
 *   node dist/bench/kill-rate.js [effort = standard]
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

import { plantedFaults } from '../fixtures/planted-faults/index.ts';
import { readMatrix, rowOf } from '../fixtures/planted-faults/matrix.ts';
import { properties } from '../properties/index.ts';
import type { Effort } from '../src/index.ts';
import { machine } from './machine.ts';

interface Verdict {
  readonly fault: string;
  readonly killer: string | undefined;
  /** A claim that needs no reference values and rejects it. */
  readonly relation: string | undefined;
}

const cores = 2;

async function judge(part: number, effort: Effort, tell: (verdict: Verdict) => void): Promise<void> {
  const known = new Map(readMatrix(readFileSync('fixtures/planted-faults/MATRIX.md', 'utf8')).map(({ fault, killers }) => [fault, killers]));
  for (const fault of plantedFaults.filter((_, index) => index % cores === part)) {
    const first = known.get(fault.name) ?? [];
    const asked = properties.filter(({ operation }) => operation === fault.operation).toSorted((a, b) => Number(first.includes(b.id)) - Number(first.includes(a.id)));
    const firstOf = async (claims: typeof asked): Promise<string | undefined> => {
      for (const claim of claims) if ((await rowOf(fault, [claim], effort)).killers.length > 0) return claim.id;
      return undefined;
    };
    const relation = await firstOf(asked.filter(({ usesReference }) => !usesReference));
    tell({ fault: fault.name, killer: relation ?? (await firstOf(asked.filter(({ usesReference }) => usesReference))), relation });
  }
}

if (isMainThread) {
  const effort = (process.argv[2] ?? 'standard') as Effort;
  const started = performance.now();
  const verdicts: Verdict[] = [];
  const tell = (verdict: Verdict): void => {
    verdicts.push(verdict);
    process.stderr.write(`\r${verdicts.length}/${plantedFaults.length} ${verdict.fault.padEnd(60)}`);
  };
  const workers = Array.from({ length: cores }, (_, part) => new Promise<void>((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { part, effort } });
    worker.on('message', tell);
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with code ${code}`))));
  }));
  await Promise.all(workers);
  const share = (count: number): string => `${count} of ${plantedFaults.length} (${((100 * count) / plantedFaults.length).toFixed(1)} %)`;
  console.log(`\n# ${machine()}; effort ${effort}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  console.log(`killed: ${share(verdicts.filter(({ killer }) => killer !== undefined).length)}; by a relation, without reference values: ${share(verdicts.filter(({ relation }) => relation !== undefined).length)}`);
  for (const { fault, killer } of verdicts) if (killer === undefined) console.log(`SURVIVOR ${fault}`);
  for (const { fault, killer, relation } of verdicts) if (killer !== undefined && relation === undefined) console.log(`only by comparison: ${fault} (${killer})`);
  if (verdicts.length !== plantedFaults.length) throw new Error(`${plantedFaults.length - verdicts.length} faults were not judged`);
} else {
  const { part, effort } = workerData as { part: number; effort: Effort };
  await judge(part, effort, (verdict) => parentPort!.postMessage(verdict));
}
