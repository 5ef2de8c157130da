/** The reporter for programs: the report as it is (verify/results.ts), to a file, or alone on standard output when the file is '-'. */
import type { Report } from '../verify/results.ts';
import { createWritten } from './written.ts';

export const createJsonReporter = createWritten({ what: 'JSON report', defaultFile: '.plumbline/report.json', format: (report) => `${reportToJson(report)}\n` });

/** JSON has no NaN and no infinity, and would write `null`: they become the texts "NaN", "Infinity" and "-Infinity". */
export function reportToJson(report: Report): string {
  return valueToJson(report);
}

/** The same for any plain data. */
export function valueToJson(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value), 2);
}
