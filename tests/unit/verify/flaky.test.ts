/** Kernels that do not do the same every time: that is measured and named, and one failure stays a failure. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { inProcess, Random, readCounterexample, referenceKernels, replay, verify, type KernelRun, type Report, type Target } from '../../../src/index.ts';
import { clopperPearsonInterval, clopperPearsonUpper } from '../../../src/numerics/clopper-pearson.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-flaky-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const right = referenceKernels()['stream-read'];

function targetOf(run: KernelRun, deterministic = true): Target {
  return inProcess('mine', { kernels: { 'stream-read': { ...right, deterministic, run } } });
}

function verified(target: Target, ...asked: string[]): Promise<Report> {
  return verify({ targets: [target], properties: properties.filter(({ id }) => asked.includes(id)), effort: 'standard', seed: 1, failuresDir: folder });
}

/** Reads the streams in another order in each call, as atomic additions do. */
function anyOrder(): KernelRun {
  const random = new Random(3);
  return ({ preMapping, streams }, { tokens, streams: n, channels }) => {
    const layerInput = new Float32Array(tokens * channels);
    for (let b = 0; b < tokens; b++) {
      const order = random.permutation(n);
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (const i of order) sum = Math.fround(sum + Math.fround(preMapping!.data[b * n + i]! * streams!.data[(b * n + i) * channels + c]!));
        layerInput[b * channels + c] = sum;
      }
    }
    return { layerInput };
  };
}

/** Wrong by a hundredth in some calls, counted from 1. */
function wrongIn(which: (call: number) => boolean): KernelRun {
  let calls = 0;
  return (inputs, sizes) => {
    const { layerInput } = right.run(inputs, sizes);
    const values = (layerInput as { data: Float32Array }).data;
    return { layerInput: which(++calls) ? values.map((x) => x * 1.01) : values.slice() };
  };
}

test('another order of additions in every call is within what reassociation explains', async () => {
  const { results: [result] } = await verified(targetOf(anyOrder()), 'robustness/determinism/stream-read');
  const { spread } = result!.counterexample!.reproduction!;
  expect(spread!.calls).toBe(20);
  expect(spread!.difference).toBeGreaterThan(0);
  expect(spread!.margin).toBeGreaterThan(0);
  expect(spread!.margin).toBeLessThanOrEqual(1);
  // who promises no more has nothing to answer for
  expect((await verified(targetOf(anyOrder(), false), 'robustness/determinism/stream-read')).exitCode).toBe(0);
});

test('more than rounding is beyond it, with and without the promise', async () => {
  for (const promise of [true, false]) {
    const { results: [result] } = await verified(targetOf(wrongIn((call) => call % 2 === 0), promise), 'robustness/determinism/stream-read');
    expect(result!.status).toBe('failed');
    expect(result!.counterexample!.reproduction!.spread!.margin).toBeGreaterThan(1000);
  }
});

test('a failure in every fifth call has its rate, is shrunk all the same, and replays', async () => {
  const run = wrongIn((call) => call % 5 === 0);
  const { results: [result] } = await verified(targetOf(run), 'streams/read-parity');
  const { counterexample } = result!;
  const { failed, replays, interval } = counterexample!.reproduction!;
  expect(replays).toBe(20);
  expect(failed).toBe(4);
  expect(interval[0]).toBeLessThan(0.2);
  expect(interval[1]).toBeGreaterThan(0.2);
  expect(counterexample!.problems).toBe(1);
  expect(counterexample!.typed.length).toBeLessThan(400);
  expect(readCounterexample(counterexample!.file).reproduction).toEqual({ replays: 20, failed: 4 });
  const again = await replay({ file: counterexample!.file, properties, targets: [targetOf(run)], failuresDir: folder });
  expect([again.fails, again.reproduction.failed, again.reproduction.replays]).toEqual([true, 4, 20]);
  const fixed = await replay({ file: counterexample!.file, properties, targets: [targetOf(right.run)], failuresDir: folder, times: 50 });
  expect([fixed.fails, fixed.reproduction.failed, fixed.reproduction.replays]).toEqual([false, 0, 50]);
});

test('a race that shows in the first call only is a failure that did not come again, as it was found', async () => {
  const { results: [result], exitCode } = await verified(targetOf(wrongIn((call) => call === 1)), 'streams/read-parity');
  expect(exitCode).toBe(1);
  const { reproduction, shrinkingStopped, recipe, kernelCalls } = result!.counterexample!;
  expect([reproduction!.failed, reproduction!.replays, reproduction!.interval[0]]).toEqual([0, 20, 0]);
  expect(shrinkingStopped).toBe('it did not fail again in 20 replays');
  expect(kernelCalls).toBe(0);
  expect(recipe.values).toBeUndefined();
});

test('a failure that comes every time says so, has one set of bits, and leaves no trace in the file', async () => {
  const { results: [result] } = await verified(targetOf(wrongIn(() => true)), 'streams/read-parity');
  expect(result!.counterexample!.reproduction).toEqual({ replays: 20, failed: 20, interval: clopperPearsonInterval(20, 20, 0.05) });
  expect(readCounterexample(result!.counterexample!.file).reproduction).toBeUndefined();
});

describe('the two-sided interval', () => {
  test('is that of Clopper and Pearson', () => {
    // exact binomial tails in rational arithmetic (Python fractions), by bisection
    const [low, high] = clopperPearsonInterval(20, 3, 0.05);
    expect([low.toFixed(6), high.toFixed(6)]).toEqual(['0.032071', '0.378927']);
    expect(clopperPearsonInterval(20, 0, 0.05).map((end) => end.toFixed(6))).toEqual(['0.000000', '0.168433']);
  });

  test('contains the share, and its ends are one-sided bounds with half of alpha', () => {
    for (let failed = 0; failed <= 20; failed++) {
      const [low, high] = clopperPearsonInterval(20, failed, 0.05);
      expect(low <= failed / 20 && failed / 20 <= high).toBe(true);
      expect(high).toBe(clopperPearsonUpper(20, failed, 0.025));
      expect(low > 0).toBe(failed > 0);
    }
  });
});
