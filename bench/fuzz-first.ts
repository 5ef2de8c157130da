/**
 * Time from the start of a campaign to its first counterexample, shrunk and written down, over all planted faults; one campaign after the other on each thread, in processes that are warm but for
 * the first. Loading modules and opening targets is not counted.
 *   node dist/bench/fuzz-first.js [seed = 1] [seconds = 60]
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { plantedFaults } from '../fixtures/planted-faults/index.ts';
import { properties } from '../properties/index.ts';
import { fuzz } from '../src/fuzz/fuzz.ts';
import { inProcess } from '../src/index.ts';
import { machine, quantile } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

const [seed, limit] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 60)];
/** A kernel that does not answer is told by its time limit. */
const callTimeoutMs = 200;

const results = await spread(import.meta.url, plantedFaults.length, async (item) => {
  const { name, operation, kernel } = plantedFaults[item]!;
  const started = performance.now();
  let first = Infinity;
  await fuzz({
    targets: [inProcess('planted', { kernels: { [operation]: kernel } })], properties: properties.filter((property) => property.operation === operation), seed, failFast: true,
    maxTimeMs: 1000 * limit, callTimeoutMs, failuresDir: mkdtempSync(join(tmpdir(), 'plumbline-first-')),
    onEvent: (event) => {
      if (event.type === 'counterexample') first = Math.min(first, performance.now() - started);
    },
  });
  return { name, first };
}, ({ name }, done) => process.stderr.write(`\r${done}/${plantedFaults.length} ${name.padEnd(60)}`));
process.stderr.write('\n');
const times = results.map(({ first }) => first).toSorted((a, b) => a - b);
console.log(`# ${machine()}, ${threadsWanted()} threads; seed ${seed}`);
console.log(`${times.filter(Number.isFinite).length} of ${times.length} found; to the first failure: median ${quantile(times, 0.5).toFixed(0)} ms, 95th percentile ${quantile(times, 0.95).toFixed(0)} ms, largest ${times.at(-1)!.toFixed(0)} ms`);
for (const { name, first } of results.toSorted((a, b) => b.first - a.first).slice(0, 8)) console.log(`  ${name}: ${first.toFixed(0)} ms`);
