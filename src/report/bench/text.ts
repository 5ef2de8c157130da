/** A bench as text for a person: a table for each target, then what was not timed and why. */
import { countChangeText } from '../../perf/history/counts.ts';
import { percent } from '../../perf/judgement.ts';
import type { BenchReport, WorkloadResult } from '../../perf/results.ts';
import { exitCodes } from '../../verify/exit-code.ts';
import { count, counted, duration, figure } from '../figures.ts';
import type { Style } from '../style.ts';
import { strip } from './strip.ts';

/** The whole report. */
export function formatBench(report: BenchReport, style: Style): string {
  const { targets, results, against } = report;
  const head = `${style.bold('plumbline')} bench · seed ${report.seed}${against === undefined ? '' : ` · against ${against}`}`;
  const blocks = targets.map((target) => {
    const own = results.filter((result) => result.target === target.name);
    const title = `${style.bold(target.name)}  ${style.dim(target.description)}`;
    if (target.status === 'unavailable') return [title, `  ${style.yellow('unavailable')}: ${target.reason ?? ''}`, `  ${target.remedy ?? ''}`].join('\n');
    return [title, ...rowsOf(own.filter(isTimed), style), ...own.filter((result) => !isTimed(result)).map((result) => leftOut(result, style))].join('\n');
  });
  const nobody = results.filter(({ target }) => target === undefined).map((result) => leftOut(result, style));
  return `${[head, ...blocks, ...nobody, [...summary(report, style)].join('\n')].join('\n\n')}\n`;
}

/** Whether there are samples. */
export function isTimed({ times }: WorkloadResult): boolean {
  return times !== undefined && times.samples.length > 0;
}

/** Headings of the columns of `benchCells`. */
export const benchTitles = ['workload', 'time', 'p5–p95', 'moved', 'of copy', 'operations', 'launches', 'held'];

function rowsOf(results: readonly WorkloadResult[], style: Style): string[] {
  if (results.length === 0) return [];
  const rows = results.map(benchCells);
  const widths = benchTitles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const align = (cells: readonly string[]): string => cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ');
  return [
    style.dim(`    ${align(benchTitles)}  samples`),
    ...results.flatMap((result, i) => [`  ${mark(result, style)} ${align(rows[i]!)}  ${style.dim(strip(result.times!.samples))}`, ...verdictLines(result, style)]),
  ];
}

/** A row of numbers of a workload that was timed. */
export function benchCells({ workload, times, bytesMoved, copy, operations, counts, allocated, memory, clock, cache }: WorkloadResult): string[] {
  const { median, p5, p95 } = times!;
  const how = [clock === 'calls' || clock === undefined ? '' : clock, cache === 'cold' ? 'cold' : ''].filter((word) => word !== '').join(', ');
  return [
    how === '' ? workload : `${workload} (${how})`,
    time(median),
    `${time(p5)}–${time(p95)}`,
    bytesMoved === undefined ? '' : bytes(bytesMoved),
    copy === undefined ? '' : `${figure(100 * copy.share)} %`,
    operations === undefined ? '' : `${figure(operations / median / 1e6)} G/s`,
    counts.launches === undefined ? '' : count(counts.launches),
    bytes(counts.memoryBytes ?? allocated) || (memory === undefined ? '' : `+${bytes(memory.resident)}`),
  ];
}

/** What a comparison showed, in a line below its times. */
export function verdictLines({ comparison }: WorkloadResult, style: Style): string[] {
  if (comparison === undefined) return [];
  const { judgement, design, count: taken, baseline, copies, counts } = comparison;
  const { verdict, effect, reason, floor } = judgement;
  const paint = { slower: style.red, faster: style.green, same: style.green, inconclusive: style.yellow, 'not-comparable': style.yellow }[verdict];
  const range = Number.isFinite(effect.lower) && Number.isFinite(effect.upper) ? ` ${percent(effect.estimate)}, between ${percent(effect.lower)} and ${percent(effect.upper)}` : '';
  const made = taken === 0 ? '' : design === 'pairs' ? ` · ${counted(taken, 'pair')}` : ` · ${taken} launches of each`;
  const was = baseline === undefined || !Number.isFinite(baseline.median) ? '' : ` · was ${time(baseline.median)}`;
  const turns = copies > 1 ? ` of ${copies} copies each` : '';
  return [`      ${paint(`${verdict}${range}`)}${style.dim(`${was}${made}${turns} · floor ${percent(floor)}`)}${reason === undefined ? '' : `\n      ${style.yellow(reason)}`}`, ...(counts === undefined || counts.changes.length === 0 ? [] : [`      ${counts.verdict === 'more' ? style.red('counts grew') : 'counts'}: ${counts.changes.map(countChangeText).join(', ')}`])];
}

