/**
 * Merging is the union of sets of shards of one run. Union is associative and commutative, shards are kept in the order of their numbers, and a file's text is a function
 * of the set: whatever is merged with whatever in which order, the same shards give the same bytes.
 */
import { PlumblineError } from '../../errors.ts';
import { canonicalText } from '../canonical.ts';
import type { Shards } from './file.ts';
import { requireOneDeclaration } from './record.ts';
import type { ShardedRun, VerifiedShard } from './schema.ts';

export interface NamedShards {
  /** Where it was read, for messages. */
  readonly path: string;
  readonly file: Shards;
}

/** All shards of some files. `version` is that of the plumbline that merges. Throws `bad-file` for files of different runs, another version, or with one shard twice. */
export function joinShards(files: readonly NamedShards[], version: string): Shards {
  const [first] = files;
  if (first === undefined) throw new PlumblineError('bad-usage', 'There is nothing to merge.', 'Give the files of the shards, or their folder.');
  const seen = new Map<number, string>();
  for (const { path, file } of files) {
    if (file.run.plumbline !== version) throw new PlumblineError('bad-file', `'${path}' was written by plumbline ${file.run.plumbline}; this is ${version}.`, 'Merge with the version that ran the shards, or run them again with this one.');
    refuseOther(first, path, file.run);
    for (const { index } of file.shards) {
      const other = seen.get(index);
      if (other !== undefined) throw new PlumblineError('bad-file', `Shard ${index}/${file.run.shards} is there twice: in '${other}' and in '${path}'.`, 'Give each shard once.');
      seen.set(index, path);
    }
  }
  const shards = files.flatMap(({ file }) => file.shards as Shards['shards'][number][]).toSorted((a, b) => a.index - b.index);
  const joined = { run: first.file.run, shards } as Shards; // one run, so one kind
  if (joined.run.command !== 'certify') requireOneDeclaration(joined.shards as readonly VerifiedShard[]);
  return joined;
}

/** The numbers of the shards that are not there. */
export function missingOf({ run, shards }: Shards): number[] {
  const there = new Set(shards.map(({ index }) => index));
  return Array.from({ length: run.shards }, (_, k) => k + 1).filter((index) => !there.has(index));
}

/** Throws unless they are all there. */
export function requireAll(shards: Shards): void {
  const missing = missingOf(shards);
  if (missing.length === 0) return;
  const which = missing.length === 1 ? `Shard ${missing[0]} of ${shards.run.shards} is missing.` : `Shards ${missing.join(', ')} of ${shards.run.shards} are missing.`;
  throw new PlumblineError('bad-file', which, 'Give their files too, or --partial for a report that says that it is incomplete.');
}

function refuseOther({ path: firstPath, file: { run: first } }: NamedShards, path: string, run: ShardedRun): void {
  const same = (a: unknown, b: unknown): boolean => canonicalText([a ?? null]) === canonicalText([b ?? null]);
  if (same(first, run)) return;
  const refuse = (what: string, here: unknown, there: unknown): never => {
    throw new PlumblineError('bad-file', `'${path}' is of another ${what} than '${firstPath}': ${shown(there)} and not ${shown(here)}.`, 'Merge shards of one run only.');
  };
  if (run.command !== first.command) refuse('command', first.command, run.command);
  if (run.commit !== first.commit) refuse('commit', first.commit, run.commit);
  if (run.changes !== first.changes) refuse('state of the files (uncommitted changes)', first.changes, run.changes);
  if (!same(first.sources, run.sources)) refuse('kernel file', sourcesOf(first), sourcesOf(run));
  if (run.seed !== first.seed) refuse('seed', first.seed, run.seed);
  if (run.shards !== first.shards) refuse('number of shards', first.shards, run.shards);
  const field = Object.keys({ ...first.plan, ...run.plan }).find((name) => !same(first.plan[name], run.plan[name])) ?? '';
  refuse(`plan (${field})`, first.plan[field], run.plan[field]);
}

function sourcesOf({ sources }: ShardedRun): string {
  return sources.length === 0 ? 'no file' : sources.map(({ name, sha256 }) => `${name} ${sha256.slice(0, 8)}`).join(', ');
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
