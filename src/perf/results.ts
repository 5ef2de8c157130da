/** What `plumbline bench` reports: plain data, serialisable as it stands. Reporters and the exit code are functions of it alone. */
import type { OperationId, Sizes } from '../operations/operation.ts';
import type { CallCounts } from '../targets/kernel.ts';
import type { OutcomeName } from '../targets/outcome.ts';
import type { Dtype } from '../tensor/dtype.ts';
import type { TargetReport } from '../verify/results.ts';
import type { Times } from './alone.ts';
import type { CountComparison } from './history/counts.ts';
import type { Judgement } from './judgement.ts';
import type { Beside } from './launches.ts';
import type { Cache } from './timed-kernel.ts';

/**
 * timed: by itself. compared: beside a baseline. wrong: the kernel failed its verification and was not timed. unverified: no claim about it could be checked. over-budget: too large or too slow
 * for this run. unserved: no target that was chosen has the operation at this shape. skipped: time was up. errored: the kernel or its target broke down.
 */
export type WorkloadStatus = 'timed' | 'compared' | 'wrong' | 'unverified' | 'over-budget' | 'unserved' | 'skipped' | 'errored';

/** Whose fault it is that a call gave no right answer: the kernel's, or that of what it runs on. */
export function statusOf(outcome: OutcomeName): 'wrong' | 'errored' {
  return ['wrong-values', 'wrong-shape', 'wrong-dtype', 'non-finite', 'failed'].includes(outcome) ? 'wrong' : 'errored';
}

export interface Comparison {
  readonly judgement: Judgement;
  /** `pairs` of one process, or `launches` of processes. */
  readonly design: 'pairs' | 'launches';
  /** Pairs of samples, or launches of each side. */
  readonly count: number;
  /** Its k-th sample, and that of the candidate, are a pair, or were open together. */
  readonly baseline: Times | undefined;
  /** Of launches: the time of each over what those of its round have in common (round-times.ts). */
  readonly beside?: Beside | undefined;
  /** What the control ran: a second copy of the baseline's code, the very same code, or nothing. */
  readonly control: 'copy' | 'same-code' | 'none';
  readonly controlSamples: readonly number[];
  /** Arms in the order in which they ran, 0 baseline, 1 candidate, 2 control: of each pair of samples; of each round of launches, as they were opened. */
  readonly orders: readonly (readonly number[])[];
  /** Copies of each side's code that took turns, and which of them each pair had: baseline, candidate, control. */
  readonly copies: number;
  readonly copyOrders: readonly (readonly number[])[];
  /** What a call of each does however busy the machine is, compared exactly; absent where nobody counted. */
  readonly counts?: CountComparison | undefined;
  /** Probability of a wrong `slower`, and of a wrong `faster`, at most. */
  readonly error: number;
}

export interface WorkloadResult {
  /** Absent where no target serves the workload. */
  readonly target?: string | undefined;
  readonly workload: string;
  readonly operation: OperationId;
  readonly sizes: Sizes;
  /** Of the largest tensor. */
  readonly dtype?: Dtype | undefined;
  /** The kernel's dialect as it was declared: a preset's name, or its fields. */
  readonly dialect?: string | Readonly<Record<string, unknown>> | undefined;
  readonly status: WorkloadStatus;
  readonly reason?: string | undefined;
  readonly remedy?: string | undefined;
  /** `calls` by this process's clock, the worker's `worker` clock, the `device`'s; `round-trips` are calls of a worker that cannot time, copies and messages included. */
  readonly clock?: 'calls' | 'worker' | 'device' | 'round-trips' | undefined;
  readonly cache: Cache;
  /** Of the candidate, where there are two. */
  readonly times?: Times | undefined;
  /** Bytes of the inputs and outputs. */
  readonly bytesMoved?: number | undefined;
  /** Milliseconds of a copy that moves as many, and its share of the kernel's time. */
  readonly copy?: { readonly median: number; readonly share: number } | undefined;
  /** Arithmetic operations of the plain form. */
  readonly operations?: number | undefined;
  readonly counts: CallCounts;
  /** What this process grew by while the kernel was sampled, in bytes. */
  readonly memory?: { readonly resident: number } | undefined;
  /** Bytes of array buffers that a call allocates, where that could be counted (allocations.ts). */
  readonly allocated?: number | undefined;
  readonly comparison?: Comparison | undefined;
}

export interface BenchReport {
  readonly schemaVersion: 1;
  readonly kind: 'bench';
  readonly plumbline: string;
  readonly seed: number;
  readonly environment: Readonly<Record<string, string | number>>;
  /** What was compared with. */
  readonly against?: string | undefined;
  readonly budget: { readonly memoryBytes: number; readonly callMs: number };
  readonly targets: readonly TargetReport[];
  readonly results: readonly WorkloadResult[];
  /** Built-in workloads that none of the chosen targets has a kernel for. */
  readonly unserved: number;
  readonly interrupted: boolean;
  readonly exitCode: number;
  readonly durationMs: number;
}

/** What happens during a run, in order. */
export type BenchEvent =
  | { readonly type: 'target-opened'; readonly target: TargetReport }
  | { readonly type: 'verifying'; readonly target: string; readonly operations: number }
  | { readonly type: 'planned'; readonly target: string; readonly workloads: number }
  | { readonly type: 'workload-started'; readonly target: string; readonly workload: string }
  | { readonly type: 'look'; readonly target: string; readonly workload: string; readonly pairs: number; readonly judgement: Judgement }
  | { readonly type: 'launches'; readonly target: string; readonly round: number; readonly rounds: number }
  | { readonly type: 'workload-finished'; readonly result: WorkloadResult };
