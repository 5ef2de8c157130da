/** What a reporter is: it hears every event of a run and writes when the run is over. One file per reporter; `reporters.ts` lists them. */
import type { Report, RunEvent } from '../verify/results.ts';
import type { Style } from './style.ts';

/** Where text goes; `process.stdout` and `process.stderr` fit. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What the reporter `blob` writes, and where. */
export interface BlobSource {
  readonly defaultFile: string;
  readonly format: (report: Report) => string;
}

/** What a reporter may use. */
export interface ReporterContext {
  /** Results. */
  readonly stdout: Output;
  /** Progress and notes. */
  readonly stderr: Output;
  /** Where a reporter that writes a file writes it; its own default when absent, standard output when '-'. */
  readonly file: string | undefined;
  readonly style: Style;
  /** What was typed, as a shell would read it again. */
  readonly command?: string | undefined;
  /** Files and folders whose kernels were run. */
  readonly sources?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of commands whose runs can be merged. */
  readonly blob?: BlobSource | undefined;
  /** When the run ended, in milliseconds since 1970; now, when absent. */
  readonly finishedAt?: number | undefined;
}

export interface Reporter {
  onEvent(event: RunEvent): void;
  /** Writes what is left. Called once, also after an interrupted run. Throws `bad-file` when a file cannot be written. */
  finish(report: Report): void;
}
