/**
 * Comparisons by launches, 12 of each side: identical workers, 5 % more work, and workers that go one of two ways by the toss of a coin. Each comparison starts 24 Python processes; each is printed
 * when it is done, because a machine may be taken away before the end.
 *   npm run bench-launches -- [runs of each = 40] [seed = 1] [minutes after which none begins] [workers = *]
 */
import { select } from '../src/cli/patterns.ts';
import { machine } from './machine.ts';
import { places, runAll, type Job } from './gate/processes.ts';
import type { LaunchRun } from './gate/launch-run.ts';

const [runs, seed, minutes] = [40, 1, Infinity].map((usual, k) => Number(process.argv[k + 2] ?? usual)) as [number, number, number];
const cases = select('workers', [
  { name: 'identical', work: '100', twoWays: 'no' },
  { name: '5 % more work', work: '105', twoWays: 'no' },
  { name: 'one of two ways, identical', work: '100', twoWays: 'yes' },
  { name: 'one of two ways, 5 % more work', work: '105', twoWays: 'yes' },
], ({ name }) => name, [process.argv[5] ?? '*']);
const caseOf = (job: number): number => job % cases.length;
const jobs = Array.from({ length: runs * cases.length }, (_, job): Job => {
  const { work, twoWays } = cases[caseOf(job)]!;
  const run = Math.floor(job / cases.length);
  return { script: './launch-run.js', args: [work, twoWays, '12', String(seed * 100_000 + caseOf(job) * 10_000 + run)], busy: run % 2 === 1 };
});
const until = performance.now() + 60_000 * minutes;
const results = await runAll<LaunchRun>(jobs, (run, _, job) => console.log(JSON.stringify({ workers: cases[caseOf(job)]!.name, busy: jobs[job]!.busy, ...run })), () => performance.now() > until);
const of = (c: number): LaunchRun[] => results.filter((_, job) => caseOf(job) === c); // those that never began are holes

console.log(`# ${machine()}, ${places()} at a time${process.env['PLUMBLINE_PIN'] === '1' ? ', each on two processors of its own' : ''}; ${cases.map((_, c) => of(c).length).join(', ')} runs, half of them busy, seed ${seed}`);
const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
console.table(cases.map(({ name }, c) => {
  const own = of(c);
  const count = (verdict: string): number => own.filter((run) => run.verdict === verdict).length;
  return {
    workers: name, slower: count('slower'), faster: count('faster'), same: count('same'), inconclusive: count('inconclusive'), 'because of two groups': own.filter(({ reason }) => reason?.includes('two groups') === true).length,
    'effect, median': `${middle(own.map(({ effect }) => effect)).toFixed(1)} %`, 'launches differ by, median': `${middle(own.map(({ spread }) => spread)).toFixed(1)} %`, 'beside others by': `${middle(own.map(({ beside }) => beside)).toFixed(1)} %`, 'seconds, median': (middle(own.map(({ took }) => took)) / 1000).toFixed(1),
  };
}));
console.log('Beside it: one launch of each, and what says slower of them');
console.table(cases.map(({ name }, c) => ({ workers: name, runs: of(c).length, ...Object.fromEntries(Object.keys(results[0]!.others).map((rule) => [rule, of(c).filter(({ others }) => others[rule]!).length])) })));
