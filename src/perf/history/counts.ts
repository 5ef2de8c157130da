/**
 * Counts: what a call does however busy the machine is. They are compared exactly, because two runs of one kernel have the same ones. Some depend on who compiles: instructions on device and driver,
 * allocations on Node; they are compared only where these are the same.
 */
import type { BenchRecord, Counts, Environment } from './record.ts';

export type CountName = keyof Counts;

export const countNames = ['launches', 'bytesMoved', 'instructions', 'allocations', 'kernelBytes', 'bundleBytes'] as const satisfies readonly CountName[];

/** Those that mean work; the bytes of a source grow with every comment. */
export const gatedCounts: readonly CountName[] = ['launches', 'bytesMoved', 'instructions', 'allocations'];

export interface CountChange {
  readonly name: CountName;
  readonly before: number;
  readonly after: number;
}

export interface CountComparison {
  /** more: a gated count grew. fewer: none grew, and some count fell. equal: nothing differs that both have. changed: one grew that is not gated. none: no count could be compared. */
  readonly verdict: 'more' | 'fewer' | 'equal' | 'changed' | 'none';
  /** In the order of `countNames`. */
  readonly changes: readonly CountChange[];
}

/** Compares the counts that both have. `gated` may not grow. */
export function compareCounts(baseline: Counts, candidate: Counts, gated: readonly CountName[] = gatedCounts): CountComparison {
  const shared = countNames.filter((name) => baseline[name] !== undefined && candidate[name] !== undefined);
  const changes = shared.map((name) => ({ name, before: baseline[name]!, after: candidate[name]! })).filter(({ before, after }) => before !== after);
  if (shared.length === 0) return { verdict: 'none', changes };
  if (changes.some((change) => grew(change) && gated.includes(change.name))) return { verdict: 'more', changes };
  if (changes.some(grew)) return { verdict: 'changed', changes };
  return { verdict: changes.length > 0 ? 'fewer' : 'equal', changes };
}

/** Compares those of two runs, without the ones that another compiler would change. */
export function compareRecorded(baseline: Pick<BenchRecord, 'counts' | 'environment'>, candidate: Pick<BenchRecord, 'counts' | 'environment'>): CountComparison {
  const comparable = Object.entries(baseline.counts).filter(([name]) => sameCompiler(name, baseline.environment, candidate.environment));
  return compareCounts(Object.fromEntries(comparable), candidate.counts);
}

export function grew({ before, after }: CountChange): boolean {
  return after > before;
}

/** `launches 3 → 5` */
export function countChangeText({ name, before, after }: CountChange): string {
  return `${name} ${before.toLocaleString('en-US')} → ${after.toLocaleString('en-US')}`;
}

function sameCompiler(name: string, a: Environment, b: Environment): boolean {
  if (name === 'instructions') return a.device === b.device && a.driver === b.driver;
  return name !== 'allocations' || a.node.split('.')[0] === b.node.split('.')[0];
}
