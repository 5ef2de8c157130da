/** The reporter for programs: the report as it is (verify/results.ts), to a file, or alone on standard output when the file is '-'. */
import { writeFileAtomically } from '../verify/atomic-file.ts';
import type { Report } from '../verify/results.ts';
import type { Reporter, ReporterContext } from './reporter.ts';

const defaultFile = '.plumbline/report.json';

export function createJsonReporter({ stdout, stderr, file = defaultFile }: ReporterContext): Reporter {
  return {
    onEvent(): void {},
    finish(report): void {
      const text = `${reportToJson(report)}\n`;
      if (file === '-') {
        stdout.write(text);
        return;
      }
      writeFileAtomically(file, text);
      stderr.write(`JSON report: ${file}\n`);
    },
  };
}

/** JSON has no NaN and no infinity, and would write `null`: they become the texts "NaN", "Infinity" and "-Infinity". */
export function reportToJson(report: Report): string {
  return valueToJson(report);
}

/** The same for any plain data. */
export function valueToJson(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value), 2);
}
