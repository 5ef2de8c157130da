/** Failures that cost a process: saved before anything else, tried again for a limited time, and a target that is gone is no fault of the kernel's claims. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeEach, expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { inProcess, referenceKernels, verify, type KernelRun, type Report } from '../../../src/index.ts';
import { OutcomeError, TargetUnusable } from '../../../src/targets/outcome.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-costly-'));
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asked = properties.filter(({ id }) => ['sinkhorn/reference-parity', 'sinkhorn/positivity'].includes(id));

/** Runs two claims on a kernel in "another process". */
function verified(run: KernelRun, ready: () => Promise<void> = () => Promise.resolve(), costlyShrinkMs = 200): Promise<Report> {
  const target = inProcess('remote', { kernels: { sinkhorn: { ...referenceKernels().sinkhorn, run, remote: { ready } } } });
  return verify({ targets: [target], properties: asked, effort: 'quick', seed: 1, failuresDir: folder, costlyShrinkMs });
}

test('a crash is on disk before the kernel is called again, once it is shrunk only the small case is', async () => {
  const saved: number[] = [];
  const crash: KernelRun = async () => {
    saved.push(readdirSync(folder).length);
    await sleep(1);
    throw new OutcomeError('crashed', 'gone');
  };
  const { results } = await verified(crash, undefined, 60_000);
  expect(saved.slice(0, 2)).toEqual([0, 1]);
  expect(readdirSync(folder)).toHaveLength(results.length);
  expect(results.map(({ counterexample }) => [counterexample?.outcome, counterexample?.problems])).toEqual([['crashed', 1], ['crashed', 1]]);
});

test('shrinking a crash ends with its time, and says so', async () => {
  const slow: KernelRun = async () => {
    await sleep(80);
    throw new OutcomeError('crashed', 'gone');
  };
  const { results } = await verified(slow);
  for (const { counterexample } of results) {
    expect(counterexample!.shrinkingStopped).toBe('0.2 s were over, and each call that ends as crashed costs a process');
    expect(counterexample!.kernelCalls).toBeLessThanOrEqual(3); // one may begin just before 200 ms
  }
});

test('time for shrinking other failures is not limited', async () => {
  const wrong: KernelRun = async ({ logits }) => {
    await sleep(20);
    return { residualMapping: logits!.data.slice() };
  };
  const { results } = await verified(wrong, undefined, 1);
  expect(results.map(({ counterexample }) => counterexample?.shrinkingStopped)).toEqual([undefined, undefined]);
  expect(results[0]!.counterexample!.kernelCalls).toBeGreaterThan(3);
});

test('a target that can no longer be used leaves what was found, and the rest errored', async () => {
  let calls = 0;
  const run: KernelRun = () => Promise.reject(new OutcomeError('crashed', 'gone'));
  const ready = (): Promise<void> => (calls++ === 0 ? Promise.resolve() : Promise.reject(new TargetUnusable('no device any more', 'Plug it in.')));
  const report = await verified(run, ready);
  expect(report.results.map(({ status, reason }) => [status, reason])).toEqual([['failed', 'crashed: gone'], ['errored', 'no device any more\nPlug it in.']]);
  expect(report.results[0]!.counterexample!.shrinkingStopped).toBe('no device any more');
  expect(report.results[1]!.fault).toBeUndefined();
  expect(report.exitCode).toBe(1);
  expect(readdirSync(folder)).toHaveLength(1);
});

test('a target that is gone from the start is errored: 4', async () => {
  const report = await verified(() => ({}), () => Promise.reject(new TargetUnusable('no device', 'Plug it in.')));
  expect(report.totals).toMatchObject({ errored: 2, failed: 0 });
  expect(report.exitCode).toBe(4);
});
