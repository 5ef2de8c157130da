/** `verify --margins`: writes down how much of the bounds was used, for `plumbline drift`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { PlumblineError } from '../errors.ts';
import { appendMargins, marginRecords, readMargins } from '../perf/drift/record.ts';
import { commitOf } from '../perf/history/commit.ts';
import { environmentHere } from '../perf/history/environment.ts';
import type { Report } from '../verify/results.ts';

export const marginsFolder = join('fixtures', 'margins');

/** The history of a target, or the one file that was asked for. */
export function marginsFile(asked: string | true, target: string): string {
  return asked === true ? join(marginsFolder, `${target.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}.jsonl`) : asked;
}

/** Reads the files that are there, so that one which cannot be added to ends the command before the run and not after it. Throws `bad-file`. */
export function checkMargins(asked: string | true, targets: readonly string[]): void {
  for (const path of new Set(targets.map((target) => marginsFile(asked, target)))) {
    if (!existsSync(path)) continue;
    const { halfWritten } = readMargins(path);
    if (halfWritten !== undefined) throw new PlumblineError('bad-file', `'${path}', line ${halfWritten}, is half-written: a run was ended while it wrote.`, `Delete line ${halfWritten} and run again; the lines before it are whole.`);
  }
}

/** Adds the margins of a run; returns what to tell. Those of an interrupted run are not written: fewer cases have smaller margins. */
export function writeMargins(asked: string | true, report: Report, runs: number | undefined): string {
  if (report.interrupted) return 'Margins were not written down: the run was interrupted.\n';
  const records = marginRecords(report, { runs, environment: environmentHere(), commit: commitOf(''), date: new Date() });
  const paths = records.map((record) => marginsFile(asked, record.target));
  for (const path of new Set(paths)) appendMargins(path, records.filter((_, k) => paths[k] === path));
  return records.length === 0 ? 'Margins were not written down: no claim was judged.\n' : `Margins: ${[...new Set(paths)].join(', ')}\n`;
}
