/**
 * A look at a history of times: for each workload, where its times changed from run to run, at which commit, and which exact counts did. A run is one value, the median of its samples: samples of
 * one run share what its process had luck with, so that they are not draws of what the next run will measure.
 *
 * **Error.** One look at K workloads finds a change in times where there is none with a probability of at most `lookLevel` (Bonferroni: each is tested at `lookLevel`/K).
 */
import { hashText } from '../../generate/random.ts';
import { median } from '../statistics/interval.ts';
import { changePoints, fewestValues } from './change-points.ts';
import { compareRecorded, type CountComparison } from './counts.ts';
import { differences } from './differences.ts';
import { workloadName, type BenchRecord } from './record.ts';

/** One look in a hundred, at most, finds a change where nothing changed. */
export const lookLevel = 1 / 100;

/** So many of the last runs are looked at: the search takes their square, for each of hundreds of orders. */
const longest = 100;

export interface TimeChange {
  /** slower, faster: beyond the threshold. changed: below it, or of the spread alone. */
  readonly direction: 'slower' | 'faster' | 'changed';
  /** Index of the first run after it among the compared ones. */
  readonly at: number;
  readonly pValue: number;
  /** Medians, in milliseconds, of the runs since the change before and up to the next one. */
  readonly before: number;
  readonly after: number;
  /** Whether what became slower still is, at the end. */
  readonly lasting: boolean;
}

export interface CountsChange extends CountComparison {
  /** Index of the run that has them. */
  readonly at: number;
  /** Whether the last run still has more of something gated than the run before the change. */
  readonly lasting: boolean;
}

export interface WorkloadHistory {
  readonly name: string;
  readonly runs: readonly BenchRecord[];
  /** Milliseconds: the median of each run. */
  readonly medians: readonly number[];
  /** Runs that cannot be compared with the last one, and why. */
  readonly leftOut: readonly { readonly reason: string; readonly runs: number }[];
  readonly changes: readonly TimeChange[];
  readonly counts: readonly CountsChange[];
  readonly needed: number;
  /** too-few: times were not compared; counts are from two runs on. not-comparable: too few for another reason than their number. */
  readonly verdict: 'quiet' | 'slower' | 'more' | 'too-few' | 'not-comparable';
}

export interface LookOptions {
  /** Logarithm of the least ratio that is called slower or faster. */
  readonly threshold: number;
  /** Commit of the first run to look at: a change that was accepted is not found again. */
  readonly since?: string | undefined;
}

/** Looks at all workloads of a history, in the order in which they first come. */
export function lookAt(records: readonly BenchRecord[], options: LookOptions): WorkloadHistory[] {
  const byName = new Map<string, BenchRecord[]>();
  for (const record of records) {
    const name = workloadName(record.workload);
    byName.set(name, [...(byName.get(name) ?? []), record]);
  }
  return [...byName].map(([name, own]) => workloadHistory(name, own, lookLevel / byName.size, options));
}

function workloadHistory(name: string, all: readonly BenchRecord[], level: number, { threshold, since }: LookOptions): WorkloadHistory {
  const from = since === undefined ? 0 : Math.max(0, all.findIndex(({ commit }) => commit?.startsWith(since)));
  const recent = all.slice(from);
  const last = recent.at(-1)!;
  const reasons = new Map<string, number>(from === 0 ? [] : [[`before ${since}`, from]]);
  const kept = recent.filter((record) => {
    const [reason] = differences(record, last);
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  if (kept.length > longest) reasons.set(`before the last ${longest}`, kept.length - longest);
  const runs = kept.slice(-longest);
  const medians = runs.map(({ samples }) => median(samples));
  const changes = changesOf(runs, medians, level, threshold, hashText(name));
  const counts = runs.slice(1).map((run, k) => ({ at: k + 1, ...compareRecorded(runs[k]!, run), lasting: compareRecorded(runs[k]!, runs.at(-1)!).verdict === 'more' })).filter((change) => change.changes.length > 0);
  const needed = fewestValues(level);
  const verdict = verdictOf({ runs, changes, counts, needed, others: recent.length - kept.length });
  return { name, runs, medians, leftOut: [...reasons].map(([reason, runsOf]) => ({ reason, runs: runsOf })), changes, counts, needed, verdict };
}

function verdictOf({ runs, changes, counts, needed, others }: Pick<WorkloadHistory, 'runs' | 'changes' | 'counts' | 'needed'> & { others: number }): WorkloadHistory['verdict'] {
  if (changes.some(({ direction, lasting }) => direction === 'slower' && lasting)) return 'slower';
  if (counts.some(({ verdict, lasting }) => verdict === 'more' && lasting)) return 'more';
  if (runs.length >= needed) return 'quiet';
  return runs.length + others >= needed ? 'not-comparable' : 'too-few';
}

function changesOf(runs: readonly BenchRecord[], medians: readonly number[], level: number, threshold: number, seed: number): TimeChange[] {
  const logarithms = Float64Array.from(medians, (ms) => Math.log(Math.max(ms, Number.MIN_VALUE)));
  const points = changePoints(logarithms, { level, seed, mayCut: (k) => isBoundary(runs[k - 1]!, runs[k]!) });
  const ends = [0, ...points.map(({ at }) => at), runs.length];
  const levels = ends.slice(1).map((to, k) => median(medians.slice(ends[k], to)));
  return points.map(({ at, pValue }, k) => {
    const [before, after, now] = [levels[k]!, levels[k + 1]!, levels.at(-1)!];
    const size = Math.log(after / before);
    const direction = size >= threshold ? 'slower' : size <= -threshold ? 'faster' : 'changed';
    return { direction, at, pValue, before, after, lasting: Math.log(now / before) >= threshold };
  });
}

/** Two runs of one clean commit ran the same code: what lies between them is not the code's. */
function isBoundary(before: BenchRecord, after: BenchRecord): boolean {
  return before.commit === undefined || before.commit !== after.commit || before.dirty === true || after.dirty === true;
}
