/** One line of a history of margins, `fixtures/margins/*.jsonl`: how much of its bounds each claim used, on one target in one run. */
import { z } from 'zod';

import { appendLines, readLines, type LineFormat, type Lines } from '../history/lines.ts';
import { commitSchema, environmentSchema, type Environment } from '../history/record.ts';
import type { Commit } from '../history/commit.ts';
import type { PropertyResult, Report } from '../../verify/results.ts';

const version = 1;

const name = z.string().min(1).max(500);
/** JSON has no infinity, which is the margin of a claim without a tolerance that failed. */
const margin = z.union([z.number().nonnegative(), z.literal('Infinity').transform(() => Infinity)]);

const resultSchema = z.strictObject({
  property: name,
  operation: name,
  status: z.enum(['passed', 'failed']),
  /** Tokens of the deterministic cases that a claim was made about, and quantiles of their margins (`MarginQuantiles`). */
  tokens: z.int().positive(),
  p50: margin,
  p90: margin,
  p99: margin,
  max: margin,
});

const recordSchema = z.strictObject({
  schemaVersion: z.literal(version),
  kind: z.literal('margins'),
  target: name,
  commit: commitSchema.optional(),
  dirty: z.boolean().optional(),
  seed: z.int().min(0).max(0xffffffff),
  effort: z.enum(['quick', 'standard', 'thorough']),
  /** Cases per property, where it was not the effort's number. */
  runs: z.int().positive().optional(),
  environment: environmentSchema,
  date: z.iso.datetime(),
  results: z.array(resultSchema).max(100_000),
});
export type MarginRecord = z.infer<typeof recordSchema>;
export type MarginResult = MarginRecord['results'][number];

const format: LineFormat<MarginRecord> = { what: 'history of margins', kind: 'margins', version, schema: recordSchema };

export interface RunFacts {
  readonly runs: number | undefined;
  readonly environment: Environment;
  readonly commit: Commit | undefined;
  readonly date: Date;
}

/** What a run says of each target that ran: claims that passed or failed; one that was not finished has no quantiles that could be compared. */
export function marginRecords(report: Report, { runs, environment, commit, date }: RunFacts): MarginRecord[] {
  return report.targets.flatMap(({ name: target, about = {} }) => {
    const results = report.results.filter((result) => result.target === target).flatMap(resultOf);
    if (results.length === 0) return [];
    const { device, driver } = about;
    return [{
      schemaVersion: version,
      kind: 'margins' as const,
      target,
      ...commit,
      seed: report.seed,
      effort: report.effort,
      ...(runs === undefined ? {} : { runs }),
      environment: { ...environment, ...(device === undefined ? {} : { device: String(device) }), ...(driver === undefined ? {} : { driver: String(driver) }) },
      date: date.toISOString(),
      results,
    }];
  });
}

/** Adds records at the end of a history; creates it. Throws `bad-file` and changes nothing when it is not one that can be added to. */
export function appendMargins(path: string, records: readonly MarginRecord[]): void {
  appendLines(path, records, format);
}

/** Reads a history of margins. Throws `bad-file`, naming the line. */
export function readMargins(path: string): Lines<MarginRecord> {
  return readLines(path, format);
}

function resultOf({ property, operation, status, margins }: PropertyResult): MarginResult[] {
  if (margins === undefined || (status !== 'passed' && status !== 'failed')) return [];
  const { tokens, p50, p90, p99, max } = margins;
  return [{ property, operation, status, tokens, p50: short(p50), p90: short(p90), p99: short(p99), max: short(max) }];
}

/** Four digits: what is added to a repository after every run is kept small, and drift is about factors. */
function short(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}
