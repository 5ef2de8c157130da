/** Hand-made results that the reporter tests share; written out so that a reader sees what a report is. */
import type { Counterexample, PropertyResult, Report, ResultStatus, RunEvent, Totals } from '../../../src/verify/results.ts';
import type { ReporterContext } from '../../../src/report/reporter.ts';
import { createStyle } from '../../../src/report/style.ts';

export const held: PropertyResult = {
  target: 'mine', operation: 'sinkhorn', property: 'sinkhorn/positivity', claim: 'Every entry is positive.', class: 'exact', status: 'passed',
  reason: undefined, seed: 11, cases: 40, problems: 12_345, margin: 0.31, durationMs: 120, counterexample: undefined,
  worst: { token: 3, output: 'residualMapping', index: 50, measured: 1.9e-7, bound: 6.1e-7, margin: 0.31, what: 'entry' },
};

const counterexample: Counterexample = {
  file: '.plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors',
  replay: 'plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors --config kernels.ts',
  recipe: { operation: 'sinkhorn', sizes: { tokens: 1, streams: 2, channels: 1, depth: 1 }, seed: 5, families: { logits: 'normal' }, scale: 1 },
  outcome: 'wrong-values',
  message: 'column 1 sum − 1',
  worst: { token: 0, output: 'residualMapping', index: -1, measured: 3.1e-4, bound: 1.2e-7, margin: 2583.3, what: 'column 1 sum − 1' },
  terms: [{ name: 'divisions', value: 8e-8 }, { name: 'exponentials', value: 4e-8 }, { name: 'underflow', value: 8e-44 }],
  window: 'residualMapping f32 [1, 2, 2], token 0\n  row 0  0.5  0.5',
  typed: '# tokens 1, streams 2\nlogits = [[0, 3], [0, 0]]',
  problems: 1,
  kernelCalls: 43,
};

export const failed: PropertyResult = {
  ...held, property: 'sinkhorn/column-sums', claim: 'The columns add up to one.', status: 'failed', reason: 'wrong-values: column 1 sum − 1',
  margin: 2583.3, worst: counterexample.worst, counterexample,
};

export const hung: PropertyResult = {
  ...held, property: 'sinkhorn/duplicate-rows', claim: 'Equal rows stay equal.', class: 'bitwise', status: 'failed', reason: 'timed-out: The kernel did not answer within 10 ms.',
  cases: 1, problems: 1, margin: 0, worst: undefined,
  counterexample: { ...counterexample, outcome: 'timed-out', message: 'The kernel did not answer within 10 ms.\n\u001b[2Jat & <here>', worst: undefined, terms: [], window: '' },
};

export const results: readonly PropertyResult[] = [
  held,
  { ...held, property: 'sinkhorn/row-shift', margin: 0.62 },
  failed,
  hung,
  { ...held, property: 'sinkhorn/n2-closed-form', status: 'unsupported', reason: 'the kernel supports n = 4', cases: 0, problems: 0, margin: 0, worst: undefined },
  { ...held, property: 'sinkhorn/rank-one', status: 'incomplete', reason: 'stopped after 3 of 40 cases', cases: 3 },
  { ...held, target: 'crashing', property: 'streams/mean', operation: 'stream-write', status: 'errored', reason: 'the worker died', cases: 0, problems: 0, margin: 0, worst: undefined },
];

export function reportOf(some: readonly PropertyResult[], more: Partial<Report> = {}): Report {
  const having = (wanted: ResultStatus): number => some.filter(({ status }) => status === wanted).length;
  const totals: Totals = {
    passed: having('passed'), failed: having('failed'), skipped: having('skipped'),
    unsupported: having('unsupported'), incomplete: having('incomplete'), errored: having('errored'),
  };
  return {
    schemaVersion: 1, plumbline: '0.1.0', seed: 42, effort: 'quick', environment: { node: '20.20.2' },
    targets: [
      { name: 'mine', description: 'kernels.ts', status: 'available', reason: undefined, remedy: undefined, about: { torch: '2.11', device: 'GPU\u001B[2J' } },
      { name: 'crashing', description: '', status: 'available', reason: undefined, remedy: undefined },
      { name: 'tfjs-node-gpu', description: 'TensorFlow.js', status: 'unavailable', reason: 'libcudart.so.11.0 cannot be opened.', remedy: 'Install CUDA 11.2.' },
    ],
    results: some, totals, interrupted: false, exitCode: 1, durationMs: 1234, ...more,
  };
}

/** A context that keeps what is written. */
export function recording(file?: string, env: Record<string, string> = {}): { context: ReporterContext; stdout: () => string; stderr: () => string } {
  const written = { stdout: '', stderr: '' };
  const context: ReporterContext = {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    file, env, style: createStyle(false),
  };
  return { context, stdout: () => written.stdout, stderr: () => written.stderr };
}

export const started: RunEvent = { type: 'run-started', seed: 42, effort: 'quick', planned: 7, environment: {} };
