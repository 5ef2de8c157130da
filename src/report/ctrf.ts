/** CTRF, the Common Test Report Format (ctrf.io): a test per property and target, the suite is target and operation. */
import type { PropertyResult, Report, ResultStatus } from '../verify/results.ts';
import { formatFailure, oneLine, summariseFailure } from './failure.ts';
import { valueToJson } from './json.ts';
import type { ReporterContext } from './reporter.ts';
import { createStyle } from './style.ts';
import { createWritten } from './written.ts';

export const createCtrfReporter = createWritten({
  what: 'CTRF report', defaultFile: '.plumbline/ctrf.json',
  format: (report, { command, finishedAt }: ReporterContext) => `${reportToCtrf(report, finishedAt ?? Date.now(), command)}\n`,
});

/** What is left unfinished or broke down must not look like a pass, and CTRF has no word for it: `rawStatus` says which it was. */
const statusOf: Readonly<Record<ResultStatus, 'passed' | 'failed' | 'skipped'>> = {
  passed: 'passed', failed: 'failed', errored: 'failed', incomplete: 'failed', skipped: 'skipped', unsupported: 'skipped',
};

/** The report as CTRF text; `stop` is when the run ended, in milliseconds since 1970. */
export function reportToCtrf(report: Report, stop: number, command?: string): string {
  const { results, targets, plumbline, seed, effort, environment, exitCode, interrupted, durationMs } = report;
  const having = (status: string): number => results.filter((result) => statusOf[result.status] === status).length;
  return valueToJson({
    reportFormat: 'CTRF',
    specVersion: '0.0.0',
    timestamp: new Date(stop).toISOString(),
    generatedBy: 'plumbline',
    results: {
      tool: { name: 'plumbline', version: plumbline },
      summary: {
        tests: results.length, passed: having('passed'), failed: having('failed'), skipped: having('skipped'), pending: 0, other: 0,
        suites: new Set(results.map(({ target, operation }) => `${target}\n${operation}`)).size, start: Math.round(stop - durationMs), stop: Math.round(stop), duration: Math.round(durationMs),
      },
      tests: results.map(testOf),
      environment: { ...(environment['platform'] === undefined ? {} : { osPlatform: String(environment['platform']) }), extra: { ...environment } },
      extra: { seed, effort, exitCode, interrupted, command, targets },
    },
  });
}

function testOf(result: PropertyResult): object {
  const { target, operation, property, status, counterexample, reason } = result;
  return {
    name: property,
    testId: `${target}/${operation}/${property}`,
    suite: [target, operation],
    status: statusOf[status],
    rawStatus: status,
    duration: Math.round(result.durationMs),
    ...(status === 'passed' ? {} : { message: status === 'failed' ? summariseFailure(result) : oneLine(reason ?? '') }),
    ...(status === 'failed' ? { trace: formatFailure(result, createStyle(false)) } : {}),
    tags: [result.class],
    labels: { margin: result.margin, cases: result.cases, problems: result.problems, seed: result.seed, ...(counterexample === undefined ? {} : { replay: counterexample.replay }) },
    ...(counterexample === undefined ? {} : { attachments: [{ name: 'counterexample', contentType: 'application/octet-stream', path: counterexample.file }] }),
  };
}
