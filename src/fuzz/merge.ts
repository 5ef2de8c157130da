/** One report of campaigns on the same targets with the same seed: of threads, or of shards. The order of the reports does not matter. */
import { exitCodeOf } from '../verify/exit-code.ts';
import type { PropertyResult, ResultStatus } from '../verify/results.ts';
import { totalsOf } from '../verify/totals.ts';
import type { FuzzReport, PursuitResult } from './options.ts';

/** What one stream could not do, another may have: a failure says most, a claim that no stream got to least. */
const rank: Readonly<Record<ResultStatus, number>> = { failed: 6, errored: 5, passed: 4, incomplete: 3, skipped: 2, unsupported: 1 };

/** Merges reports; `required` names the targets that had to be available. Throws `TypeError` when there is none. */
export function mergeCampaigns(reports: readonly FuzzReport[], required?: readonly string[]): FuzzReport {
  const [first] = reports;
  if (first === undefined) throw new TypeError('there is no report to merge');
  const groups = new Map<string, PropertyResult[]>();
  for (const result of reports.flatMap(({ results }) => results)) {
    const key = `${result.target} ${result.property}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const results = [...groups.values()].map(mergeResults);
  const interrupted = reports.some((report) => report.interrupted);
  const targets = first.targets;
  const sum = (of: (report: FuzzReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const durationMs = Math.max(...reports.map((report) => report.durationMs));
  const problems = sum(({ fuzz }) => fuzz.problems);
  const places = new Set(results.flatMap(({ property, counterexample }) => (counterexample === undefined ? [] : [`${property} ${counterexample.outcome} ${counterexample.message}`])));
  return {
    ...first, results, totals: totalsOf(results), interrupted, durationMs,
    exitCode: exitCodeOf({ results, targets, required, interrupted }),
    fuzz: {
      ...first.fuzz,
      threads: sum(({ fuzz }) => fuzz.threads),
      problems,
      problemsPerSecond: durationMs === 0 ? 0 : (1000 * problems) / durationMs,
      coverage: Math.max(...reports.map(({ fuzz }) => fuzz.coverage)),
      pool: sum(({ fuzz }) => fuzz.pool),
      pursuits: mergePursuits(reports.flatMap(({ fuzz }) => fuzz.pursuits)),
      counterexamples: places.size,
      warnings: [...new Set(reports.flatMap(({ fuzz }) => fuzz.warnings))].toSorted(),
    },
  };
}

function mergeResults(results: readonly PropertyResult[]): PropertyResult {
  const order = results.toSorted((a, b) => rank[b.status] - rank[a.status] || sizeOf(a) - sizeOf(b) || (fileOf(a) < fileOf(b) ? -1 : 1));
  const total = (of: (result: PropertyResult) => number): number => results.reduce((sum, result) => sum + of(result), 0);
  const worst = results.reduce((a, b) => (b.worst !== undefined && (a.worst === undefined || !(b.margin <= a.margin)) ? b : a));
  const said = order[0]!;
  return {
    ...said, cases: total(({ cases }) => cases), problems: total(({ problems }) => problems), durationMs: total(({ durationMs }) => durationMs),
    margin: worst.margin, worst: said.status === 'failed' ? said.worst : worst.worst,
  };
}

/** The simplest counterexample is shown. */
function sizeOf({ counterexample }: PropertyResult): number {
  return counterexample === undefined ? 0 : counterexample.typed.length;
}

function fileOf({ counterexample }: PropertyResult): string {
  return counterexample?.file ?? '';
}

function mergePursuits(all: readonly PursuitResult[]): PursuitResult[] {
  const merged = new Map<string, PursuitResult>();
  for (const pursuit of all) {
    const key = `${pursuit.target} ${pursuit.objective}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? pursuit : { ...pursuit, best: Math.max(known.best, pursuit.best), problems: known.problems + pursuit.problems });
  }
  return [...merged.values()].toSorted((a, b) => (a.target + a.objective < b.target + b.objective ? -1 : 1));
}
