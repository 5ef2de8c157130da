import { readFileSync } from 'node:fs';

import { Ajv, type AnySchemaObject } from 'ajv';
import Draft04 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';

import { reportToCtrf } from '../../../src/report/ctrf.ts';
import { reportToMarkdown } from '../../../src/report/markdown.ts';
import { reportToSarif } from '../../../src/report/sarif.ts';
import { hostileReport, payload } from './hostile.ts';
import { failed, held, reportOf, results } from './sample.ts';

/** What a schema says against a text; nothing when it is valid. */
function against(name: string, draft: typeof Ajv): (text: string) => unknown[] {
  const ajv = new draft({ strict: false, allErrors: true, unicodeRegExp: false });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(new URL(`../../../fixtures/schemas/${name}`, import.meta.url), 'utf8')) as AnySchemaObject);
  return (text) => (validate(JSON.parse(text)) === true ? [] : validate.errors!);
}

const sarifErrors = against('sarif-2.1.0.json', Draft04 as unknown as typeof Ajv);
const ctrfErrors = against('ctrf-0.0.json', Ajv);

const reports = { plain: reportOf(results), hostile: hostileReport, empty: reportOf([], { targets: [], exitCode: 5 }), interrupted: reportOf([held], { interrupted: true, exitCode: 130 }) };

it.each(Object.entries(reports))('sarif: the %s report is valid', (_, report) => {
  expect(sarifErrors(reportToSarif(report, { command: 'plumbline verify', sources: ['kernels.py'] }))).toEqual([]);
  expect(sarifErrors(reportToSarif(report))).toEqual([]);
});

it.each(Object.entries(reports))('ctrf: the %s report is valid', (_, report) => {
  expect(ctrfErrors(reportToCtrf(report, 1.7e12, 'plumbline verify'))).toEqual([]);
});

it('the schemas refuse what is wrong', () => {
  expect(sarifErrors(reportToSarif(reports.plain).replace('"ruleId"', '"rule-id"'))).not.toEqual([]);
  expect(sarifErrors(reportToSarif(reports.plain).replace('"startLine": 1', '"startLine": 0'))).not.toEqual([]);
  expect(ctrfErrors(reportToCtrf(reports.plain, 1.7e12).replace('"status": "failed"', '"status": "errored"'))).not.toEqual([]);
  expect(ctrfErrors(reportToCtrf(reports.plain, 1.7e12).replace('"duration": 120', '"duration": 120.5'))).not.toEqual([]);
});

interface Sarif {
  runs: [{
    results: { ruleId: string; ruleIndex: number; message: { text: string }; locations: { physicalLocation?: { artifactLocation: { uri: string } } }[]; partialFingerprints: object }[];
    tool: { driver: { rules: { id: string }[] } };
    invocations: [{ executionSuccessful: boolean; toolExecutionNotifications: { level: string; message: { text: string } }[] }];
  }];
}

it('sarif: a result for each failure and none for what could not be checked, which is told besides', () => {
  const [{ results: found, tool, invocations: [invocation] }] = (JSON.parse(reportToSarif(reports.plain, { sources: ['some kernels.ts'] })) as Sarif).runs;
  expect(found.map(({ ruleId, ruleIndex }) => [ruleId, tool.driver.rules[ruleIndex]!.id])).toEqual([['sinkhorn/column-sums', 'sinkhorn/column-sums'], ['sinkhorn/duplicate-rows', 'sinkhorn/duplicate-rows']]);
  expect(found[0]!.locations[0]!.physicalLocation!.artifactLocation.uri).toBe('some%20kernels.ts');
  expect(found[0]!.message.text).toBe('mine: The columns add up to one.\nmeasured 3.1e-4, bound 1.2e-7, margin 2580\nplumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts');
  expect(invocation.toolExecutionNotifications.map(({ level, message }) => `${level}: ${message.text}`)).toEqual([
    'warning: tfjs-node-gpu is unavailable: libcudart.so.11.0 cannot be opened. Install CUDA 11.2.',
    'warning: mine: sinkhorn/rank-one incomplete: stopped after 3 of 40 cases',
    'error: crashing: streams/mean errored: the worker died',
  ]);
  expect(new Set(found.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints))).size).toBe(2);
});

it('sarif: what a kernel says is no link', () => {
  const [{ results: found }] = (JSON.parse(reportToSarif(reportOf([{ ...failed, explanation: 'see [here](https://a.example)' }]))) as Sarif).runs;
  expect(found[0]!.message.text).toContain(String.raw`see \[here\](https://a.example)`);
});

it('ctrf: counts add up, and nothing unfinished passes', () => {
  const { results: { summary, tests } } = JSON.parse(reportToCtrf(reports.plain, 5000)) as { results: { summary: Record<string, number>; tests: { status: string; rawStatus: string }[] } };
  expect(summary).toMatchObject({ tests: 7, passed: 2, failed: 4, skipped: 1, pending: 0, other: 0, start: 3766, stop: 5000, suites: 2 });
  expect(tests.filter(({ status }) => status === 'passed').every(({ rawStatus }) => rawStatus === 'passed')).toBe(true);
});

it('markdown: says what it left out, and ends before the limit', () => {
  const report = reportOf(Array.from({ length: 3000 }, () => failed));
  const text = reportToMarkdown(report);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
  expect(Buffer.byteLength(text)).toBeGreaterThan(1024 * 1024 - 4096);
  const shown = text.match(/^✗ /gm)!.length;
  expect(text.trimEnd().split('\n').at(-1)).toBe(`_Cut here, at 1,048,576 bytes: ${(3000 - shown).toLocaleString('en-US')} failures and the tables of 3 targets left out. The JSON report has everything._`);
  expect(text.match(/```/g)!.length % 2).toBe(0);
  expect(reportToMarkdown(reportOf([failed]))).not.toContain('Cut here');
});

it('markdown: nothing that is named becomes Markdown or HTML', () => {
  const text = reportToMarkdown(hostileReport, payload);
  // code blocks are text whatever stands in them; outside of them nothing of the payload is left
  const outside = text.replaceAll(/^(`{3,})text\n[\s\S]*?\n\1$/gm, '');
  expect(outside).not.toMatch(/<\w|<\/|(?<!\\)\]\(javascript/);
  expect(outside).not.toMatch(/(?<!\\)`code/);
  expect(outside.split('\n').filter((line) => line.startsWith('# '))).toEqual([]);
  const rows = outside.split('\n').filter((line) => line.startsWith('| '));
  expect(rows.length).toBeGreaterThan(4);
  for (const row of rows) expect(row.replaceAll(String.raw`\|`, '').split('|')).toHaveLength(9);
});
