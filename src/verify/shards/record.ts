/** A shard's report as its record: what merging needs, and the counterexamples themselves, so that they can be replayed where they are merged. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import { PlumblineError } from '../../errors.ts';
import type { Report } from '../results.ts';
import type { Shards } from './file.ts';
import type { ShardedRun, VerifiedShard } from './schema.ts';

/** Counterexamples are small when they were shrunk; a larger one stays where it was found. */
const largestFailure = 2 ** 23;

/** The shards of one: what a run that had a shard says, and a campaign besides. Throws a TypeError for a report without one. */
export function recordShard(report: Report & { readonly fuzz?: object }, run: ShardedRun & { readonly command: 'verify' | 'fuzz' }, finishedAt: number): Shards {
  const { shards: about, targets, results, explanations, environment, interrupted, durationMs } = report;
  const index = about?.included[0];
  if (about === undefined || index === undefined) throw new TypeError('this report is of no shard');
  const files = results.flatMap(({ counterexample }) => (counterexample === undefined ? [] : [counterexample.file]));
  const failures = Object.fromEntries(files.flatMap((file) => {
    const bytes = contentOf(file);
    return bytes === undefined ? [] : [[basename(file), bytes.toString('base64')]];
  }));
  const shard = { index, finishedAt, durationMs, interrupted, environment, elsewhere: about.elsewhere, targets, results, explanations, fuzz: report.fuzz, failures };
  return { run, shards: [shard as unknown as VerifiedShard] }; // the schema has no undefined fields and no readonly ones
}

function contentOf(file: string): Buffer | undefined {
  try {
    return statSync(file).size > largestFailure ? undefined : readFileSync(file);
  } catch {
    return undefined; // the report still names it
  }
}

/** What was declared on each machine must be the same, where a target was there. Throws `bad-file`. */
export function requireOneDeclaration(shards: readonly VerifiedShard[]): void {
  const seen = new Map<string, { digest: string; shard: number }>();
  for (const { index, targets } of shards) {
    for (const { name, declares } of targets) {
      if (declares === undefined) continue;
      const before = seen.get(name);
      if (before === undefined) seen.set(name, { digest: declares, shard: index });
      else if (before.digest !== declares) throw new PlumblineError('bad-file', `The kernels of '${name}' declare something else in shard ${index} than in shard ${before.shard}.`, 'Run the shards on the same kernels.');
    }
  }
}
