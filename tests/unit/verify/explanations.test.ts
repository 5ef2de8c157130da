import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { explainFailure } from '../../../src/identify/explain.ts';
import { inProcess } from '../../../src/targets/in-process.ts';
import type { KernelRun } from '../../../src/targets/kernel.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { verify } from '../../../src/verify/verify.ts';
import type { Explain, VerifyOptions } from '../../../src/verify/options.ts';
import type { Report } from '../../../src/verify/results.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-explanations-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const right = referenceKernels();
const off = referenceKernels({ sinkhorn: { ...sinkhornPresets['tilekernels']!, iterations: 19 } }).sinkhorn.run;
const asked = properties.filter(({ id }) => ['sinkhorn/reference-parity', 'sinkhorn/positivity', 'sinkhorn/cross-ratios'].includes(id));

function verified(run: KernelRun, explain: Explain | undefined, options: Partial<VerifyOptions> = {}): Promise<Report> {
  const target = inProcess('mine', { kernels: { sinkhorn: { ...right.sinkhorn, run } } });
  return verify({ targets: [target], properties: asked, effort: 'quick', runs: 1, seed: 1, failuresDir: folder, callTimeoutMs: 100, explain, ...options });
}

test('one explanation for each operation that failed, beside its failures and nothing else', async () => {
  let calls = 0;
  const report = await verified(off, (...given) => {
    calls++;
    return explainFailure(...given);
  });
  const sentence = 'computes `tilekernels` with 19 iterations; it declares 20';
  expect(calls).toBe(1);
  expect(report.explanations).toMatchObject([{ target: 'mine', operation: 'sinkhorn', sentence, verdict: 'identified', problems: 51 }]);
  for (const { status, explanation } of report.results) expect(explanation).toBe(status === 'failed' ? sentence : undefined);
  expect(report.totals.failed).toBeGreaterThan(0);
  expect(report.exitCode).toBe(1);
});

test('a kernel that holds is not asked', async () => {
  const report = await verified(right.sinkhorn.run, () => { throw new Error('asked'); });
  expect([report.explanations, report.exitCode]).toEqual([[], 0]);
});

test('a kernel that throws or hangs is not asked: it has said why', async () => {
  let calls = 0;
  const explain: Explain = () => Promise.resolve(void calls++);
  await verified(() => { throw new Error('no'); }, explain);
  await verified(() => new Promise(() => undefined), explain);
  expect(calls).toBe(0);
});

test('an explanation that fails leaves the failure as it is', async () => {
  const report = await verified(off, () => Promise.reject(new Error('a fault of plumbline')));
  expect(report.results.filter(({ status }) => status === 'failed').map(({ explanation }) => explanation)).toEqual(report.results.filter(({ status }) => status === 'failed').map(() => undefined));
  expect([report.explanations, report.exitCode]).toEqual([[], 1]);
});

test('an interrupted run explains nothing', async () => {
  const controller = new AbortController();
  let calls = 0;
  const report = await verified(off, () => Promise.resolve(void calls++), {
    signal: controller.signal,
    onEvent: (event) => { if (event.type === 'property-finished' && event.result.status === 'failed') controller.abort(); },
  });
  expect([calls, report.exitCode]).toEqual([0, 130]);
});

test('without anybody to ask, a report has no explanations', async () => {
  expect('explanations' in (await verified(off, undefined))).toBe(false);
});
