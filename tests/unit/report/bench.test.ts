import { describe, expect, it } from 'vitest';

import type { BenchReport, Comparison, WorkloadResult } from '../../../src/perf/results.ts';
import { benchPlot } from '../../../src/report/bench/plot.ts';
import { createBenchProgress } from '../../../src/report/bench/progress.ts';
import { strip } from '../../../src/report/bench/strip.ts';
import { formatBench } from '../../../src/report/bench/text.ts';
import { createStyle } from '../../../src/report/style.ts';

const samples = Array.from({ length: 60 }, (_, k) => 0.2 + 0.001 * (k % 10));
const times = (of: readonly number[]): NonNullable<WorkloadResult['times']> => ({ median: 0.2045, p5: 0.2, p95: 0.209, calls: 1, samples: of });
const comparison: Comparison = {
  judgement: { verdict: 'slower', effect: { lower: Math.log(1.04), estimate: Math.log(1.05), upper: Math.log(1.06) }, floor: Math.log(1.01), threshold: Math.log(1.02) },
  design: 'pairs', count: 60, baseline: times(samples), control: 'copy', controlSamples: samples, orders: [], copies: 12, copyOrders: [], error: 0.001,
};
const slower: WorkloadResult = {
  target: 'mine', workload: 'stream-read/small', operation: 'stream-read', sizes: { tokens: 16, streams: 4, channels: 64, depth: 1 }, status: 'compared', clock: 'device', cache: 'cold',
  times: times(samples.map((ms, k) => (k === 30 ? 9 : 1.05 * ms))), bytesMoved: 20_736, copy: { median: 0.02, share: 0.1 }, operations: 7168, counts: { launches: 2, memoryBytes: 4096 }, comparison,
};
const report: BenchReport = {
  schemaVersion: 1, kind: 'bench', plumbline: '0.1.0', seed: 7, environment: {}, against: 'main (1a2b3c4)', budget: { memoryBytes: 2 ** 29, callMs: 500 },
  targets: [{ name: 'mine', description: 'kernels.ts', status: 'available', reason: undefined, remedy: undefined }],
  results: [slower, { ...slower, workload: 'sinkhorn/x', status: 'wrong', reason: 'sinkhorn/positivity failed\u001B[2J', remedy: 'plumbline replay x', times: undefined, comparison: undefined }],
  unserved: 3, interrupted: false, exitCode: 1, durationMs: 1234,
};

describe('a bench as text', () => {
  const lines = formatBench(report, createStyle(false)).split('\n');
  it('has time, bytes, share of the copy, operations, launches and memory in a row, and the verdict below', () => {
    expect(lines[3]).toMatch(/workload\s+time\s+p5–p95\s+moved\s+of copy\s+operations\s+launches\s+held\s+samples/);
    expect(lines[4]).toMatch(/✗ stream-read\/small \(device, cold\)\s+205 µs\s+200 µs–209 µs\s+20\.3 KiB\s+10 %\s+0\.0351 G\/s\s+2\s+4 KiB\s+[▁-█]/);
    expect(lines[5]).toBe('      slower +5.0 %, between +4.0 % and +6.0 % · was 205 µs · 60 pairs of 12 copies each · floor +1.0 %');
  });
  it('says what was not timed, why, and what was left out; nothing reaches the terminal that commands it', () => {
    expect(lines[6]).toBe('  ✗ sinkhorn/x  not timed, its kernel is wrong: sinkhorn/positivity failed[2J');
    expect(lines[7]).toBe('      plumbline replay x');
    expect(lines.join('\n')).toContain('3 built-in workloads left out');
    expect(lines.join('\n')).not.toContain('\u001B');
  });
});

describe('a strip of samples', () => {
  it('shows two groups as two, and is not flattened by one preemption', () => {
    expect(strip([...Array.from({ length: 30 }, () => 1), ...Array.from({ length: 29 }, () => 2), 500], 8)).toBe('█      █');
    expect(strip([1, 1, 1], 4)).toBe('█   ');
    expect(strip([])).toBe('');
  });
});

describe('a plot of samples', () => {
  it('draws baseline and candidate in time order, and the ratios of pairs without the outermost', () => {
    const svg = benchPlot(slower, report);
    for (const word of ['baseline', 'candidate', 'control', 'in time order', 'slower, +5.0 %', 'against main (1a2b3c4)', 'seed 7']) expect(svg).toContain(word);
    expect(svg).not.toContain('NaN');
    const heights = [...svg.slice(svg.lastIndexOf('Change against')).matchAll(/text-anchor="end">([-\d]+)</g)].map(([, height]) => Number(height));
    expect(Math.max(...heights)).toBe(6); // the one pair of +4,300 % is not the scale
  });
  it('draws one kernel, one launch, and none', () => {
    expect(benchPlot({ ...slower, comparison: undefined }, report)).toContain('kernel');
    expect(benchPlot({ ...slower, comparison: { ...comparison, design: 'launches' } }, report)).toContain('launch, in time order');
    expect(benchPlot({ ...slower, comparison: { ...comparison, design: 'launches', controlSamples: [] } }, report)).not.toContain('>control<');
    expect(benchPlot(slower, report)).toContain('>control<');
    expect(benchPlot({ ...slower, times: undefined, comparison: { ...comparison, baseline: undefined } }, report)).not.toContain('NaN');
  });
});

describe('the progress of a bench', () => {
  const judgement = { ...comparison.judgement, verdict: 'inconclusive' as const };
  it('is one line on a terminal: what is done of how many, and what is being looked at', () => {
    let text = '';
    let time = 0;
    const progress = createBenchProgress({ write: (part) => (text += part), isTTY: true, columns: 100 }, () => (time += 200));
    progress.onEvent({ type: 'planned', target: 'mine', workloads: 2 });
    progress.onEvent({ type: 'workload-started', target: 'mine', workload: 'stream-read/small' });
    progress.onEvent({ type: 'look', target: 'mine', workload: 'stream-read/small', pairs: 60, judgement });
    progress.onEvent({ type: 'workload-finished', result: slower });
    progress.onEvent({ type: 'launches', target: 'mine', round: 3, rounds: 6 });
    progress.stop();
    expect(text.split('\r\u001B[2K')).toEqual(['', '0/2  ', '0/2  mine stream-read/small', '0/2  mine stream-read/small: 60 pairs, between +4.0 % and +6.0 %', '1/2  mine stream-read/small: 60 pairs, between +4.0 % and +6.0 %', '1/2  mine: round 3 of 6 of launches, two of each side', '']);
  });
  it('is a plain line for each target elsewhere', () => {
    let text = '';
    const progress = createBenchProgress({ write: (part) => (text += part) });
    progress.onEvent({ type: 'verifying', target: 'mine', operations: 1 });
    progress.onEvent({ type: 'look', target: 'mine', workload: 'stream-read/small', pairs: 60, judgement });
    expect(text).toBe('mine: verifying its kernels of 1 operation\n');
  });
});
