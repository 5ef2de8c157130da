/** What a target says of its driver stands in every report: with the target, and with the failures that it excuses. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it, test } from 'vitest';

import { createCompactReporter } from '../../../src/report/compact.ts';
import { reportToCtrf } from '../../../src/report/ctrf.ts';
import { formatReport } from '../../../src/report/default.ts';
import { annotations } from '../../../src/report/github.ts';
import { verifyPage } from '../../../src/report/html/verify.ts';
import { reportToJson } from '../../../src/report/json.ts';
import { reportToJunit } from '../../../src/report/junit.ts';
import { reportToMarkdown } from '../../../src/report/markdown.ts';
import { reportToSarif } from '../../../src/report/sarif.ts';
import { createStyle } from '../../../src/report/style.ts';
import { properties } from '../../../properties/index.ts';
import { verify } from '../../../src/index.ts';
import type { KernelRun, Report, Target, TargetNote } from '../../../src/index.ts';
import { failed, held, recording, reportOf } from './sample.ts';

const ofTarget = 'GPU \u001B[2J <b>exp</b> leaves the table';
const ofFailure = 'exp of this driver may be at fault';
const base = reportOf([held, { ...failed, notes: [ofFailure] }]);
const report: Report = { ...base, targets: base.targets.map((target) => (target.name === 'mine' ? { ...target, notes: [ofTarget] } : target)) };

const compact = (): string => {
  const { context, stdout } = recording();
  createCompactReporter(context).finish(report);
  return stdout();
};

test.each<[string, () => string, boolean]>([
  ['default', () => formatReport(report, createStyle(false)), true],
  ['compact', compact, true],
  ['json', () => reportToJson(report), true],
  ['junit', () => reportToJunit(report), false],
  ['ctrf', () => reportToCtrf(report, 0), true],
  ['sarif', () => reportToSarif(report), true],
  ['markdown', () => reportToMarkdown(report), true],
  ['html', () => verifyPage(report), true],
  ['github', () => annotations(report).join('\n'), true],
])('%s', (name, text, withTarget) => {
  expect(text()).toContain(ofFailure);
  if (withTarget) expect(text()).toContain('leaves the table');
  expect(text()).not.toContain('\u001B[2J');
  if (name === 'html' || name === 'markdown') expect(text()).not.toContain('<b>exp');
});

const wrong: KernelRun = (_, { tokens, channels }) => ({ layerInput: new Float32Array(tokens * channels).fill(7) });

function targetWith(notes: readonly TargetNote[]): Target {
  return {
    name: 'mine', description: '', open: () => Promise.resolve({ status: 'available', notes }), close: () => Promise.resolve(),
    kernels: () => ({ 'stream-read': { arithmetic: 'ieee-f32', run: wrong } }),
  };
}

it('a failure has the notes that excuse it: those of its operation', async () => {
  const notes: TargetNote[] = [
    { text: 'of all', excuses: true }, { text: 'of this one', excuses: true, operations: ['stream-read'] }, { text: 'of another', excuses: true, operations: ['sinkhorn'] }, { text: 'excuses nothing', excuses: false },
  ];
  const found = await verify({ targets: [targetWith(notes)], properties: properties.filter(({ operation }) => operation === 'stream-read').slice(0, 3), effort: 'quick', seed: 1, shrink: false, failuresDir: mkdtempSync(join(tmpdir(), 'plumbline-notes-')) });
  expect(found.targets[0]!.notes).toEqual(notes.map(({ text }) => text));
  const failures = found.results.filter(({ status }) => status === 'failed');
  expect(failures.length).toBeGreaterThan(0);
  for (const { notes: own } of failures) expect(own).toEqual(['of all', 'of this one']);
  for (const { status, notes: own } of found.results) if (status !== 'failed') expect(own).toBeUndefined();
});
