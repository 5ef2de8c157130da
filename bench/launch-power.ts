/**
 * Comparisons by launches, 12 of each arm: identical workers, 5 % more work, and workers that go one of two ways by the toss of a coin. Each comparison starts 24 Python processes.
 *   npm run bench-launches -- [runs of each = 40] [seed = 1]
 */
import { machine } from './machine.ts';
import { places, runAll, type Job } from './gate/processes.ts';
import type { LaunchRun } from './gate/launch-run.ts';

const runs = Number(process.argv[2] ?? 40);
const seed = Number(process.argv[3] ?? 1);
const cases = [
  { name: 'identical', work: '100', twoWays: 'no' },
  { name: '5 % more work', work: '105', twoWays: 'no' },
  { name: 'one of two ways, identical', work: '100', twoWays: 'yes' },
  { name: 'one of two ways, 5 % more work', work: '105', twoWays: 'yes' },
] as const;
const jobs = cases.flatMap(({ work, twoWays }, c) => Array.from({ length: runs }, (_, k): Job => ({ script: './launch-run.js', args: [work, twoWays, '12', String(seed * 100_000 + c * 10_000 + k)], busy: k % 2 === 1 })));
const results = await runAll<LaunchRun>(jobs, ({ verdict }, done) => process.stderr.write(`\r${done}/${jobs.length} ${verdict.padEnd(16)}`));
process.stderr.write('\n');

console.log(`# ${machine()}, ${places()} at a time${process.env['PLUMBLINE_PIN'] === '1' ? ', each on two processors of its own' : ''}; ${runs} runs of each, half of them busy, seed ${seed}`);
const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
console.table(cases.map(({ name }, c) => {
  const own = results.slice(c * runs, (c + 1) * runs);
  const count = (verdict: string): number => own.filter((run) => run.verdict === verdict).length;
  return {
    workers: name, slower: count('slower'), faster: count('faster'), same: count('same'), inconclusive: count('inconclusive'), 'because of two groups': own.filter(({ reason }) => reason?.includes('two groups') === true).length,
    'effect, median': `${middle(own.map(({ effect }) => effect)).toFixed(1)} %`, 'launches differ by, median': `${middle(own.map(({ spread }) => spread)).toFixed(1)} %`, 'seconds, median': (middle(own.map(({ took }) => took)) / 1000).toFixed(1),
  };
}));
console.log('Beside it: one launch of each, and what says slower of them');
console.table(cases.map(({ name }, c) => ({ workers: name, ...Object.fromEntries(Object.keys(results[0]!.others).map((rule) => [rule, results.slice(c * runs, (c + 1) * runs).filter(({ others }) => others[rule]!).length])) })));
