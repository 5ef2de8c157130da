/** How this process was started, so that the replay line of a report can be pasted as it stands. */
import { basename, relative } from 'node:path';

import type { Audience } from '../report/reporters.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `plumbline`, `npx plumbline`, or `node` with the path of the script. */
export function ownCommand(script: string | undefined, env: Env): string {
  if (script === undefined || basename(script) === 'plumbline') return env['npm_command'] === 'exec' ? 'npx plumbline' : 'plumbline';
  return `node ${shellQuoted(relative('', script))}`;
}

/** The whole line that was typed, to be shown in a report and pasted again. */
export function ownLine([, script, ...words]: readonly string[], env: Env): string {
  return [ownCommand(script, env), ...words.map(shellQuoted)].join(' ');
}

/** A word that a POSIX shell reads back as itself. */
export function shellQuoted(word: string): string {
  return /^[\w./@%+=:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Who reads the output. */
export async function audience(stdout: { isTTY?: boolean }, env: Env): Promise<Audience> {
  const { isAgent, isCI } = await import('std-env');
  return { isTTY: stdout.isTTY === true && env['TERM'] !== 'dumb', isCI, isAgent, isGithub: env['GITHUB_ACTIONS'] === 'true' };
}