function mark({ comparison, status }: WorkloadResult, style: Style): string {
  const verdict = comparison?.judgement.verdict;
  if (verdict === 'slower') return style.red('✗');
  if (verdict === 'inconclusive' || verdict === 'not-comparable') return style.yellow('?');
  return status === 'timed' || status === 'compared' ? style.green('✓') : style.yellow('–');
}

/** A workload that was not timed, and why. */
export function leftOut({ workload, status, reason, remedy }: WorkloadResult, style: Style): string {
  const paint = status === 'wrong' || status === 'errored' ? style.red : style.yellow;
  const words = status === 'wrong' ? 'not timed, its kernel is wrong' : status === 'over-budget' ? 'not timed, over the budget' : status;
  return `  ${paint(status === 'wrong' || status === 'errored' ? '✗' : '–')} ${workload}  ${paint(words)}: ${(reason ?? '').split('\n')[0]!.replaceAll(/\p{C}/gu, '')}${remedy === undefined ? '' : `\n      ${style.dim(remedy)}`}`;
}

function* summary(report: BenchReport, style: Style): Generator<string> {
  const { results, budget, unserved, exitCode } = report;
  const tally = new Map<string, number>();
  for (const { status, comparison } of results) {
    const word = comparison?.judgement.verdict ?? status;
    tally.set(word, (tally.get(word) ?? 0) + 1);
  }
  yield tally.size === 0 ? style.yellow('nothing was timed') : [...tally].map(([word, number]) => `${number} ${word}`).join(' · ');
  yield style.dim(`budget: ${Math.round(budget.memoryBytes / 2 ** 20)} MiB a workload (--max-memory), ${budget.callMs} ms a call (--max-call) · ${duration(report.durationMs)}`);
  if (results.some(({ clock }) => clock === 'round-trips')) yield style.dim('round-trips: whole calls of a worker that cannot time itself, with copies and messages (docs/worker-protocol.md, timing)');
  if (results.some(({ counts, allocated, memory }) => memory !== undefined && (counts.memoryBytes ?? allocated) === undefined)) yield style.dim('held, with +: what the process grew by, where the arrays of a call cannot be counted');
  if (unserved > 0) yield style.dim(`${counted(unserved, 'built-in workload')} left out: no target that was chosen has a kernel for them`);
  const why = explainBench(exitCode);
  if (why !== undefined) yield style.yellow(why);
}

/** Why the run did not simply end; undefined when it did. */
export function explainBench(exitCode: number): string | undefined {
  const words: Readonly<Record<number, string>> = {
    [exitCodes.counterexample]: 'A kernel is wrong, and has no speed (exit code 1).',
    [exitCodes.target]: 'A target cannot run here or broke down (exit code 4).',
    [exitCodes.nothingRan]: 'Not everything was timed or decided (exit code 5).',
    [exitCodes.slower]: 'Correct, but slower than the baseline allows (exit code 6).',
    [exitCodes.interrupted]: 'Interrupted: this is a partial report (exit code 130).',
  };
  return words[exitCode];
}

/** `830 ns`, `12.3 µs`, `4.1 ms`, `1.2 s` */
export function time(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms);
  const [factor, unit] = ms < 1e-3 ? [1e6, 'ns'] : ms < 1 ? [1e3, 'µs'] : ms < 1000 ? [1, 'ms'] : [1e-3, 's'];
  return `${Number((ms * factor).toPrecision(3))} ${unit}`;
}

function bytes(value: number | undefined): string {
  if (value === undefined) return '';
  const power = value < 2 ** 10 ? 0 : value < 2 ** 20 ? 1 : value < 2 ** 30 ? 2 : 3;
  return `${Number((value / 2 ** (10 * power)).toPrecision(3))} ${['B', 'KiB', 'MiB', 'GiB'][power]}`;
}
