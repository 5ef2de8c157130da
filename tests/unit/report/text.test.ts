import { expect, it } from 'vitest';

import { createCompactReporter } from '../../../src/report/compact.ts';
import { createDefaultReporter } from '../../../src/report/default.ts';
import { duration, figure, marginBar } from '../../../src/report/figures.ts';
import { defaultReporters } from '../../../src/report/reporters.ts';
import { createStyle, wantsColour } from '../../../src/report/style.ts';
import { explainExit, formatRun } from '../../../src/report/summary.ts';
import { held, recording, reportOf, results, started } from './sample.ts';

it('default: a table per target, failures in full, totals', () => {
  const { context, stdout } = recording();
  const reporter = createDefaultReporter(context);
  reporter.onEvent(started);
  reporter.finish(reportOf(results));
  expect(stdout()).toMatchInlineSnapshot(`
    "plumbline verify · seed 42 · effort quick · 7 claims planned

    mine  kernels.ts
      torch 2.11 · device GPU[2J
        property                 operation  cases  problems   error  margin
      ✓ sinkhorn/positivity      sinkhorn      40    12,345  1.9e-7    0.31  ██▌
      ✓ sinkhorn/row-shift       sinkhorn      40    12,345  1.9e-7    0.62  █████     marginal
      ✗ sinkhorn/column-sums     sinkhorn      40    12,345  3.1e-4    2580  ████████  failed
      ✗ sinkhorn/duplicate-rows  sinkhorn       1         1                            failed
      – sinkhorn/rank-one        sinkhorn       3    12,345  1.9e-7    0.31  ██▌       incomplete: stopped after 3 of 40 cases
      1 claim not about these kernels

    crashing
        property      operation     cases  problems  error  margin
      ✗ streams/mean  stream-write                                            errored: the worker died

    tfjs-node-gpu  TensorFlow.js
      unavailable: libcudart.so.11.0 cannot be opened.
      Install CUDA 11.2.

    ✗ sinkhorn/column-sums on mine
      claim     The columns add up to one. (exact)
      found     wrong-values
      measured  3.1e-4  column 1 sum − 1  (residualMapping, token 0)
      bound     1.2e-7  margin 2580
                = 8.0e-8 divisions + 4.0e-8 exponentials + 1 smaller

      residualMapping f32 [1, 2, 2], token 0
        row 0  0.5  0.5

      case      1 problem, shrunk in 43 kernel calls
        # tokens 1, streams 2
        logits = [[0, 3], [0, 0]]

      replay    plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts

    ✗ sinkhorn/duplicate-rows on mine
      claim     Equal rows stay equal. (bitwise)
      found     timed-out: The kernel did not answer within 10 ms.
                at & <here>

      case      1 problem, shrunk in 43 kernel calls
        # tokens 1, streams 2
        logits = [[0, 3], [0, 0]]

      replay    plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts

    2 failed · 1 errored · 1 incomplete · 2 passed (1 marginal) · 1 unsupported
    seed 42 · effort quick · 49,381 problems in 1.2 s
    "
  `);
});

it('compact: a line for each that did not hold, and the totals', () => {
  const { context, stdout } = recording();
  createCompactReporter(context).finish(reportOf(results));
  expect(stdout()).toMatchInlineSnapshot(`
    "unavailable tfjs-node-gpu: libcudart.so.11.0 cannot be opened. Install CUDA 11.2.
    FAIL mine sinkhorn/column-sums: measured 3.1e-4, bound 1.2e-7, margin 2580  plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts
    FAIL mine sinkhorn/duplicate-rows: timed-out: The kernel did not answer within 10 ms.  plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts
    incomplete mine sinkhorn/rank-one: stopped after 3 of 40 cases
    errored crashing streams/mean: the worker died
    2 failed · 1 errored · 1 incomplete · 2 passed (1 marginal) · 1 unsupported · largest passing margin 0.62 · seed 42 · effort quick · 49,381 problems in 1.2 s
    "
  `);
});

it('compact: one line when everything held', () => {
  const { context, stdout } = recording();
  createCompactReporter(context).finish(reportOf([held], { exitCode: 0, targets: [] }));
  expect(stdout()).toMatchInlineSnapshot(`
    "1 passed · largest passing margin 0.31 · seed 42 · effort quick · 12,345 problems in 1.2 s
    "
  `);
});

