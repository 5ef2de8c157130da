/** What a run reports: plain data, serialisable as it stands. Reporters and exit codes are functions of these alone. */
import type { Recipe } from '../generate/recipe.ts';
import type { OperationId, Term } from '../operations/operation.ts';
import type { SketchState } from '../numerics/sketch.ts';
import type { Convergence } from './convergence.ts';
import type { Worst } from './judge.ts';
import type { Matters } from './matters.ts';
import type { Reproduction } from './repeat.ts';
import type { OutcomeName } from '../targets/outcome.ts';
import type { ClaimClass } from './property.ts';

/**
 * passed: every case ran and held. failed: a counterexample. unsupported: the claim is not about this kernel.
 * skipped: not run, the target is unavailable or time ran out before the first case. incomplete: interrupted after some cases.
 * errored: the target crashed or hung as infrastructure.
 */
export type ResultStatus = 'passed' | 'failed' | 'unsupported' | 'skipped' | 'incomplete' | 'errored';

/** A failing case, as small as it got, and everything needed to see why. */
export interface Counterexample {
  /** Path of the safetensors file, relative to the working directory. */
  readonly file: string;
  readonly replay: string;
  readonly recipe: Recipe;
  readonly outcome: OutcomeName;
  readonly message: string;
  readonly worst: Worst | undefined;
  readonly terms: readonly Term[];
  /** The failing window of the tensor, rendered. */
  readonly window: string;
  /** The inputs in a form that a person can type. */
  readonly typed: string;
  readonly problems: number;
  /** Kernel calls that shrinking took. */
  readonly kernelCalls: number;
  /** Why shrinking was stopped before it was done. */
  readonly shrinkingStopped?: string | undefined;
  /** How often it failed when it was judged again; absent where that was not tried, because each try costs a process or nobody wanted it shrunk. */
  readonly reproduction?: Reproduction | undefined;
  /** What of the case matters; absent for a failure that does not come every time with the same bits. */
  readonly matters?: Matters | undefined;
  /** Of a `sinkhorn` kernel: how the reference's sums converge on these inputs, and where the kernel's are. */
  readonly convergence?: Convergence | undefined;
}

/**
 * How much of the bounds was used, over tokens of the deterministic cases: the same families, scales and shapes in every run, so that two runs differ by
 * their random bits alone. Quantiles are at most 1/32 too large (numerics/sketch.ts); `max` is exact.
 */
export interface MarginQuantiles {
  readonly tokens: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** The result of one property on one target. */
export interface PropertyResult {
  readonly target: string;
  readonly operation: OperationId;
  readonly property: string;
  readonly claim: string;
  readonly class: ClaimClass;
  readonly status: ResultStatus;
  /** Why, for every status but `passed`. */
  readonly reason: string | undefined;
  readonly seed: number;
  /** Batches run. */
  readonly cases: number;
  /** Single problems (tokens) that a claim was made about. */
  readonly problems: number;
  /** Problems that the device looked through beside, of which the most suspect are among `problems`. */
  readonly screened?: number | undefined;
  /** Largest measured / bound. */
  readonly margin: number;
  /** Absent where no token of a deterministic case was judged. */
  readonly margins?: MarginQuantiles | undefined;
  readonly worst: Worst | undefined;
  readonly durationMs: number;
  readonly counterexample: Counterexample | undefined;
  /** What the kernel computes instead of what it declares, when that was found out: "computes `tilekernels` with 19 iterations; it declares 20". */
  readonly explanation?: string | undefined;
  /** Of a failure: what the target runs on does not keep to what the bounds rest on, in a sentence each. */
  readonly notes?: readonly string[] | undefined;
  /** Stack of an error of plumbline's own, when the property could not be run because of one (`errored`). */
  readonly fault?: string | undefined;
  /** Of one shard of a run: what merging needs beside the rest. */
  readonly part?: ResultPart | undefined;
}

/** The share of one claim's cases that a shard has. */
export interface ResultPart {
  /** Cases of all shards; 0 for a claim that is not about the kernel. */
  readonly planned: number;
  /** Cases that are this shard's. */
  readonly own: number;
  /** Place among all cases of the one that failed. */
  readonly failedAt?: number | undefined;
  /** Place of the case with `worst`. */
  readonly worstAt?: number | undefined;
  /** What the margins' quantiles are read from. */
  readonly sketch?: SketchState | undefined;
}

export interface TargetReport {
  readonly name: string;
  readonly description: string;
  readonly status: 'available' | 'unavailable';
  readonly reason: string | undefined;
  readonly remedy: string | undefined;
  /** What it runs on, as it says: versions, a device. */
  readonly about?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** What is not as it should be with what it runs on, in a sentence each; absent where there is nothing to say. */
  readonly notes?: readonly string[] | undefined;
  /** In a shard of a run: digest of what its kernels declare, the same on every machine. */
  readonly declares?: string | undefined;
}

/** What a kernel that failed was identified as: one for each target and operation. */
export interface Explanation {
  readonly target: string;
  readonly operation: OperationId;
  /** Without a subject. */
  readonly sentence: string;
  /** Whether a known dialect explains all its answers. */
  readonly verdict: 'identified' | 'no-known-dialect' | 'no-answer';
  /** Problems that were asked for it. */
  readonly problems: number;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unsupported: number;
  readonly incomplete: number;
  readonly errored: number;
}

export type Effort = 'quick' | 'standard' | 'thorough';

/** The whole run. This is the JSON report. */
export interface Report {
  readonly schemaVersion: 1;
  readonly plumbline: string;
  readonly seed: number;
  readonly effort: Effort;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly targets: readonly TargetReport[];
  readonly results: readonly PropertyResult[];
  readonly totals: Totals;
  /** Absent when nobody was asked to explain. */
  readonly explanations?: readonly Explanation[] | undefined;
  /** Absent in a run that is whole by itself. */
  readonly shards?: ShardsReport | undefined;
  readonly interrupted: boolean;
  readonly exitCode: number;
  readonly durationMs: number;
}

/** Which shards of a run a report is about. */
export interface ShardsReport {
  readonly count: number;
  /** In order, from 1. All of them, or the run is incomplete. */
  readonly included: readonly number[];
  /** Whether the report was merged from the shards' files, and so is about the run and not about one shard. */
  readonly merged: boolean;
  /** Claims that have no case in these shards and no line in the report; 0 once all are merged. */
  readonly elsewhere: number;
}

/** What happens during a run, in order. */
export type RunEvent =
  | { readonly type: 'run-started'; readonly seed: number; readonly effort: Effort; readonly planned: number; readonly environment: Report['environment'] }
  | { readonly type: 'target-opened'; readonly target: TargetReport }
  | { readonly type: 'property-started'; readonly target: string; readonly property: string; readonly index: number; readonly planned: number }
  | { readonly type: 'case-finished'; readonly target: string; readonly property: string; readonly cases: number; readonly margin: number }
  | { readonly type: 'screening'; readonly target: string; readonly property: string; readonly problems: number }
  | { readonly type: 'shrinking'; readonly target: string; readonly property: string; readonly kernelCalls: number; readonly problems: number }
  | { readonly type: 'property-finished'; readonly result: PropertyResult }
  | { readonly type: 'run-finished'; readonly report: Report };
