/** The reporter for a person at a terminal: one table per target, every failure in full, then the totals. */
import type { PropertyResult, Report, TargetReport } from '../verify/results.ts';
import { formatFailure, oneLine, plain } from './failure.ts';
import { count, counted, figure, hasMargin, isMarginal, marginBar } from './figures.ts';
import type { Reporter, ReporterContext } from './reporter.ts';
import type { Style } from './style.ts';
import { explainExit, formatRun, formatTotals } from './summary.ts';

export function createDefaultReporter({ stdout, style }: ReporterContext): Reporter {
  return {
    onEvent(event): void {
      if (event.type !== 'run-started') return;
      stdout.write(`${style.bold('plumbline')} verify · seed ${event.seed} · effort ${event.effort} · ${counted(event.planned, 'claim')} planned\n`);
    },
    finish(report): void {
      stdout.write(`${formatReport(report, style)}\n`);
    },
  };
}

/** The whole report as text. */
export function formatReport(report: Report, style: Style): string {
  const failures = report.results.filter((result) => result.status === 'failed');
  const blocks = [
    ...report.targets.map((target) => formatTarget(target, report.results.filter((result) => result.target === target.name), style)),
    ...failures.map((result) => formatFailure(result, style)),
  ];
  const last = [formatTotals(report, style), style.dim(formatRun(report))];
  const why = explainExit(report);
  if (why !== undefined) last.push(style.yellow(why));
  return `\n${[...blocks, last.join('\n')].join('\n\n')}`;
}

function formatTarget(target: TargetReport, results: readonly PropertyResult[], style: Style): string {
  const head = `${style.bold(target.name)}  ${style.dim(target.description)}`.trimEnd();
  if (target.status === 'unavailable') {
    return [head, `  ${style.yellow('unavailable')}: ${target.reason ?? 'no reason given'}`, ...(target.remedy === undefined ? [] : [`  ${target.remedy}`])].join('\n');
  }
  const asked = results.filter((result) => result.status !== 'unsupported');
  const lines = [head, ...formatAbout(target, style), ...(target.notes ?? []).map((text) => style.yellow(`  note: ${plain(text)}`)), ...formatRows(asked, style)];
  const unsupported = results.length - asked.length;
  if (unsupported > 0) lines.push(style.dim(`  ${counted(unsupported, 'claim')} not about these kernels`));
  return lines.join('\n');
}

/** What a worker says that it runs on; its words are not trusted to be printable. */
function formatAbout({ about = {} }: TargetReport, style: Style): string[] {
  const text = Object.entries(about).map(([name, value]) => `${name} ${value}`).join(' · ').replaceAll(/\p{C}/gu, '');
  return text === '' ? [] : [style.dim(`  ${text.slice(0, 300)}`)];
}

const titles = ['property', 'operation', 'cases', 'problems', 'error', 'margin'];

function formatRows(results: readonly PropertyResult[], style: Style): string[] {
  if (results.length === 0) return [];
  const rows = results.map(cellsOf);
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const align = (cells: readonly string[]): string => cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ');
  return [
    style.dim(`    ${align(titles)}`),
    ...results.map((result, i) => `  ${mark(result, style)} ${align(rows[i]!)}  ${note(result, style)}`.trimEnd()),
  ];
}

function cellsOf(result: PropertyResult): string[] {
  const ran = result.cases > 0;
  return [
    result.property,
    result.operation,
    ran ? count(result.cases) : '',
    ran ? count(result.problems) : '',
    result.worst === undefined ? '' : figure(Math.abs(result.worst.measured)),
    hasMargin(result) ? figure(result.margin) : '',
  ];
}

function mark(result: PropertyResult, style: Style): string {
  if (result.status === 'passed') return isMarginal(result) ? style.yellow('✓') : style.green('✓');
  return result.status === 'failed' || result.status === 'errored' ? style.red('✗') : style.yellow('–');
}

/** The bar of the margin, and in words whatever is not a plain pass. */
function note(result: PropertyResult, style: Style): string {
  const bar = hasMargin(result) ? marginBar(result.margin) : ' '.repeat(8);
  if (result.status === 'passed') return isMarginal(result) ? style.yellow(`${bar}  marginal`) : style.green(bar);
  const why = result.status === 'failed' ? '' : oneLine(result.reason ?? '');
  const text = `${bar}  ${result.status}${why === '' ? '' : `: ${why}`}`;
  return result.status === 'failed' || result.status === 'errored' ? style.red(text) : style.yellow(text);
}
