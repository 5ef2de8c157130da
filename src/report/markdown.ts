/**
 * Markdown for the summary of a CI job: totals, then the failures, then a table per target. GitHub rejects a summary above 1 MiB, so whole sections are left out
 * when it would be larger, and the last line counts them. Names and messages come from kernels: in a cell nothing of them is Markdown or HTML.
 */
import type { PropertyResult, Report } from '../verify/results.ts';
import { formatFailure, oneLine } from './failure.ts';
import { count, counted, figure, hasMargin, isMarginal, marginBar } from './figures.ts';
import { createStyle } from './style.ts';
import { explainExit, formatRun, formatTotals } from './summary.ts';
import { createWritten } from './written.ts';

/** Bytes that GitHub takes of one step. */
const largestSummary = 1024 * 1024;
/** Enough for the sentence that says what was left out. */
const noteBytes = 200;

export const createMarkdownReporter = createWritten({ what: 'Markdown report', defaultFile: '.plumbline/report.md', format: (report, { command }) => reportToMarkdown(report, command) });

/** The report as Markdown of at most `limit` bytes of UTF-8. */
export function reportToMarkdown(report: Report, command?: string, limit = largestSummary): string {
  const head = headOf(report, command);
  const failures = report.results.filter(({ status }) => status === 'failed').map((result) => `\n${fenced(formatFailure(result, createStyle(false)))}\n`);
  const tables = report.targets.map((target) =>
    target.status === 'unavailable'
      ? `\n### ${cell(target.name)}\n\nunavailable: ${cell(target.reason ?? '')} ${cell(target.remedy ?? '')}\n`
      : table(target.name, report.results.filter((result) => result.target === target.name && result.status !== 'unsupported'), target.notes),
  );
  const out = { failures: 0, tables: 0 };
  let text = head;
  let left = limit - Buffer.byteLength(head) - noteBytes;
  for (const [kind, sections] of [['failures', failures], ['tables', tables]] as const) {
    for (const section of sections) {
      const size = Buffer.byteLength(section);
      // a small section may still fit where a large one did not, but a report with holes in the middle is hard to read
      if (out.failures + out.tables > 0 || size > left) {
        out[kind]++;
        continue;
      }
      left -= size;
      text += section;
    }
  }
  return out.failures + out.tables === 0 ? text : text + noteOf(out, limit);
}

function headOf(report: Report, command: string | undefined): string {
  const why = explainExit(report);
  const ran = command === undefined ? '' : `\n${fenced(`$ ${oneLine(command)}`)}\n`;
  return `## plumbline\n${ran}\n${formatTotals(report, createStyle(false))}  \n${formatRun(report)}${why === undefined ? '' : `  \n${cell(why)}`}\n`;
}

function noteOf({ failures, tables }: { failures: number; tables: number }, limit: number): string {
  const parts = [...(failures > 0 ? [counted(failures, 'failure')] : []), ...(tables > 0 ? [`the ${tables === 1 ? 'table' : 'tables'} of ${counted(tables, 'target')}`] : [])];
  return `\n_Cut here, at ${count(limit)} bytes: ${parts.join(' and ')} left out. The JSON report has everything._\n`;
}

function table(name: string, results: readonly PropertyResult[], notes: readonly string[] = []): string {
  if (results.length === 0) return '';
  const rows = results.map((result) => {
    const margin = hasMargin(result) ? `${figure(result.margin)} | \`${marginBar(result.margin)}\`` : ' | ';
    return `| ${cell(result.property)} | ${cell(result.operation)} | ${isMarginal(result) ? 'marginal' : result.status} | ${count(result.cases)} | ${count(result.problems)} | ${margin} |`;
  });
  return [`\n### ${cell(name)}\n`, ...notes.map((text) => `Note: ${cell(text)}\n`), '| property | operation | status | cases | problems | margin | |', '| --- | --- | --- | ---: | ---: | ---: | --- |', ...rows, ''].join('\n');
}

/** A code block that its own text cannot end. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** Text that is nothing but text: on one line, and no character of it means anything. */
export function cell(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(/[\\`*_{}[\]|~#@!>]/g, String.raw`\$&`);
}
