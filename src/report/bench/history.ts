/** What `plumbline bench --history` found, for a person: a line for each workload, and below it every change with its commit. */
import { percent } from '../../perf/judgement.ts';
import type { Blame } from '../../perf/history/blame.ts';
import { countChangeText, grew } from '../../perf/history/counts.ts';
import { lookLevel, type CountsChange, type TimeChange, type WorkloadHistory } from '../../perf/history/look.ts';
import { evidence, formatBlame, sparkline } from '../drift.ts';
import { count, counted, figure } from '../figures.ts';
import type { Style } from '../style.ts';
import { time } from './text.ts';

type BlameOf = (history: WorkloadHistory, at: number) => Blame;

export function formatHistory(found: readonly WorkloadHistory[], blameOf: BlameOf, style: Style): string {
  const tally = new Map<string, number>();
  for (const { verdict } of found) tally.set(verdict, (tally.get(verdict) ?? 0) + 1);
  const sum = [...tally].map(([verdict, number]) => `${number} ${words[verdict as WorkloadHistory['verdict']]}`).join(' · ');
  const chance = style.dim(`one look in ${count(1 / lookLevel)}, at most, finds a change of times where nothing changed`);
  return `${[...found.map((history) => formatWorkload(history, blameOf, style)), `${sum}\n${chance}`].join('\n\n')}\n`;
}

const words: Readonly<Record<WorkloadHistory['verdict'], string>> = {
  quiet: 'quiet', slower: 'slower', more: 'with counts that grew', 'too-few': 'with too few runs', 'not-comparable': 'not comparable',
};

function formatWorkload(history: WorkloadHistory, blameOf: BlameOf, style: Style): string {
  const { name, runs, medians, leftOut, verdict, needed, changes, counts } = history;
  const mark = verdict === 'slower' || verdict === 'more' ? style.red('✗') : verdict === 'quiet' ? style.green('✓') : style.yellow('–');
  const left = leftOut.map(({ reason, runs: number }) => `\n    ${style.dim(`${counted(number, 'run')} left out: ${reason}`)}`).join('');
  const few = runs.length < needed ? `\n    ${style.yellow(`times were not compared: it takes ${needed} comparable runs; add ${needed - runs.length} with plumbline bench --record`)}` : '';
  const head = `${mark} ${style.bold(name)}  ${time(medians.at(-1)!)}  ${style.dim(`${sparkline(Float64Array.from(medians))} ${counted(runs.length, 'run')}`)}`;
  return [`${head}${left}${few}`, ...changes.flatMap((change) => formatChange(change, history, blameOf, style)), ...counts.flatMap((change) => formatCounts(change, history, blameOf, style))].join('\n');
}

function formatChange({ direction, at, pValue, before, after, lasting }: TimeChange, history: WorkloadHistory, blameOf: BlameOf, style: Style): string[] {
  const named = blameOf(history, at);
  const paint = direction === 'slower' ? (lasting ? style.red : style.yellow) : direction === 'faster' ? style.green : style.dim;
  const size = `${time(before)} → ${time(after)}, ${percent(Math.log(after / before))}`;
  const over = direction === 'slower' && !lasting ? ', taken back since' : '';
  return [`    ${paint(direction)} at ${formatBlame(named)}: ${size}${over} ${style.dim(`· run ${at + 1} of ${history.runs.length}, p = ${figure(pValue)}`)}`, ...evidence(named).map((line) => `      ${style.dim(line)}`)];
}

function formatCounts({ at, changes, verdict, lasting }: CountsChange, history: WorkloadHistory, blameOf: BlameOf, style: Style): string[] {
  const named = blameOf(history, at);
  const paint = verdict === 'more' && lasting ? style.red : changes.some(grew) ? style.yellow : style.green;
  return [`    ${paint(changes.map(countChangeText).join(', '))} at ${formatBlame(named)}${verdict === 'more' && !lasting ? ', taken back since' : ''} ${style.dim(`· run ${at + 1} of ${history.runs.length}`)}`, ...evidence(named).map((line) => `      ${style.dim(line)}`)];
}