it('nothing that a kernel says reaches the terminal as a control sequence', () => {
  const { context, stdout } = recording();
  createDefaultReporter(context).finish(reportOf(results));
  expect(stdout()).not.toContain('\u001b');
});

it('says why a run without a failure did not hold', () => {
  expect(explainExit(reportOf([], { exitCode: 5 }))).toBe('Nothing ran: no claim was checked (exit code 5).');
  expect(explainExit(reportOf([held, { ...held, status: 'incomplete' }], { exitCode: 5 }))).toBe('Not everything ran: 1 claim unfinished when the time was over (exit code 5).');
  expect(explainExit(reportOf([held], { exitCode: 4 }))).toBe('A target that was asked for cannot run here: tfjs-node-gpu (exit code 4).');
  expect(explainExit(reportOf([{ ...held, status: 'errored' }], { exitCode: 4 }))).toContain('crashed or hung');
  expect(explainExit(reportOf([held], { exitCode: 130 }))).toContain('partial report');
  expect(explainExit(reportOf([held], { exitCode: 0 }))).toBeUndefined();
});

it.each<[number, string]>([
  [0, '0'], [0.3149, '0.315'], [2583.3, '2580'], [25833, '2.6e+4'], [1.94e-7, '1.9e-7'], [-0.5, '-0.5'], [Number.NaN, 'NaN'], [Infinity, 'Infinity'],
])('the figure of %d is %s', (value, text) => {
  expect(figure(value)).toBe(text);
});

it('times and bars', () => {
  expect([820.4, 12_340, 125_000].map(duration)).toEqual(['820 ms', '12.3 s', '2 m 5 s']);
  expect([0, 0.5, 0.31, 1, 7, Number.NaN].map((margin) => marginBar(margin, 4))).toEqual(['    ', '██  ', '█▎  ', '████', '████', '████']);
});

it('colours only when asked, and in the order of the conventions', () => {
  expect(createStyle(true).red('a')).toBe('\u001b[31ma\u001b[39m');
  expect(createStyle(false).red('a')).toBe('a');
  const tty = { isTTY: true };
  const decide = (env: Record<string, string>, stream = tty, flag = true): boolean => wantsColour(stream, env, flag);
  expect(decide({})).toBe(true);
  expect(decide({}, { isTTY: false })).toBe(false);
  expect(decide({ TERM: 'dumb' })).toBe(false);
  expect(decide({ NO_COLOR: '' })).toBe(true);
  expect(decide({ NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false);
  expect(decide({ FORCE_COLOR: '1' }, { isTTY: false })).toBe(true);
  expect(decide({ FORCE_COLOR: '0' })).toBe(false);
  expect(decide({ FORCE_COLOR: '1' }, tty, false)).toBe(false);
});

it('chooses reporters by who is looking', () => {
  const nobody = { isTTY: false, isCI: false, isAgent: false, isGithub: false };
  expect(defaultReporters({ ...nobody, isTTY: true })).toEqual(['default']);
  expect(defaultReporters(nobody)).toEqual(['compact']);
  expect(defaultReporters({ ...nobody, isTTY: true, isAgent: true })).toEqual(['compact']);
  expect(defaultReporters({ ...nobody, isCI: true, isGithub: true })).toEqual(['compact', 'github']);
});

it('what the kernel computes instead stands beside its failure, and once in a log', () => {
  const explanation = 'computes `tilekernels` with 19 iterations; it declares 20';
  const explained = { ...results[2]!, explanation };
  const report = reportOf([explained, explained], { explanations: [{ target: 'mine', operation: 'sinkhorn', sentence: explanation, verdict: 'identified', problems: 51 }] });
  const full = recording();
  createDefaultReporter(full.context).finish(report);
  expect(full.stdout().split(`\n  kernel    ${explanation}\n`)).toHaveLength(3);
  const log = recording();
  createCompactReporter(log.context).finish(report);
  expect(log.stdout().split(`\nwhy mine sinkhorn: ${explanation}\n`)).toHaveLength(2);
});

it('says how many problems a device screened beside those that were judged', () => {
  expect(formatRun(reportOf([held, { ...held, screened: 2 ** 28 }, { ...held, screened: 4 }]))).toContain('37,035 problems, 268,435,460 more screened on the device, in ');
  expect(formatRun(reportOf([held]))).not.toContain('screened');
});
