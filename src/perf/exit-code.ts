/** The exit code of a bench, as a function of what it reports. */
import { exitCodes } from '../verify/exit-code.ts';
import type { TargetReport } from '../verify/results.ts';
import type { WorkloadResult } from './results.ts';

export interface BenchOutcome {
  readonly results: readonly WorkloadResult[];
  readonly targets: readonly Pick<TargetReport, 'name' | 'status'>[];
  /** Targets that were asked for. */
  readonly required: readonly string[];
  readonly interrupted: boolean;
  /** A comparison that decided nothing does not count. */
  readonly allowInconclusive: boolean;
}

/**
 * A wrong kernel comes before a slow one, a count that grew is as bad as a time that did, and what could not be decided is no pass: `inconclusive` and `not-comparable` give 5, like a run that ended before everything was timed. What is
 * over the budget was said to be, and does not count.
 */
export function benchExitCode({ results, targets, required, interrupted, allowInconclusive }: BenchOutcome): number {
  if (interrupted) return exitCodes.interrupted;
  const has = (...statuses: WorkloadResult['status'][]): boolean => results.some(({ status }) => statuses.includes(status));
  const judged = (...verdicts: string[]): boolean => results.some(({ comparison }) => comparison !== undefined && verdicts.includes(comparison.judgement.verdict));
  if (has('wrong')) return exitCodes.counterexample;
  const available = new Set(targets.filter(({ status }) => status === 'available').map(({ name }) => name));
  if (has('errored') || required.some((name) => !available.has(name))) return exitCodes.target;
  if (judged('slower') || results.some(({ comparison }) => comparison?.counts?.verdict === 'more')) return exitCodes.slower;
  if (has('skipped', 'unserved', 'unverified') || !has('timed', 'compared')) return exitCodes.nothingRan;
  return judged('inconclusive', 'not-comparable') && !allowInconclusive ? exitCodes.nothingRan : exitCodes.held;
}
