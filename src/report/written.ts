/** Reporters that write one text when the run is over: to their file, or alone on standard output when the file is '-'. */
import { writeFileAtomically } from '../verify/atomic-file.ts';
import type { Report } from '../verify/results.ts';
import type { Reporter, ReporterContext } from './reporter.ts';

interface Written {
  /** What the text is, for the note on standard error: `JSON report`. */
  readonly what: string;
  readonly defaultFile: string;
  /** Ends with a newline. */
  readonly format: (report: Report, context: ReporterContext) => string;
}

/** A reporter that hears nothing until the run is over. */
export function createWritten({ what, defaultFile, format }: Written): (context: ReporterContext) => Reporter {
  return (context) => ({
    onEvent(): void {},
    finish(report): void {
      deliver(what, format(report, context), context.file ?? defaultFile, context);
    },
  });
}

/** Writes a text to a file and says so, or to standard output when the file is '-'. Throws `bad-file`. */
export function deliver(what: string, text: string, file: string, { stdout, stderr }: Pick<ReporterContext, 'stdout' | 'stderr'>): void {
  if (file === '-') {
    stdout.write(text);
    return;
  }
  writeFileAtomically(file, text);
  stderr.write(`${what}: ${file}\n`);
}
