/**
 * GitHub Actions: an annotation for each failing property and a summary of the step (markdown.ts). GitHub shows at most 10 error annotations per step,
 * so the rest of the failures is in the summary alone.
 */
import { appendFileSync } from 'node:fs';

import { PlumblineError } from '../errors.ts';
import type { Report } from '../verify/results.ts';
import { describeMatters, plain, summariseFailure } from './failure.ts';
import { count } from './figures.ts';
import { reportToMarkdown } from './markdown.ts';
import type { Reporter, ReporterContext } from './reporter.ts';

const mostAnnotations = 10;

export function createGithubReporter({ stdout, env }: ReporterContext): Reporter {
  return {
    onEvent(): void {},
    finish(report): void {
      for (const line of annotations(report)) stdout.write(`${line}\n`);
      const file = env['GITHUB_STEP_SUMMARY'];
      if (file !== undefined && file !== '') append(file, reportToMarkdown(report));
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
    const matters = result.counterexample?.matters && describeMatters(result.counterexample.matters);
    const text = `${result.claim}\n${summariseFailure(result)}${explanation === undefined ? '' : `\nThe kernel ${explanation}`}${matters === undefined ? '' : `\n${matters}`}${(result.notes ?? []).map((note) => `\n${plain(note)}`).join('')}${replay === undefined ? '' : `\n${replay}`}`;
    return command(`${result.target}: ${result.property} ${result.status}`, text);
  });
  if (fits < bad.length) lines.push(command('plumbline', `${count(bad.length - fits)} more; the step summary has them.`));
  return [...lines, ...report.targets.flatMap(({ name, notes = [] }) => notes.map((text) => command(name, plain(text), 'warning')))];
}

function command(title: string, message: string, level: 'error' | 'warning' = 'error'): string {
  const escaped = message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const escapedTitle = title.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${level} title=${escapedTitle}::${escaped}`;
}
