/** Workloads of a worker beside those of another: both are launched again and again, in an order drawn by lot, and every launch times all of them. */
import { TargetUnusable } from '../targets/outcome.ts';
import type { CallCounts, Target } from '../targets/kernel.ts';
import { timesOf } from './alone.ts';
import { incomparable } from './comparable.ts';
import { compareCounts } from './history/counts.ts';
import { judgeLaunches, launchOrder } from './launches.ts';
import { kernelOf, type Plan, type Planned } from './plan.ts';
import type { Comparison, WorkloadResult } from './results.ts';
import { notComparable, timeAlone, type RunSettings } from './run-workload.ts';

export interface LaunchPlan extends Plan {
  readonly baseline: Planned;
}

/** One launch: the target's results by workload, or why it could not be launched. */
type Launch = ReadonlyMap<string, WorkloadResult>;

/** Both targets must be closed. `stopped` is asked between launches: fewer launches show less, and are judged as what they are. */
export async function compareLaunches(
  plans: readonly LaunchPlan[],
  launches: number,
  settings: RunSettings,
  stopped: () => boolean,
  onLaunch: (launch: number, launches: number) => void,
): Promise<WorkloadResult[]> {
  const [candidate, baseline] = [plans[0]!.candidate.target, plans[0]!.baseline.target];
  const order = launchOrder(launches, settings.seed);
  const taken: [Launch[], Launch[]] = [[], []];
  const ran: number[] = [];
  for (const [index, arm] of order.entries()) {
    if (stopped()) break;
    onLaunch(index + 1, order.length);
    taken[arm as 0 | 1].push(await launch(arm === 0 ? baseline : candidate, plans, settings));
    ran.push(arm);
  }
  return plans.map((plan) => judged(plan, taken[0], taken[1], ran, settings));
}

async function launch(target: Target, plans: readonly LaunchPlan[], settings: RunSettings): Promise<Launch> {
  const availability = await target.open();
  if (availability.status === 'unavailable') throw new TargetUnusable(`${target.name} could not be launched again: ${availability.reason}`, availability.remedy);
  try {
    const results = new Map<string, WorkloadResult>();
    for (const { workload } of plans) {
      const candidate = kernelOf({ target, about: availability.about }, workload.operation);
      if (candidate !== undefined) results.set(workload.id, await timeAlone({ workload, candidate }, settings));
    }
    return results;
  } finally {
    await target.close();
  }
}

function judged({ workload, candidate, baseline }: LaunchPlan, before: readonly Launch[], after: readonly Launch[], ran: readonly number[], settings: RunSettings): WorkloadResult {
  const of = (launches: readonly Launch[]): WorkloadResult[] => launches.flatMap((one) => one.get(workload.id) ?? []);
  const [old, now] = [of(before), of(after)];
  const failed = [...now, ...old].find(({ status }) => status !== 'timed');
  const first = now[0];
  if (failed !== undefined || first === undefined || old.length === 0) {
    const reason = failed?.reason ?? 'time was up before both had been launched';
    return { target: candidate.target.name, workload: workload.id, operation: workload.operation, sizes: workload.sizes, cache: settings.cache, counts: {}, status: failed?.status ?? 'skipped', reason, remedy: failed?.remedy };
  }
  const clocks = new Set([...old, ...now].map(({ clock }) => clock));
  const place = incomparable({ kernel: baseline.kernel, about: baseline.about }, { kernel: candidate.kernel, about: candidate.about });
  const comparison: Comparison =
    clocks.size > 1 || place !== undefined
      ? notComparable(place ?? `the two have different clocks: ${[...clocks].join(' and ')}`, 'launches', settings)
      : {
          judgement: judgeLaunches(launchTimes(old), launchTimes(now), settings.error, settings.limits), design: 'launches', count: Math.min(old.length, now.length),
          baseline: timesOf(launchTimes(old), old[0]!.times!.calls), control: 'none', controlSamples: [], orders: [ran], copies: 1, copyOrders: [], error: settings.error,
          counts: compareCounts(countsOf(old[0]!), countsOf(first)),
        };
  const shares = now.flatMap(({ copy }) => copy ?? []);
  const copy = shares.length === 0 ? undefined : { median: timesOf(shares.map(({ median }) => median), 1).median, share: timesOf(shares.map(({ share }) => share), 1).median };
  return { ...first, status: 'compared', times: timesOf(launchTimes(now), first.times!.calls), copy, comparison };
}

/**
 * What each launch is known by: its quickest twentieth. What else a machine does makes samples longer and seldom all of a launch: on a busy machine eight launches of one code had medians of 0.99 to
 * 1.29 ms, and their quickest tenths lay at 0.62 to 0.72 ms, but for one. Whatever the number is, the rank test of launches is exact.
 */
function launchTimes(launches: readonly WorkloadResult[]): number[] {
  return launches.map(({ times }) => times!.p5);
}

function countsOf({ counts: { launches, instructions, kernelBytes } }: WorkloadResult): CallCounts {
  return { launches, instructions, kernelBytes };
}
