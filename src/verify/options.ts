import type { OperationId } from '../operations/operation.ts';
import type { KernelDeclaration, Target } from '../targets/kernel.ts';
import type { CounterexampleData } from './counterexample-file.ts';
import type { Property } from './property.ts';
import type { Effort, Explanation, RunEvent } from './results.ts';
import type { Shard } from './shards/shard.ts';

/** Finds out what a failing kernel computes. `stopped` is to be asked between pieces of work. */
export type Explain = (
  target: string,
  operation: OperationId,
  declaration: KernelDeclaration,
  options: { readonly callTimeoutMs: number; readonly stopped: () => boolean },
) => Promise<Explanation | undefined>;

/** What `verify` (the function) is asked to do. */
export interface VerifyOptions {
  readonly targets: readonly Target[];
  readonly properties: readonly Property[];
  readonly effort: Effort;
  readonly seed: number;
  /** Cases per property; the effort's number when absent. */
  readonly runs?: number | undefined;
  /** Runs this shard's cases alone, and says in the results what merging needs. */
  readonly shard?: Shard | undefined;
  /** Stop starting new cases after this many milliseconds; what is left is reported as incomplete or skipped. */
  readonly maxTimeMs?: number | undefined;
  /** A kernel call that takes longer counts as timed out. Default 10 s. */
  readonly callTimeoutMs?: number | undefined;
  /** Makes a failing case small; default true. Without it the counterexample is the case as it was found. */
  readonly shrink?: boolean | undefined;
  /** Time after which a failure that costs a process or the whole time limit of a call is shrunk no further. Default 10 s. */
  readonly costlyShrinkMs?: number | undefined;
  /** Names of targets that were asked for: it is an error when one of them is unavailable. */
  readonly required?: readonly string[] | undefined;
  /** Counterexamples that are tried before any case is drawn. */
  readonly stored?: readonly CounterexampleData[] | undefined;
  /** Folder for counterexamples; default `.plumbline/failures`. */
  readonly failuresDir?: string | undefined;
  /** How to invoke plumbline in replay lines; default `plumbline`. */
  readonly replayCommand?: string | undefined;
  /** Appended to the replay line (for example the config file). */
  readonly replayArguments?: string | undefined;
  /** Called once for each target and operation that returned wrong numbers. Nobody is asked by default; the command line asks src/identify. */
  readonly explain?: Explain | undefined;
  readonly environment?: Readonly<Record<string, string | number>> | undefined;
  /** Interrupts the run between cases; a partial report follows. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}
