/** Which commit a change lies at: the order is the history's own, and what git knows is said beside it. */
import { commitsBetween, inRepository, subjectOf } from './commit.ts';
import type { BenchRecord } from './record.ts';

/** What a record of any history says of its run. */
type Run = Pick<BenchRecord, 'commit' | 'dirty' | 'date'>;

export interface Blame {
  /** Commit of the first run after the change; absent where the run had none. */
  readonly commit: string | undefined;
  /** The run had changes that were not committed. */
  readonly dirty: boolean;
  readonly date: string;
  /** Commit of the last run before it. */
  readonly previous: string | undefined;
  /** First line of the commit's message, where git has it. */
  readonly subject: string | undefined;
  /** Commits after `previous` up to `commit`: 1 when there is no other that it could be. Undefined where git cannot tell. */
  readonly candidates: number | undefined;
  /** What is odd about it: the repository does not have the commit, or the history's order is not git's. */
  readonly doubt: string | undefined;
}

/** Names the change before run `at`. `folder` is in the repository of the runs, or in none. */
export function blame(runs: readonly Run[], at: number, folder: string): Blame {
  const { commit, dirty = false, date } = runs[at]!;
  const previous = runs[at - 1]?.commit;
  const known = commit === undefined || !inRepository(folder) ? undefined : subjectOf(folder, commit);
  const candidates = known === undefined || previous === undefined ? undefined : commitsBetween(folder, previous, commit!);
  return { commit, dirty, date, previous, subject: known, candidates, doubt: doubtOf(folder, commit, previous, known, candidates) };
}

function doubtOf(folder: string, commit: string | undefined, previous: string | undefined, subject: string | undefined, candidates: number | undefined): string | undefined {
  if (commit === undefined) return 'the run was outside a repository';
  if (!inRepository(folder)) return 'there is no repository here to look it up in';
  if (subject === undefined) return 'this repository does not have the commit';
  if (previous !== undefined && candidates === undefined) return `it does not follow ${previous.slice(0, 10)}, the commit of the run before`;
  return undefined;
}
