/** Which state of which files a run is about, so that results of different ones are never taken for one. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { sha256 } from '../verify/canonical.ts';
import type { ShardedRun } from '../verify/shards/schema.ts';
import { commitOf } from './git-tree.ts';

/** The commit of the working folder, what tracked files differ from it, and the files that were loaded. */
export function revision(loaded: readonly string[]): Pick<ShardedRun, 'commit' | 'changes' | 'sources'> {
  const commit = commitOf('HEAD');
  const changes = commit === undefined ? '' : changed();
  const sources = loaded.map((path) => ({ name: basename(path), sha256: digestOf(path) }));
  return { ...(commit === undefined ? {} : { commit }), ...(changes === '' ? {} : { changes: sha256(changes) }), sources };
}

function changed(): string {
  try {
    return execFileSync('git', ['diff', 'HEAD', '--binary', '--no-ext-diff', '--no-color'], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 });
  } catch {
    return 'more than can be told';
  }
}

/** Of a file's bytes; of a folder's names and bytes, in order. */
function digestOf(path: string): string {
  if (!statSync(path).isDirectory()) return sha256(readFileSync(path));
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort().filter((name) => statSync(join(path, name)).isFile());
  return sha256(names.map((name) => `${name}\n${sha256(readFileSync(join(path, name)))}\n`).join(''));
}
