/**
 * One comparison of two workers by launches, as `plumbline bench --against` makes it. One line of JSON on standard output:
 *   node dist/bench/gate/launch-run.js <candidate's work in per cent> <two-ways: yes or no> <launches of an arm> <seed>
 */
import { fileURLToPath } from 'node:url';

import type { Target } from '../../src/index.ts';
import { kernelOf, type Planned } from '../../src/perf/plan.ts';
import { compareLaunches } from '../../src/perf/run-launches.ts';
import type { Workload } from '../../src/perf/workload.ts';
import { pythonWorker } from '../../src/targets/worker/python.ts';
import { workerTarget } from '../../src/targets/worker/target.ts';
import type { Verdict } from '../../src/perf/judgement.ts';

export interface LaunchRun {
  readonly verdict: Verdict;
  readonly reason: string | undefined;
  /** In per cent. */
  readonly effect: number;
  /** Largest difference between launches of the baseline, in per cent. */
  readonly spread: number;
  readonly took: number;
}

const [work = '100', twoWays = 'no', launches = '12', seed = '1'] = process.argv.slice(2);
const workload: Workload = { id: 'gate/launches', operation: 'stream-read', sizes: { tokens: 100, streams: 4, channels: 8, depth: 1 }, origin: 'configured' };
const started = performance.now();
const plan = { workload, candidate: await planned(side(work)), baseline: await planned(side('100')) };
const settings = { seed: Number(seed), timeMs: 60, cache: 'warm', pairs: undefined, error: 0.001, limits: undefined, callTimeoutMs: 20_000 } as const;
const [result] = await compareLaunches([plan], Number(launches), settings, () => false, () => undefined);
const { comparison, reason } = result!;
if (comparison === undefined) throw new Error(reason);
const medians = comparison.baseline!.samples;
const run: LaunchRun = {
  verdict: comparison.judgement.verdict, reason: comparison.judgement.reason, effect: 100 * Math.expm1(comparison.judgement.effect.estimate),
  spread: 100 * (Math.max(...medians) / Math.min(...medians) - 1), took: performance.now() - started,
};
process.stdout.write(`${JSON.stringify(run)}\n`, () => process.exit(0));

function side(per: string): Target {
  const { command, env } = pythonWorker(fileURLToPath(new URL('../../../bench/gate/launch_kernel.py', import.meta.url)));
  return workerTarget('launched', { worker: { command, env: { ...env, WORK: per, ...(twoWays === 'yes' ? { TWO_WAYS: '1' } : {}) } } }, 'bench');
}

/** What is known of a kernel after it was opened once. */
async function planned(target: Target): Promise<Planned> {
  const said = await target.open();
  if (said.status === 'unavailable') throw new Error(said.reason);
  const found = kernelOf({ target, about: said.about }, workload.operation)!;
  await target.close();
  return found;
}
