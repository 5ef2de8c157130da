/** Shards of one campaign as one report. */
import { mergeCampaigns } from '../fuzz/merge.ts';
import type { FuzzReport } from '../fuzz/options.ts';
import { wholeStream } from '../fuzz/streams.ts';
import { exitCodeOf, exitCodes } from '../verify/exit-code.ts';
import type { Report } from '../verify/results.ts';
import type { VerifiedShards } from '../verify/shards/file.ts';
import { missingOf } from '../verify/shards/join.ts';
import { mergedTargets, sameOrAll, textsOf } from '../verify/shards/merged-report.ts';
import { totalsOf } from '../verify/totals.ts';

/** A pure function of the shards. What a campaign found on any machine is found; a claim that none of them got to is skipped. */
export function mergedCampaign(joined: VerifiedShards): FuzzReport {
  const { run, shards } = joined;
  const targets = mergedTargets(textsOf(run.plan['targets']), shards);
  const required = textsOf(run.plan['required']);
  const reports = shards.map(({ results, interrupted, durationMs, environment, fuzz }): FuzzReport => {
    const said = results as unknown as Report['results']; // JSON leaves undefined fields out
    return {
      schemaVersion: 1, plumbline: run.plumbline, seed: run.seed, effort: 'thorough', environment, targets, results: said, totals: totalsOf(said), interrupted, exitCode: exitCodes.held, durationMs,
      fuzz: fuzz as FuzzReport['fuzz'],
    };
  });
  const merged = mergeCampaigns(reports, required);
  const { results, interrupted, fuzz } = merged;
  return {
    ...merged,
    environment: sameOrAll(shards.map(({ environment }) => environment)),
    shards: { count: run.shards, included: shards.map(({ index }) => index), merged: true, elsewhere: 0 },
    exitCode: exitCodeOf({ results, targets, required, interrupted, missing: missingOf(joined).length }),
    fuzz: { ...fuzz, stream: wholeStream },
  };
}
