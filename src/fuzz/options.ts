/** What a campaign is asked to do, what happens during it, and what it reports. */
import type { Target } from '../targets/kernel.ts';
import type { CounterexampleData } from '../verify/counterexample-file.ts';
import type { Property } from '../verify/property.ts';
import type { PropertyResult, Report, TargetReport } from '../verify/results.ts';
import type { SeedStream } from './streams.ts';

export interface FuzzOptions {
  readonly targets: readonly Target[];
  readonly properties: readonly Property[];
  readonly seed: number;
  /** Default: all of them. */
  readonly stream?: SeedStream | undefined;
  /** Ends the campaign; without one of these and `signal` it never ends. */
  readonly maxTimeMs?: number | undefined;
  readonly maxProblems?: number | undefined;
  /** Ends it with the first counterexample. */
  readonly failFast?: boolean | undefined;
  /** Without guidance every case is drawn as `verify` draws it. Default true. */
  readonly guided?: boolean | undefined;
  /** Whether objectives besides the margins of claims are pursued. Default true. */
  readonly pursue?: boolean | undefined;
  readonly callTimeoutMs?: number | undefined;
  /** Most bytes of problems that are kept to breed from. Default 64 MiB. */
  readonly poolBytes?: number | undefined;
  /** Where counterexamples and what was worth keeping go and come from; nothing is kept when absent. */
  readonly corpusDir?: string | undefined;
  /** Counterexamples that are tried before anything else. */
  readonly stored?: readonly CounterexampleData[] | undefined;
  readonly failuresDir?: string | undefined;
  readonly replayCommand?: string | undefined;
  readonly replayArguments?: string | undefined;
  /** Names of targets that were asked for: it is an error when one of them is unavailable. */
  readonly required?: readonly string[] | undefined;
  readonly environment?: Readonly<Record<string, string | number>> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: FuzzEvent) => void) | undefined;
}

/** How far an objective besides the margins was pushed. */
export interface PursuitResult {
  readonly target: string;
  /** `free-side deviation`, … with the stream count. */
  readonly objective: string;
  readonly best: number;
  /** Problems tried for it. */
  readonly problems: number;
}

/** What is only of campaigns. */
export interface FuzzSummary {
  readonly guided: boolean;
  readonly threads: number;
  readonly stream: SeedStream;
  /** Problems judged: of each claim those that it was made about, and those tried for other objectives. */
  readonly problems: number;
  readonly problemsPerSecond: number;
  /** Events met. */
  readonly coverage: number;
  /** Problems that are kept to breed from. */
  readonly pool: number;
  readonly pursuits: readonly PursuitResult[];
  /** Distinct counterexamples: property, outcome and place. */
  readonly counterexamples: number;
  /** What could not be read or written, named. */
  readonly warnings: readonly string[];
}

/** The JSON report: that of `verify`, with what campaigns add. */
export interface FuzzReport extends Report {
  readonly fuzz: FuzzSummary;
}

/** Where a campaign stands. */
export interface FuzzStatus {
  readonly problems: number;
  readonly coverage: number;
  readonly pool: number;
  readonly elapsedMs: number;
  /** Largest margin of a claim so far, by its id. */
  readonly margins: Readonly<Record<string, number>>;
  readonly lastFind: string | undefined;
  readonly counterexamples: number;
}

export type FuzzEvent =
  | { readonly type: 'target-opened'; readonly target: TargetReport }
  | { readonly type: 'campaign-started'; readonly seed: number; readonly claims: number }
  | { readonly type: 'status'; readonly status: FuzzStatus }
  | { readonly type: 'counterexample'; readonly result: PropertyResult }
  | { readonly type: 'warning'; readonly message: string };
