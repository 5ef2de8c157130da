/** The counterexamples that a project keeps, for the commands that try them first. */
import { existsSync } from 'node:fs';

import { PlumblineError } from '../errors.ts';
import { Corpus } from '../fuzz/corpus/corpus.ts';
import type { CounterexampleData } from '../verify/counterexample-file.ts';

export const storedFolder = 'fixtures/counterexamples';

/** What is in the folder that was asked for, or in the usual one where it exists. `warn` hears of each file that is of no use. Throws `bad-usage` for a folder that was asked for and is not there. */
export function readStored(asked: string | undefined, warn: (text: string) => void): CounterexampleData[] {
  if (asked !== undefined && !existsSync(asked)) throw new PlumblineError('bad-usage', `There is no folder '${asked}'.`, 'Leave --counterexamples out, or make the folder.');
  const read: CounterexampleData[] = [];
  for (const entry of new Corpus(asked ?? storedFolder).entries()) {
    if ('problem' in entry) warn(`skipped ${entry.problem}\n`);
    else if (entry.data.outcome !== 'ok') read.push(entry.data);
  }
  return read;
}
