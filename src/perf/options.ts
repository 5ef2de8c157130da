import type { Target } from '../targets/kernel.ts';
import type { Limits } from './judgement.ts';
import type { BenchEvent } from './results.ts';
import type { Cache } from './timed-kernel.ts';
import type { VerificationOptions } from './verification.ts';
import type { Workload } from './workload.ts';

/** What a run is compared with. Its targets are closed when they are given. */
export interface Opponent {
  /** In words: `main (1a2b3c4)`, `old.ts`, `target reference`. */
  readonly label: string;
  /** The baseline of a target; undefined where there is none. */
  baselineOf(target: string): Target | undefined;
  /** The baseline again, from a copy of its code; undefined where its code cannot be had twice, and then it is run against itself. */
  controlOf(target: string): Target | undefined;
  /** Fresh copies of the code of both sides, loaded in an order drawn by lot; undefined where code cannot be had often. */
  copiesOf(target: string, count: number, seed: number): Promise<Copies | undefined>;
}

/** Closed targets that need no opening, in the order in which they were loaded: as many of each side. Whatever is done with them is done in this order, so that nothing but the lot tells the sides apart. */
export type Copies = readonly { readonly side: 'baseline' | 'candidate'; readonly target: Target }[];

/** Copies of each side: as many as show a difference with certainty at the error of a run of hundreds of comparisons. */
export const usualCopies = 12;

/** What `bench` (the function) is asked to do. */
export interface BenchOptions extends Omit<VerificationOptions, 'maxTimeMs'> {
  readonly targets: readonly Target[];
  readonly workloads: readonly Workload[];
  readonly against?: Opponent | undefined;
  /** Time for the samples of one kernel, in milliseconds. Default 300. */
  readonly timeMs?: number | undefined;
  /** Most pairs of a comparison. Default 400. */
  readonly pairs?: number | undefined;
  /** Launches of each side where processes are compared; an even number is made of it. Default 12, or more where the error needs it. */
  readonly launches?: number | undefined;
  /** Probability that any comparison of the run wrongly says `slower`, and that any wrongly says `faster`, at most. Default 0.1 %. */
  readonly error?: number | undefined;
  readonly limits?: Limits | undefined;
  readonly cache?: Cache | undefined;
  /** Workloads for which plumbline would hold more are over the budget. Default 512 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Workloads of which a call takes longer are over the budget. Default 500 ms. */
  readonly callMs?: number | undefined;
  /** Time of the whole run; what is left is skipped. */
  readonly maxTimeMs?: number | undefined;
  /** Targets that were asked for: it is an error when one is unavailable. */
  readonly required?: readonly string[] | undefined;
  /** Whether a comparison that decided nothing is no reason for exit code 5. */
  readonly allowInconclusive?: boolean | undefined;
  readonly environment?: Readonly<Record<string, string | number>> | undefined;
  readonly onEvent?: ((event: BenchEvent) => void) | undefined;
}

export const usualTimeMs = 300;
export const usualMemoryBytes = 2 ** 29;
export const usualCallMs = 500;
export const usualCallTimeoutMs = 10_000;
