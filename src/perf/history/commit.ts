/** What git says about a folder. Everything here is an answer or `undefined`: a history is kept without a repository too. */
import { execFileSync } from 'node:child_process';

export interface Commit {
  /** The whole hash. */
  readonly commit: string;
  /** Whether tracked files differ from it, other than histories themselves. */
  readonly dirty: boolean;
}

/** Histories are written by the runs that they describe, which would make every second run a dirty one. */
const histories = [':(exclude,top)fixtures/margins', ':(exclude,top)bench/baselines'];

/** The commit that a folder stands at; undefined outside a repository, before its first commit, and without git. As for `git describe --dirty`, untracked files do not count. */
export function commitOf(folder: string): Commit | undefined {
  const commit = git(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  const changed = git(folder, ['status', '--porcelain', '--untracked-files=no', '--', ':/', ...histories]);
  return commit === undefined || changed === undefined ? undefined : { commit, dirty: changed !== '' };
}

/** The first line of a commit's message; undefined when the repository of the folder does not have the commit. */
export function subjectOf(folder: string, commit: string): string | undefined {
  return git(folder, ['show', '--no-patch', '--format=%s', `${commit}^{commit}`, '--']);
}

/** How many commits lead from one to another, the other counted; undefined when the second does not follow the first. */
export function commitsBetween(folder: string, from: string, to: string): number | undefined {
  if (git(folder, ['merge-base', '--is-ancestor', from, to]) === undefined) return undefined;
  const count = Number(git(folder, ['rev-list', '--count', `${from}..${to}`]));
  return Number.isInteger(count) ? count : undefined;
}

/** Whether the folder is in a repository. */
export function inRepository(folder: string): boolean {
  return git(folder, ['rev-parse', '--is-inside-work-tree']) === 'true';
}

function git(folder: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', ['-C', folder === '' ? '.' : folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000, maxBuffer: 2 ** 26 }).trim();
  } catch {
    return undefined;
  }
}
