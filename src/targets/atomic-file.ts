/** Files that are whole or absent: a reader, or a run that is killed, never sees half a counterexample. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { PlumblineError } from '../errors.ts';

/** Writes `content` beside `path`, forces it to disk and renames it into place. Creates the folder. Throws `bad-file`. */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`);
  let created = false;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const descriptor = openSync(temporary, 'wx');
    created = true;
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    if (created) rmSync(temporary, { force: true });
    const cause = error instanceof Error ? error.message : String(error);
    throw new PlumblineError('bad-file', `Cannot write '${path}': ${cause}`, 'Check that the folder exists, is writable and has space.', { cause: error });
  }
}
