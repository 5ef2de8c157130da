/** The reporter for logs: one line for each property that did not hold, one for each target that is missing, and the totals. */
import type { PropertyResult } from '../verify/results.ts';
import { describeMatters, oneLine, plain, summariseFailure } from './failure.ts';
import { figure } from './figures.ts';
import type { Reporter, ReporterContext } from './reporter.ts';
import { explainExit, formatRun, formatTotals } from './summary.ts';

export function createCompactReporter({ stdout, style }: ReporterContext): Reporter {
  return {
    onEvent(): void {},
    finish(report): void {
      const lines: string[] = [];
      for (const target of report.targets) {
        if (target.status === 'unavailable') lines.push(`${style.yellow('unavailable')} ${target.name}: ${oneLine(target.reason ?? '')} ${oneLine(target.remedy ?? '')}`.trimEnd());
        for (const text of target.notes ?? []) lines.push(`${style.yellow('note')} ${target.name}: ${plain(text)}`);
      }
      for (const result of report.results) {
        if (result.status !== 'passed' && result.status !== 'unsupported' && !isMissing(result, report.targets)) lines.push(formatLine(result));
      }
      for (const { target, operation, sentence } of report.explanations ?? []) lines.push(`${style.yellow('why')} ${target} ${operation}: ${oneLine(sentence)}`);
      const why = explainExit(report);
      const worst = report.results.reduce((most, { status, margin }) => (status === 'passed' && margin > most ? margin : most), -1);
      lines.push(`${formatTotals(report, style)}${worst >= 0 ? ` · largest passing margin ${figure(worst)}` : ''} · ${formatRun(report)}`, ...(why === undefined ? [] : [why]));
      stdout.write(`${lines.join('\n')}\n`);
    },
  };

  function formatLine(result: PropertyResult): string {
    const head = `${result.target} ${result.property}`;
    if (result.status !== 'failed') return `${style.yellow(result.status)} ${head}: ${oneLine(result.reason ?? '')}`;
    const replay = result.counterexample === undefined ? '' : `  ${style.cyan(result.counterexample.replay)}`;
    const matters = result.counterexample?.matters && describeMatters(result.counterexample.matters);
    return `${style.red('FAIL')} ${head}: ${summariseFailure(result)}${replay}${matters === undefined ? '' : `\n  ${style.yellow('matters')} ${oneLine(matters)}`}${(result.notes ?? []).map((text) => `\n  ${style.yellow('note')} ${plain(text)}`).join('')}`;
  }
}

/** Skipped with its whole target, which has a line of its own. */
function isMissing(result: PropertyResult, targets: readonly { name: string; status: string }[]): boolean {
  return result.status === 'skipped' && targets.some(({ name, status }) => name === result.target && status === 'unavailable');
}
