/**
 * SARIF 2.1.0 for code scanning: a rule per property, a result per failure. What could not be checked is no finding about the kernel and is a notification of the
 * invocation. A failure lies in the file of the kernels where that is known, since code scanning shows no result without a file; its counterexample is a related location.
 */
import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { PropertyResult, Report } from '../verify/results.ts';
import { describeMatters, formatFailure, oneLine, plain, summariseFailure } from './failure.ts';
import { valueToJson } from './json.ts';
import { fenced } from './markdown.ts';
import type { ReporterContext } from './reporter.ts';
import { createStyle } from './style.ts';
import { explainExit } from './summary.ts';
import { createWritten } from './written.ts';

type Ran = Pick<ReporterContext, 'command' | 'sources'>;

export const createSarifReporter = createWritten({ what: 'SARIF report', defaultFile: '.plumbline/report.sarif', format: (report, context) => `${reportToSarif(report, context)}\n` });

/** The report as SARIF text; `sources` are the files of the kernels. */
export function reportToSarif(report: Report, { command, sources = [] }: Ran = {}): string {
  const ids = [...new Set(report.results.map(({ property }) => property))];
  const why = explainExit(report);
  return valueToJson({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: 'plumbline', semanticVersion: report.plumbline, rules: ids.map((id) => ruleOf(report.results.find(({ property }) => property === id)!)) } },
      automationDetails: { id: 'plumbline/verify/' },
      invocations: [{
        executionSuccessful: report.exitCode <= 1,
        exitCode: report.exitCode,
        ...(why === undefined ? {} : { exitCodeDescription: why }),
        ...(command === undefined ? {} : { commandLine: command }),
        toolExecutionNotifications: notificationsOf(report, ids),
      }],
      results: report.results.filter(({ status }) => status === 'failed').map((result) => resultOf(result, ids, sources)),
      columnKind: 'utf16CodeUnits',
      properties: { seed: report.seed, effort: report.effort, environment: report.environment, totals: report.totals },
    }],
  });
}

function ruleOf({ property, claim, class: kind, operation }: PropertyResult): object {
  return { id: property, shortDescription: { text: claim }, defaultConfiguration: { level: 'error' }, properties: { class: kind, operation, tags: [operation, kind] } };
}

function resultOf(result: PropertyResult, ids: readonly string[], sources: readonly string[]): object {
  const { target, operation, property, counterexample, margin, seed, explanation } = result;
  const matters = counterexample?.matters && describeMatters(counterexample.matters);
  const sentences = [`${target}: ${result.claim}`, summariseFailure(result), ...(explanation === undefined ? [] : [`The kernel ${oneLine(explanation)}`]), ...(matters === undefined ? [] : [matters]), ...(result.notes ?? []), ...(counterexample === undefined ? [] : [counterexample.replay])];
  const file = sources.length === 1 ? sources[0] : counterexample?.file;
  return {
    ruleId: property,
    ruleIndex: ids.indexOf(property),
    level: 'error',
    message: { text: withoutLinks(sentences.join('\n')), markdown: fenced(formatFailure(result, createStyle(false))) },
    locations: [{
      ...(file === undefined ? {} : { physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: 1 } } }),
      logicalLocations: [{ name: operation, fullyQualifiedName: `${target}/${operation}`, kind: 'function' }],
    }],
    ...(counterexample === undefined ? {} : { relatedLocations: [{ id: 1, physicalLocation: { artifactLocation: { uri: uriOf(counterexample.file) } }, message: { text: 'the counterexample' } }] }),
    // the same failure in the next run, whatever its numbers are
    partialFingerprints: { 'targetAndProperty/v1': createHash('sha256').update(`${target}\n${property}`).digest('hex') },
    properties: { target, margin, seed },
  };
}

function notificationsOf(report: Report, ids: readonly string[]): object[] {
  const missing = report.targets
    .filter(({ status }) => status === 'unavailable')
    .map(({ name, reason, remedy }) => ({ level: 'warning', message: { text: withoutLinks(`${name} is unavailable: ${oneLine(reason ?? '')} ${oneLine(remedy ?? '')}`.trimEnd()) } }));
  const unchecked = report.results
    .filter(({ status }) => status === 'errored' || status === 'incomplete' || status === 'skipped')
    .map(({ target, property, status, reason }) => ({
      level: status === 'errored' ? 'error' : 'warning',
      message: { text: withoutLinks(`${target}: ${property} ${status}: ${oneLine(reason ?? '')}`) },
      associatedRule: { id: property, index: ids.indexOf(property) },
    }));
  const noted = report.targets.flatMap(({ name, notes = [] }) => notes.map((text) => ({ level: 'warning', message: { text: withoutLinks(`${name}: ${plain(text)}`) } })));
  return [...missing, ...noted, ...unchecked];
}

/** In a SARIF message [text](target) is a link (§3.11.6), and what a kernel says is none. */
function withoutLinks(text: string): string {
  return text.replaceAll(/[\\[\]]/g, String.raw`\$&`);
}

function uriOf(path: string): string {
  return isAbsolute(path) ? pathToFileURL(path).href : path.replaceAll(/\p{Surrogate}/gu, '\ufffd').split('/').map(encodeURIComponent).join('/');
}
