/**
 * Power: code that really does 3 % and 5 % more work, found or not, each time in a new process, every second time with both processors busy; and faster the other way round.
 *   npm run bench-power -- [runs of each = 100] [seed = 1]
 */
import { machine } from './machine.ts';
import { kinds } from './gate/kernels.ts';
import { places, runAll, type Job } from './gate/processes.ts';
import type { GateRun } from './gate/run.ts';
import { refuseWrongKernels } from './gate/verified.ts';

const runs = Number(process.argv[2] ?? 100);
const seed = Number(process.argv[3] ?? 1);
await refuseWrongKernels();

interface Case {
  readonly more: string;
  readonly kind: string;
  readonly busy: boolean;
}
const cases: Case[] = ['3', '5'].flatMap((more) => kinds.flatMap((kind) => Array.from({ length: runs }, (_, k) => ({ more, kind, busy: k % 2 === 1 }))));
const jobs = cases.map(({ more, kind, busy }, k): Job => ({ script: './run.js', args: [kind, '0', more, String(seed * 100_000 + k), '400'], busy }));
const results = await runAll<GateRun>(jobs, ({ verdict }, done) => process.stderr.write(`\r${done}/${jobs.length} ${verdict.padEnd(16)}`));
process.stderr.write('\n');

console.log(`# ${machine()}, ${places()} at a time${process.env['PLUMBLINE_PIN'] === '1' ? ', each on two processors of its own' : ''}; ${runs} runs of each, half of them busy, seed ${seed}`);
const rows = ['3', '5'].flatMap((more) => kinds.map((kind) => {
  const at = (busy: boolean): GateRun[] => results.filter((_, k) => cases[k]!.more === more && cases[k]!.kind === kind && cases[k]!.busy === busy);
  const found = (all: readonly GateRun[]): string => `${all.filter(({ verdict }) => verdict === 'slower').length} of ${all.length}`;
  const all = [...at(false), ...at(true)];
  const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return {
    'more work': `${more} %`, kernel: kind, 'found, quiet': found(at(false)), 'found, busy': found(at(true)), 'wrong (same, faster)': all.filter(({ verdict }) => verdict === 'same' || verdict === 'faster').length,
    'effect, median': `${middle(all.map(({ effect }) => effect)).toFixed(1)} %`, 'pairs, median': middle(all.map(({ pairs }) => pairs)), 'most pairs': Math.max(...all.map(({ pairs }) => pairs)),
    'call, ms': middle(all.map(({ call }) => call)).toFixed(2), 'seconds, median': (middle(all.map(({ took }) => took)) / 1000).toFixed(2), 'seconds, most, quiet': (Math.max(0, ...at(false).map(({ took }) => took)) / 1000).toFixed(2),
  };
}));
console.table(rows);
console.log('Beside it, in the same processes on the same code: what says slower');
console.table(['3', '5'].map((more) => {
  const all = results.filter((_, k) => cases[k]!.more === more);
  return { 'more work': `${more} %`, runs: all.length, plumbline: all.filter(({ verdict }) => verdict === 'slower').length, ...Object.fromEntries(Object.keys(all[0]!.others).map((rule) => [rule, all.filter(({ others }) => others[rule]!).length])) };
}));
for (const more of ['3', '5']) {
  const all = results.filter((_, k) => cases[k]!.more === more);
  console.log(`${more} % more work: found in ${((100 * all.filter(({ verdict }) => verdict === 'slower').length) / all.length).toFixed(1)} % of ${all.length}`);
}
