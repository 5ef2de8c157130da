/**
 * The files of a commit in a folder of their own. They are written by git from an index of their own too, so that neither the working folder, nor its index, nor the list of its
 * worktrees is touched. Dependencies are not in a commit: its node_modules are those that are installed now.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

import { PlumblineError } from '../errors.ts';

export interface GitTree {
  /** The commit's hash. */
  readonly commit: string;
  /** Where a path of the working folder is in the commit's files; undefined outside the repository. */
  placeOf(path: string): string | undefined;
  /** Removes the files; also done when the process exits. */
  dispose(): void;
}

/** The commit that a name stands for; undefined where there is none, or no repository. */
export function commitOf(ref: string): string | undefined {
  try {
    return git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]).trim();
  } catch {
    return undefined;
  }
}

/** Writes the files of a commit. Throws `bad-usage` where git cannot. */
export function checkOut(commit: string): GitTree {
  const top = realpathSync(git(['rev-parse', '--show-toplevel']).trim());
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'plumbline-baseline-')));
  const dispose = (): void => {
    process.off('exit', dispose);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', dispose);
  const files = join(folder, 'tree');
  try {
    const env = { ...process.env, GIT_INDEX_FILE: join(folder, 'index') };
    git(['read-tree', commit], top, env);
    mkdirSync(files);
    git(['checkout-index', '--all', `--prefix=${files}/`], top, env);
    linkModules(top, files);
  } catch (error) {
    dispose();
    const cause = error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : String(error);
    throw new PlumblineError('bad-usage', `The files of ${commit} cannot be written: ${cause}`, 'Check that git works here, and that there is room for them.', { cause: error });
  }
  return {
    commit,
    dispose,
    placeOf(path) {
      const inside = relative(top, existsSync(path) ? realpathSync(path) : resolve(path));
      return inside.startsWith('..') ? undefined : join(files, inside);
    },
  };
}

/** The node_modules of the working folder and of the folders above it, at the same places. */
function linkModules(top: string, files: string): void {
  let folder = realpathSync('.');
  for (;;) {
    const [installed, place] = [join(folder, 'node_modules'), join(files, relative(top, folder), 'node_modules')];
    if (existsSync(installed) && existsSync(dirname(place)) && !existsSync(place)) symlinkSync(realpathSync(installed), place, 'dir');
    if (folder === top || dirname(folder) === folder) return;
    folder = dirname(folder);
  }
}

function git(args: readonly string[], cwd?: string, env?: NodeJS.ProcessEnv): string {
  return execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 });
}
