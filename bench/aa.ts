/**
 * A/A: identical code against itself, each time in a new process, every second time with both processors busy. Whatever says `slower` or `faster` is a false alarm. Beside it, in the same
 * processes on the same code, the rules that are usual.
 *   npm run bench-aa -- [runs = 300] [seed = 1]
 */
import { machine } from './machine.ts';
import { kinds } from './gate/kernels.ts';
import { places, runAll, type Job } from './gate/processes.ts';
import type { GateRun } from './gate/run.ts';
import { refuseWrongKernels } from './gate/verified.ts';

const runs = Number(process.argv[2] ?? 300);
const seed = Number(process.argv[3] ?? 1);
await refuseWrongKernels();
const jobs = Array.from({ length: runs }, (_, k): Job => ({ script: './run.js', args: [kinds[k % kinds.length]!, '0', '0', String(seed * 100_000 + k), '400'], busy: k % 2 === 1 }));
const results = await runAll<GateRun>(jobs, ({ verdict }, done) => process.stderr.write(`\r${done}/${runs} ${verdict.padEnd(16)}`));
process.stderr.write('\n');

console.log(`# ${machine()}, ${places()} at a time${process.env['PLUMBLINE_PIN'] === '1' ? ', each on two processors of its own' : ''}; ${runs} runs, seed ${seed}`);
const share = (all: readonly GateRun[], is: (run: GateRun) => boolean): string => `${all.filter(is).length} of ${all.length}`;
const groups = { quiet: results.filter((_, k) => !jobs[k]!.busy), busy: results.filter((_, k) => jobs[k]!.busy), all: results };
const rules = ['slower', 'faster', 'same', 'inconclusive'] as const;
console.table([
  ...rules.map((verdict) => ({ rule: `plumbline: ${verdict}`, ...Object.fromEntries(Object.entries(groups).map(([name, all]) => [name, share(all, (run) => run.verdict === verdict)])) })),
  ...Object.keys(results[0]!.others).map((rule) => ({ rule: `${rule}: slower`, ...Object.fromEntries(Object.entries(groups).map(([name, all]) => [name, share(all, ({ others }) => others[rule]!)])) })),
]);
const times = results.map(({ took }) => took).sort((a, b) => a - b);
console.log(`a comparison takes ${(times[Math.floor(times.length / 2)]! / 1000).toFixed(2)} s, at most ${(times.at(-1)! / 1000).toFixed(2)} s; calls of ${Math.min(...results.map(({ call }) => call)).toFixed(2)} to ${Math.max(...results.map(({ call }) => call)).toFixed(2)} ms`);
const alarms = results.filter(({ verdict }) => verdict === 'slower' || verdict === 'faster').length;
console.log(`${alarms} false alarms in ${runs} runs`);
process.exitCode = alarms > 0 ? 1 : 0;
