/**
 * Which runs of a history can be compared with its last one. Margins do not depend on how fast a machine is, so that another processor is no reason; what changes the cases or the
 * arithmetic is. A run whose seed an earlier one had is left out: it repeats that run's numbers, and the test needs draws that are independent.
 */
import type { MarginRecord } from './record.ts';

/** So many of the last runs are looked at; what lies further back was looked at before. */
const longest = 100;

/** How many runs were left out for a reason: "effort quick instead of standard". */
export interface LeftOut {
  readonly reason: string;
  readonly runs: number;
}

export interface Comparable {
  readonly records: readonly MarginRecord[];
  readonly leftOut: readonly LeftOut[];
}

/** Runs of one target, in the order of the file. `since` names the commit of the first one to look at; one that is not there leaves all. */
export function comparableRuns(records: readonly MarginRecord[], since?: string): Comparable {
  const last = records.at(-1);
  if (last === undefined) return { records: [], leftOut: [] };
  const reasons = new Map<string, number>();
  const leaveOut = (reason: string): [] => {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return [];
  };
  const from = since === undefined ? 0 : records.findIndex(({ commit }) => commit?.startsWith(since));
  const seeds = new Set<number>();
  const kept = records.slice(Math.max(0, from)).flatMap((record) => {
    const difference = differenceOf(record, last);
    if (difference !== undefined) return leaveOut(difference);
    if (seeds.size === seeds.add(record.seed).size) return leaveOut('a seed that an earlier run had');
    return [record];
  });
  if (from > 0) reasons.set(`before ${since}`, from);
  if (kept.length > longest) reasons.set(`before the last ${longest}`, kept.length - longest);
  return { records: kept.slice(-longest), leftOut: [...reasons].map(([reason, runs]) => ({ reason, runs })) };
}

/** Why the margins of two runs are not draws of the same thing. */
function differenceOf(a: MarginRecord, b: MarginRecord): string | undefined {
  const facts = (record: MarginRecord): readonly (readonly [string, string])[] => [
    ['effort', record.effort],
    ['runs', String(record.runs ?? 'by effort')],
    ['plumbline', record.environment.plumbline],
    ['Node', record.environment.node.split('.')[0]!],
    ['architecture', record.environment.arch],
    ['device', record.environment.device ?? 'none'],
    ['driver', record.environment.driver ?? 'unnamed'],
  ];
  const others = facts(b);
  const index = facts(a).findIndex(([, value], k) => value !== others[k]![1]);
  return index === -1 ? undefined : `${others[index]![0]} ${facts(a)[index]![1]} instead of ${others[index]![1]}`;
}
