import { exitCodeOf } from './exit-code.ts';
import type { PropertyResult, Report, ResultStatus, Totals } from './results.ts';

/** How many results have each status. */
export function totalsOf(results: readonly PropertyResult[]): Totals {
  const count = (status: ResultStatus): number => results.filter((result) => result.status === status).length;
  return {
    passed: count('passed'), failed: count('failed'), skipped: count('skipped'),
    unsupported: count('unsupported'), incomplete: count('incomplete'), errored: count('errored'),
  };
}

/**
 * One report of runs that had the same seed and effort, on different targets. `order` names the targets in the order in which they
 * were asked for; `required` those that had to be available.
 */
export function mergeReports(reports: readonly Report[], order: readonly string[], required: readonly string[] | undefined): Report {
  const first = reports[0];
  if (first === undefined) throw new TypeError('there is no report to merge');
  const place = (name: string): number => order.indexOf(name);
  const targets = reports.flatMap((report) => report.targets).toSorted((a, b) => place(a.name) - place(b.name));
  const results = reports.flatMap((report) => report.results).toSorted((a, b) => place(a.target) - place(b.target));
  const explanations = reports.flatMap((report) => report.explanations ?? []).toSorted((a, b) => place(a.target) - place(b.target));
  const interrupted = reports.some((report) => report.interrupted);
  return {
    ...first,
    targets,
    results,
    totals: totalsOf(results),
    ...(reports.some((report) => report.explanations !== undefined) ? { explanations } : {}),
    ...(first.shards === undefined ? {} : { shards: { ...first.shards, elsewhere: reports.reduce((sum, { shards }) => sum + (shards?.elsewhere ?? 0), 0) } }),
    interrupted,
    exitCode: exitCodeOf({ results, targets, required, interrupted }),
    durationMs: Math.max(...reports.map(({ durationMs }) => durationMs)),
  };
}
