/** The exit code of a run, as a function of what it reports. The codes are public: DESIGN.md §6, `plumbline verify --help`. */
import type { PropertyResult, TargetReport } from './results.ts';

export const exitCodes = {
  held: 0,
  counterexample: 1,
  usage: 2,
  fault: 3,
  target: 4,
  nothingRan: 5,
  slower: 6,
  interrupted: 130,
} as const;

/** What decides the exit code of a run. */
export interface RunOutcome {
  readonly results: readonly Pick<PropertyResult, 'target' | 'status' | 'fault'>[];
  readonly targets: readonly Pick<TargetReport, 'name' | 'status'>[];
  /** Targets that were asked for by name. */
  readonly required?: readonly string[] | undefined;
  readonly interrupted: boolean;
  /** Shards of the run that are not there. */
  readonly missing?: number | undefined;
}

/**
 * 0 only when everything that was planned ran and held. Claims that are not about a kernel (`unsupported`) and targets that nobody asked
 * for by name and cannot run here do not count. A run that `--max-time` cut short gives 5, like one in which nothing ran:
 * what was not checked must not look like a pass.
 */
export function exitCodeOf({ results, targets, required = [], interrupted, missing = 0 }: RunOutcome): number {
  if (interrupted) return exitCodes.interrupted;
  const has = (status: PropertyResult['status']): boolean => results.some((result) => result.status === status);
  if (results.some(({ fault }) => fault !== undefined)) return exitCodes.fault;
  if (has('failed')) return exitCodes.counterexample;
  const available = new Set(targets.filter((target) => target.status === 'available').map((target) => target.name));
  if (has('errored') || required.some((name) => !available.has(name))) return exitCodes.target;
  const cutShort = results.some(({ status, target }) => status === 'incomplete' || (status === 'skipped' && available.has(target)));
  return cutShort || missing > 0 || !has('passed') ? exitCodes.nothingRan : exitCodes.held;
}
