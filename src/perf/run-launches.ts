/** Workloads of a worker beside those of another: both are launched again and again, in pairs, and every pair times all of them in turns. */
import { Random } from '../generate/random.ts';
import { OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import type { Target } from '../targets/kernel.ts';
import { timesOf } from './alone.ts';
import { incomparable } from './comparable.ts';
import { compareCounts } from './history/counts.ts';
import { judgeLaunches } from './launches.ts';
import { kernelOf, type OpenTarget, type Plan, type Planned } from './plan.ts';
import { levelOf, ratioOf } from './pair-ratio.ts';
import type { Comparison, WorkloadResult } from './results.ts';
import { guarded, notComparable, type Measured, type RunSettings } from './run-workload.ts';
import { inTurns, type Turns } from './turns.ts';

export interface LaunchPlan extends Plan {
  readonly baseline: Planned;
}

/** What the pairs of launches of one workload took. */
interface Taken {
  readonly pairs: [Turns, Turns][];
  readonly orders: number[][];
  /** What ended it early, in one of the launches. */
  failure?: Error | undefined;
}

/** Both targets must be closed. `stopped` is asked between launches: fewer launches show less, and are judged as what they are. Throws `TargetUnusable` where one cannot be launched. */
export async function compareLaunches(
  plans: readonly LaunchPlan[],
  launches: number,
  settings: RunSettings,
  stopped: () => boolean,
  onLaunch: (launch: number, launches: number) => void,
): Promise<WorkloadResult[]> {
  const targets = [plans[0]!.baseline.target, plans[0]!.candidate.target];
  const random = new Random(settings.seed);
  const taken = plans.map((): Taken => ({ pairs: [], orders: [] }));
  for (let launch = 1; launch <= launches && !stopped() && taken.some(({ failure }) => failure === undefined); launch++) {
    onLaunch(launch, launches);
    const order = random.permutation(2);
    try {
      const open: OpenTarget[] = [];
      for (const side of order) open[side] = await launched(targets[side]!);
      for (const [k, plan] of plans.entries()) await onePair(plan, open, order, taken[k]!, settings, random);
    } finally {
      for (const target of targets) await target.close();
    }
  }
  const results: WorkloadResult[] = [];
  for (const [k, plan] of plans.entries()) results.push(await guarded(plan, settings.cache, 'compared', async () => judged(plan, taken[k]!, settings)));
  return results;
}

async function launched(target: Target): Promise<OpenTarget> {
  const availability = await target.open();
  if (availability.status === 'available') return { target, about: availability.about };
  throw new TargetUnusable(`${target.name} could not be launched again: ${availability.reason}`, `${availability.remedy} Two launches are open at once: there must be room for both.`);
}

/** After a failure a workload is left alone, and the others go on. */
async function onePair({ workload }: LaunchPlan, open: readonly OpenTarget[], order: number[], taken: Taken, settings: RunSettings, random: Random): Promise<void> {
  const [baseline, candidate] = open.map((side) => kernelOf(side, workload.operation));
  if (taken.failure !== undefined) return;
  try {
    if (baseline === undefined || candidate === undefined) throw new TargetUnusable(`A launch had no kernel for '${workload.operation}', and the one before had.`, 'Declare kernels whatever the launch.');
    taken.pairs.push(await inTurns({ workload, baseline, candidate }, settings, random));
    taken.orders.push(order);
  } catch (error) {
    if (!(error instanceof TargetUnusable || error instanceof OutcomeError)) throw error;
    taken.failure = error;
  }
}

function judged({ candidate, baseline }: LaunchPlan, { pairs, orders, failure }: Taken, settings: RunSettings): Measured {
  if (failure !== undefined) throw failure;
  const last = pairs.at(-1);
  if (last === undefined) return { status: 'skipped', reason: 'time was up before both had been launched' };
  const [before, after] = [0, 1].map((side) => timesOf(pairs.map((pair) => levelOf(pair[side]!)), last[side]!.calls));
  const pairRatios = pairs.map(ratioOf);
  const clocks = new Set(pairs.flatMap((pair) => pair.map(({ clock }) => clock)));
  const place = incomparable({ kernel: baseline.kernel, about: baseline.about }, { kernel: candidate.kernel, about: candidate.about });
  const comparison: Comparison =
    clocks.size > 1 || place !== undefined
      ? notComparable(place ?? `the two have different clocks: ${[...clocks].join(' and ')}`, 'launches', settings)
      : {
          judgement: judgeLaunches(before!.samples, after!.samples, { error: settings.error, limits: settings.limits, ratios: pairRatios }), design: 'launches', count: pairs.length, pairRatios,
          baseline: before!, control: 'none', controlSamples: [], orders, copies: 1, copyOrders: [], error: settings.error, counts: compareCounts(exact(last[0]), exact(last[1])),
        };
  const copied = pairs.flatMap(([, { copy }]) => copy);
  const median = timesOf(copied, 1).median;
  return { times: after!, clock: last[1].clock, counts: last[1].counts ?? {}, copy: copied.length === 0 ? undefined : { median, share: median / after!.median }, comparison };
}

function exact({ counts: { launches, instructions, kernelBytes } = {} }: Turns): WorkloadResult['counts'] {
  return { launches, instructions, kernelBytes };
}
