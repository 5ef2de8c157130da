/**
 * GitHub Actions: an annotation for each failing property and a summary of the step. GitHub shows at most 10 error annotations per step
 * and rejects a summary above 1 MiB, so the rest of the failures goes to the summary, and the summary is cut between sections.
 */
import { appendFileSync } from 'node:fs';

import { PlumblineError } from '../errors.ts';
import type { PropertyResult, Report } from '../verify/results.ts';
import { formatFailure, summariseFailure } from './failure.ts';
import { count, figure, hasMargin, isMarginal, marginBar } from './figures.ts';
import type { Reporter, ReporterContext } from './reporter.ts';
import { createStyle } from './style.ts';
import { explainExit, formatRun, formatTotals } from './summary.ts';

const mostAnnotations = 10;
const largestSummary = 1024 * 1024;

export function createGithubReporter({ stdout, env }: ReporterContext): Reporter {
  return {
    onEvent(): void {},
    finish(report): void {
      for (const line of annotations(report)) stdout.write(`${line}\n`);
      const file = env['GITHUB_STEP_SUMMARY'];
      if (file !== undefined && file !== '') append(file, stepSummary(report));
    },
  };
}

function append(file: string, text: string): void {
  try {
    appendFileSync(file, text);
  } catch (error) {
    throw new PlumblineError('bad-file', `Cannot write the step summary '${file}'.`, 'Check GITHUB_STEP_SUMMARY.', { cause: error });
  }
}

/** Workflow commands, one per line. The last one counts what did not fit. */
export function annotations(report: Report): string[] {
  const bad = report.results.filter(({ status }) => status === 'failed' || status === 'errored' || status === 'incomplete');
  const fits = bad.length <= mostAnnotations ? bad.length : mostAnnotations - 1;
  const lines = bad.slice(0, fits).map((result) => {
    const { replay } = result.counterexample ?? {};
    const { explanation } = result;
    const text = `${result.claim}\n${summariseFailure(result)}${explanation === undefined ? '' : `\nThe kernel ${explanation}`}${replay === undefined ? '' : `\n${replay}`}`;
    return command(`${result.target}: ${result.property} ${result.status}`, text);
  });
  if (fits < bad.length) lines.push(command('plumbline', `${count(bad.length - fits)} more; the step summary has them.`));
  return lines;
}

function command(title: string, message: string): string {
  const escaped = message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const escapedTitle = title.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::error title=${escapedTitle}::${escaped}`;
}

/** Markdown: totals, then the failures, then a table per target; whole sections are left out when it would be too large. */
export function stepSummary(report: Report, limit = largestSummary): string {
  const why = explainExit(report);
  const head = `## plumbline\n\n${formatTotals(report, createStyle(false))}  \n${formatRun(report)}${why === undefined ? '' : `  \n${why}`}\n`;
  const failures = report.results.filter((result) => result.status === 'failed').map((result) => `\n${fenced(formatFailure(result, createStyle(false)))}\n`);
  const tables = report.targets.map((target) =>
    target.status === 'unavailable'
      ? `\n### ${cell(target.name)}\n\nunavailable: ${cell(target.reason ?? '')} ${cell(target.remedy ?? '')}\n`
      : table(target.name, report.results.filter((result) => result.target === target.name && result.status !== 'unsupported')),
  );
  const note = '\n_Cut here: the summary of a step can have 1 MiB. The JSON report has everything._\n';
  let text = head;
  let left = limit - Buffer.byteLength(head) - Buffer.byteLength(note);
  for (const section of [...failures, ...tables]) {
    left -= Buffer.byteLength(section);
    if (left < 0) return text + note;
    text += section;
  }
  return text;
}

function table(name: string, results: readonly PropertyResult[]): string {
  if (results.length === 0) return '';
  const rows = results.map((result) => {
    const margin = hasMargin(result) ? `${figure(result.margin)} | \`${marginBar(result.margin)}\`` : ' | ';
    return `| ${result.property} | ${result.operation} | ${isMarginal(result) ? 'marginal' : result.status} | ${count(result.cases)} | ${count(result.problems)} | ${margin} |`;
  });
  return [`\n### ${cell(name)}\n`, '| property | operation | status | cases | problems | margin | |', '| --- | --- | --- | ---: | ---: | ---: | --- |', ...rows, ''].join('\n');
}

function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}
