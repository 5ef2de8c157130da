/** What `plumbline drift` found, for a person: a verdict for each target, then every change with its commit and the claims that moved. */
import type { Blame } from '../perf/history/blame.ts';
import { alertLevel, type Change, type Moved, type MovedGroup, type TargetDrift } from '../perf/drift/drift.ts';
import { quantileSeries } from '../perf/drift/series.ts';
import { alignedTable, type Table } from './compare/text.ts';
import { count, counted, figure } from './figures.ts';
import type { Style } from './style.ts';

/** Groups of a change, and claims of a group, that are listed; the others are counted. */
const listed = { groups: 6, claims: 5 } as const;

/** `blameOf` names the commit of a change. */
export function formatDrift(found: readonly TargetDrift[], blameOf: (target: TargetDrift, change: Change) => Blame, style: Style): string {
  return `${found.map((target) => formatTarget(target, blameOf, style)).join('\n\n')}\n`;
}

function formatTarget(target: TargetDrift, blameOf: (target: TargetDrift, change: Change) => Blame, style: Style): string {
  const leftOut = target.leftOut.map(({ reason, runs }) => style.dim(` · ${count(runs)} left out: ${reason}`)).join('');
  return [
    `${style.bold(target.target)}  ${counted(target.runs.length, 'comparable run')}${leftOut}`,
    verdictLine(target, style),
    ...target.changes.map((change) => `\n${formatChange(target, change, blameOf(target, change), style)}`),
  ].join('\n');
}

function verdictLine({ verdict, runs, needed, changes }: TargetDrift, style: Style): string {
  const chance = `a false alert has a chance of at most ${alertLevel} per look`;
  if (verdict === 'too-few') return style.yellow(`  nothing to compare: it takes ${needed} runs with seeds of their own; add ${needed - runs.length} with plumbline verify --margins, without --seed`);
  if (verdict === 'quiet') return style.green(`  quiet: no margin doubled${changes.length > 0 ? '' : ' or moved'} (${chance})`);
  return style.red(`  drift: margins grew while every claim passed (${chance})`);
}

function formatChange(target: TargetDrift, change: Change, named: Blame, style: Style): string {
  const { direction, alert, at, pValue, groups } = change;
  const what = alert ? style.red('✗ grew') : direction === 'rise' ? style.yellow('– grew by less than half an octave') : style.green('✓ shrank');
  return [
    `  ${what} at ${formatBlame(named)}`,
    ...evidence(named).map((line) => `    ${line}`),
    style.dim(`    run ${at + 1} of ${target.runs.length}, ${counted(target.runs.length - at, 'run')} since · p = ${figure(pValue)}`),
    ...groups.slice(0, listed.groups).flatMap((group) => formatGroup(target, group, style)),
    ...(groups.length > listed.groups ? [`    and ${counted(groups.length - listed.groups, 'more group')}`] : []),
  ].join('\n');
}

/** A commit's text is somebody's: what cannot be printed is left out. */
export function formatBlame({ commit, dirty, date, subject }: Blame): string {
  const name = commit === undefined ? `the run of ${date}` : commit.slice(0, 10);
  return `${name}${dirty ? ' with uncommitted changes' : ''}${subject === undefined ? '' : ` ${subject.replaceAll(/\p{C}/gu, '').slice(0, 120)}`}`;
}

/** What is to be known about it besides, a line each. */
export function evidence({ commit, previous, candidates, doubt }: Blame): string[] {
  const several = candidates !== undefined && candidates > 1 ? [`one of ${candidates} commits since the run before: git log ${previous!.slice(0, 10)}..${commit!.slice(0, 10)}`] : [];
  return [...several, ...(doubt === undefined ? [] : [`as the history says: ${doubt}`])];
}

function formatGroup(target: TargetDrift, { name, octaves, members }: MovedGroup, style: Style): string[] {
  const claims = new Set(members.map(({ property }) => property));
  const head = `    ${style.bold(name === '*' ? 'all operations' : name)}  ×${figure(2 ** octaves)} in the mean of ${counted(claims.size, 'claim')}`;
  return name === '*' ? [head] : [head, ...movedTable(target, clearest(members))];
}

/** The quantile of each claim that has most of the evidence. */
function clearest(members: readonly Moved[]): Moved[] {
  const seen = new Set<string>();
  return members.filter(({ property }) => seen.size < seen.add(property).size).slice(0, listed.claims);
}

function movedTable({ runs }: TargetDrift, moved: readonly Moved[]): string[] {
  const series = quantileSeries(runs);
  const rows = moved.map(({ property, quantile, before, after, octaves }) => {
    const { values } = series.find((one) => one.property === property && one.quantile === quantile)!;
    return [property, quantile, figure(before), figure(after), `×${figure(2 ** octaves)}`, sparkline(values)];
  });
  const table: Table = [['claim', 'margin', 'before', 'after', 'factor', 'runs'], ...rows];
  return alignedTable(table, '      ').split('\n');
}

/** One character per value, from the smallest to the largest; a space where there is none. The last sixty. */
export function sparkline(values: Float64Array): string {
  const shown = Array.from(values.slice(-60));
  const known = shown.filter((value) => Number.isFinite(value));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const step = (value: number): string => '▁▂▃▄▅▆▇█'[high > low ? Math.min(7, Math.floor(((value - low) / (high - low)) * 8)) : 0]!;
  return shown.map((value) => (Number.isFinite(value) ? step(value) : ' ')).join('');
}
