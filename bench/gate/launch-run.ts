/**
 * One comparison of two workers by launches, as `plumbline bench --against` makes it, and beside it what other rules say of one launch of each. One line of JSON on standard output:
 *   node dist/bench/gate/launch-run.js <candidate's work in per cent> <two-ways: yes or no> <launches of an arm> <seed>
 */
import { fileURLToPath } from 'node:url';

import { properties } from '../../properties/index.ts';
import type { Target } from '../../src/index.ts';
import { Random } from '../../src/generate/random.ts';
import { kernelOf, type Planned } from '../../src/perf/plan.ts';
import { usualTimeMs } from '../../src/perf/options.ts';
import { compareLaunches } from '../../src/perf/run-launches.ts';
import { timeAlone } from '../../src/perf/run-workload.ts';
import { verifyKernels } from '../../src/perf/verification.ts';
import type { Workload } from '../../src/perf/workload.ts';
import { pythonWorker } from '../../src/targets/worker/python.ts';
import { workerTarget } from '../../src/targets/worker/target.ts';
import type { Verdict } from '../../src/perf/judgement.ts';
import { latencyOf, otherVerdicts } from './rules.ts';

export interface LaunchRun {
  readonly verdict: Verdict;
  readonly reason: string | undefined;
  /** In per cent. */
  readonly effect: number;
  /** Largest difference between launches of the baseline, in per cent. */
  readonly spread: number;
  /** The same of their times beside the others of their round, of the side where it is larger. */
  readonly beside: number;
  readonly took: number;
  /** Which of the other rules say that the candidate is slower. */
  readonly others: Readonly<Record<string, boolean>>;
}

const [work = '100', twoWays = 'no', launches = '12', seed = '1'] = process.argv.slice(2);
const workload: Workload = { id: 'gate/launches', operation: 'stream-read', sizes: { tokens: 100, streams: 4, channels: 8, depth: 1 }, origin: 'configured' };
const plan = { workload, candidate: await planned(side(work)), baseline: await planned(side('100')) };
const settings = { seed: Number(seed), timeMs: usualTimeMs, cache: 'warm', pairs: undefined, error: 0.001, limits: undefined, callTimeoutMs: 20_000 } as const;
const started = performance.now();
const [result] = await compareLaunches([plan], Number(launches), settings, () => false, () => undefined);
const { comparison, reason } = result!;
if (comparison === undefined) throw new Error(reason);
const apart = (values: readonly number[]): number => 100 * (Math.max(...values) / Math.min(...values) - 1);
const run: LaunchRun = {
  verdict: comparison.judgement.verdict, reason: comparison.judgement.reason, effect: 100 * Math.expm1(comparison.judgement.effect.estimate),
  spread: apart(comparison.baseline!.samples), beside: Math.max(...Object.values(comparison.beside!).map(apart)), took: performance.now() - started, others: {},
};
process.stdout.write(`${JSON.stringify({ ...run, others: await otherRules() })}\n`, () => process.exit(0));

function side(per: string): Target {
  const { command, env } = pythonWorker(fileURLToPath(new URL('../../../bench/gate/launch_kernel.py', import.meta.url)));
  return workerTarget('launched', { worker: { command, env: { ...env, WORK: per, ...(twoWays === 'yes' ? { TWO_WAYS: '1' } : {}) } } }, 'bench');
}

/** What is known of a kernel after it was opened once. */
async function planned(target: Target): Promise<Planned> {
  const said = await target.open();
  if (said.status === 'unavailable') throw new Error(said.reason);
  const found = kernelOf({ target, about: said.about }, workload.operation)!;
  try {
    const wrong = (await verifyKernels(target, [workload.operation], { properties, seed: 1 })).get(workload.operation);
    if (wrong !== undefined) throw new Error(`the kernel is wrong: ${wrong.reason}`);
    return found;
  } finally {
    await target.close();
  }
}

/** What is usual: each is launched once, in an order drawn by lot, and tinybench's statistics of the samples decide. */
async function otherRules(): Promise<Record<string, boolean>> {
  const samples: Record<string, readonly number[]> = {};
  for (const k of new Random(settings.seed, 1).permutation(2)) {
    const [name, target] = k === 0 ? ['a', plan.baseline.target] as const : ['b', plan.candidate.target] as const;
    const said = await target.open();
    if (said.status === 'unavailable') throw new Error(said.reason);
    const { times } = await timeAlone({ workload, candidate: kernelOf({ target, about: said.about }, workload.operation)! }, { ...settings, timeMs: 300 });
    await target.close();
    samples[name] = times!.samples;
  }
  return otherVerdicts(await latencyOf(samples['a']!), await latencyOf(samples['b']!));
}
