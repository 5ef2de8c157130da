import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterAll, describe, expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { referenceKernels, verify, type KernelDeclaration, type KernelRun, type PropertyResult, type Report, type RunEvent, type Target, type VerifyOptions } from '../../../src/index.ts';
import { TargetUnusable } from '../../../src/targets/outcome.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-overlap-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const right = referenceKernels().sinkhorn;

/** A kernel as in another process, or here: only the first overlaps. */
function targetOf(run: KernelRun, remote: KernelDeclaration['remote']): Target {
  const kernels = { sinkhorn: { ...right, run, ...(remote === undefined ? {} : { remote }) } };
  return { name: 'mine', description: '', open: () => Promise.resolve({ status: 'available' }), kernels: () => kernels, close: () => Promise.resolve() };
}

const elsewhere: KernelDeclaration['remote'] = { ready: () => Promise.resolve() };

function verified(id: string, target: Target, options: Partial<VerifyOptions> = {}): Promise<Report> {
  return verify({ targets: [target], properties: properties.filter((property) => property.id === id), effort: 'quick', seed: 3, failuresDir: folder, callTimeoutMs: 1000, ...options });
}

/** Answers later, and says in which order things happened. */
function recorded(run: KernelRun): { run: KernelRun; calls: { tokens: number; bits: number }[] } {
  const calls: { tokens: number; bits: number }[] = [];
  let busy = false;
  return {
    calls,
    run: async (inputs, sizes) => {
      if (busy) throw new Error('called while it was calculating');
      busy = true;
      calls.push({ tokens: sizes.tokens, bits: Number(inputs['logits']!.data[0]) });
      await setImmediate();
      busy = false;
      return run(inputs, sizes);
    },
  };
}

function told(result: PropertyResult): object {
  return { ...result, durationMs: 0, counterexample: undefined, recipe: result.counterexample?.recipe };
}

describe('a kernel in another process', () => {
  // one call a case, several calls a case, and a kernel that is wrong on large batches
  const wrongOnMany: KernelRun = (inputs, sizes) => (sizes.tokens > 20 ? { residualMapping: Float32Array.from({ length: sizes.tokens * sizes.streams ** 2 }, (_, i) => i) } : right.run(inputs, sizes));
  test.each([
    ['sinkhorn/last-normalised-sums', right.run],
    ['sinkhorn/permutation-equivariance', right.run],
    ['sinkhorn/last-normalised-sums', wrongOnMany],
    ['sinkhorn/permutation-equivariance', wrongOnMany],
  ])('%s gets the calls, the verdict and the counterexample that it gets without overlap', async (id, run) => {
    const [there, here] = [recorded(run), recorded(run)];
    const far = await verified(id, targetOf(there.run, elsewhere), { effort: 'standard' });
    const near = await verified(id, targetOf(here.run, undefined), { effort: 'standard' });
    expect(far.results.map(told)).toEqual(near.results.map(told));
    expect(near.results[0]!.cases).toBeGreaterThan(0);
    if (run === right.run) expect(there.calls).toEqual(here.calls);
    else expect(far.results[0]!.status).toBe('failed');
  });

  test('is called for the next case before the last one is judged', async () => {
    const order: string[] = [];
    let calls = 0;
    const run: KernelRun = async (inputs, sizes) => {
      order.push(`call ${++calls}`);
      await setImmediate();
      return right.run(inputs, sizes);
    };
    const onEvent = (event: RunEvent): void => { if (event.type === 'case-finished') order.push(`verdict ${event.cases}`); };
    await verified('sinkhorn/last-normalised-sums', targetOf(run, elsewhere), { onEvent });
    // the first two have the kernel to themselves: when they begin, nobody knows yet how often a case calls
    expect(order).toEqual(['call 1', 'verdict 1', 'call 2', 'verdict 2', 'call 3', 'call 4', 'verdict 3', 'call 5', 'verdict 4', 'call 6', 'verdict 5', 'verdict 6']);
  });

  test('that cannot be called any more ends the property, also while two cases are on their way', async () => {
    let calls = 0;
    const remote = { ready: () => (++calls > 3 ? Promise.reject(new TargetUnusable('gone', 'start it')) : Promise.resolve()) };
    const report = await verified('sinkhorn/last-normalised-sums', targetOf(right.run, remote));
    expect(report.results.map(({ status, reason }) => [status, reason])).toEqual([['errored', expect.stringContaining('gone')]]);
  });

  test('is left alone when the run was stopped: the case in hand counts, no other begins', async () => {
    const controller = new AbortController();
    let calls = 0;
    const run: KernelRun = async (inputs, sizes) => {
      if (++calls === 4) controller.abort();
      await setImmediate();
      return right.run(inputs, sizes);
    };
    const report = await verified('sinkhorn/last-normalised-sums', targetOf(run, elsewhere), { signal: controller.signal, effort: 'standard' });
    const [result] = report.results;
    expect(result!.status).toBe('incomplete');
    expect(result!.cases).toBe(calls);
    expect(calls).toBeLessThanOrEqual(5);
  });
});
