/**
 * JUnit XML for CI systems: a suite per target, a case per property. There is no official schema; this follows testmoapp/junitxml, and
 * since GitLab ignores most attributes the failure's body has margin and replay line as text too.
 */
import type { PropertyResult, Report } from '../verify/results.ts';
import { formatFailure, oneLine, summariseFailure } from './failure.ts';
import { createStyle } from './style.ts';
import { createWritten } from './written.ts';

export const createJunitReporter = createWritten({ what: 'JUnit report', defaultFile: '.plumbline/junit.xml', format: reportToJunit });

/** The report as XML text. Claims that are not about a kernel are cases that were skipped, with their reason. */
export function reportToJunit(report: Report): string {
  const suites = report.targets.map(({ name }) => suite(name, report.results.filter((result) => result.target === name)));
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="plumbline"${attributes(countsOf(report.results))}>`, ...suites, '</testsuites>'];
  return `${lines.join('\n')}\n`;
}

function suite(name: string, results: readonly PropertyResult[]): string {
  return [`  <testsuite${attributes({ name, ...countsOf(results) })}>`, ...results.map(testCase), '  </testsuite>'].join('\n');
}

function countsOf(results: readonly PropertyResult[]): Record<string, string | number> {
  const having = (...statuses: PropertyResult['status'][]): number => results.filter(({ status }) => statuses.includes(status)).length;
  return {
    tests: results.length,
    failures: having('failed'),
    errors: having('errored', 'incomplete'),
    skipped: having('skipped', 'unsupported'),
    time: seconds(results.reduce((sum, result) => sum + result.durationMs, 0)),
  };
}

function testCase(result: PropertyResult): string {
  const properties = { margin: result.margin, cases: result.cases, problems: result.problems, seed: result.seed, class: result.class };
  const verdict = verdictOf(result);
  return [
    `    <testcase${attributes({ classname: `${result.target}.${result.operation}`, name: result.property, time: seconds(result.durationMs) })}>`,
    '      <properties>',
    ...Object.entries(properties).map(([name, value]) => `        <property${attributes({ name, value })}/>`),
    '      </properties>',
    ...(verdict === undefined ? [] : [verdict]),
    '    </testcase>',
  ].join('\n');
}

function verdictOf(result: PropertyResult): string | undefined {
  const message = oneLine(result.reason ?? '');
  switch (result.status) {
    case 'passed':
      return undefined;
    case 'failed': {
      const type = result.counterexample?.outcome ?? 'failed';
      return `      <failure${attributes({ message: summariseFailure(result), type })}>${escapeXml(formatFailure(result, createStyle(false)))}</failure>`;
    }
    case 'errored':
    case 'incomplete': // JUnit has no word for it, and it must not look like a pass
      return `      <error${attributes({ message, type: result.status })}>${escapeXml(result.reason ?? '')}</error>`;
    default: // skipped and unsupported
      return `      <skipped${attributes({ message: `${result.status}: ${message}` })}/>`;
  }
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values).map(([name, value]) => ` ${name}="${escapeXml(String(value)).replaceAll('\n', '&#10;')}"`).join('');
}

function escapeXml(text: string): string {
  return Array.from(text, (character) => (isXml(character.codePointAt(0)!) ? character : '\ufffd'))
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** What XML 1.0 can carry; most control characters it cannot, not even escaped. */
function isXml(code: number): boolean {
  return code === 0x9 || code === 0xa || code === 0xd || (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
