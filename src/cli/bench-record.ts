/** `plumbline bench --record`: writes a run down, and holds its counts against those of the run before, exactly. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { PlumblineError } from '../errors.ts';
import { appendHistory, readHistory } from '../perf/history/bench-history.ts';
import { commitOf } from '../perf/history/commit.ts';
import { compareRecorded, countChangeText } from '../perf/history/counts.ts';
import { environmentHere } from '../perf/history/environment.ts';
import { hashOf, workloadName } from '../perf/history/record.ts';
import { benchRecords } from '../perf/history/recorded.ts';
import type { BenchReport } from '../perf/results.ts';
import { baselinesFolder, type HistoryFlags } from './bench-history.ts';
import type { Gathered } from './gather.ts';

function fileOf(asked: string | true, target: string): string {
  return asked === true ? join(baselinesFolder, `${target.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}.jsonl`) : asked;
}

/** Reads the files that are there, so that one which cannot be added to ends the command before the run and not after it. Throws `bad-usage` and `bad-file`. */
export function checkRecord({ record, bundle = [] }: HistoryFlags, against: string | undefined, targets: readonly string[]): void {
  if (record === undefined) {
    if (bundle.length > 0) throw new PlumblineError('bad-usage', '--bundle is for --record.', 'Add --record.');
    return;
  }
  if (against !== undefined) throw new PlumblineError('bad-usage', '--record keeps times of kernels by themselves, and --against times them beside others.', 'Do one after the other.');
  for (const path of bundle) if (!existsSync(path) || !statSync(path).isFile()) throw new PlumblineError('bad-usage', `--bundle '${path}' is not a file.`, 'Build it first.');
  for (const path of new Set(targets.map((target) => fileOf(record, target)))) {
    if (!existsSync(path)) continue;
    const { halfWritten } = readHistory(path);
    if (halfWritten !== undefined) throw new PlumblineError('bad-file', `'${path}', line ${halfWritten}, is half-written: a run was ended while it wrote.`, `Delete line ${halfWritten} and run again; the lines before it are whole.`);
  }
}

/** Adds a run; returns what to tell and whether a count grew. An interrupted run is written too: what it timed, it timed. */
export function recordRun(report: BenchReport, { record, bundle = [] }: HistoryFlags, { own, loaded }: Pick<Gathered, 'own' | 'loaded'>): { readonly told: string; readonly grew: boolean } {
  const declaring = loaded.length === 1 && statSync(loaded[0]!).isFile() ? hashOf(readFileSync(loaded[0]!)) : undefined;
  const records = benchRecords(report, {
    environment: environmentHere(),
    commit: commitOf(''),
    date: new Date(),
    kernelHashOf: (target) => (own.includes(target) ? declaring : undefined),
    bundleBytes: bundle.length === 0 ? undefined : bundle.reduce((sum, path) => sum + statSync(path).size, 0),
  });
  if (records.length === 0) return { told: 'Nothing was recorded: nothing was timed.\n', grew: false };
  const paths = records.map(({ workload }) => fileOf(record!, workload.target));
  const lines: string[] = [];
  let grew = false;
  for (const path of new Set(paths)) {
    const added = records.filter((_, k) => paths[k] === path);
    const before = existsSync(path) ? readHistory(path).records : [];
    for (const one of added) {
      const last = before.findLast(({ workload }) => workloadName(workload) === workloadName(one.workload));
      const compared = last === undefined ? undefined : compareRecorded(last, one);
      if (compared === undefined || compared.changes.length === 0) continue;
      grew ||= compared.verdict === 'more';
      lines.push(`${compared.verdict === 'more' ? 'Counts grew' : 'Counts changed'}: ${workloadName(one.workload)}: ${compared.changes.map(countChangeText).join(', ')} (was ${last!.commit?.slice(0, 10) ?? last!.date})\n`);
    }
    appendHistory(path, added);
  }
  return { told: `${lines.join('')}Recorded: ${[...new Set(paths)].join(', ')} (${records.length})\n`, grew };
}
