/** Workloads of a worker beside those of another: both are launched again and again, in rounds of two of each, and every round times all workloads in turns. */
import { Random } from '../generate/random.ts';
import { OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import type { Target } from '../targets/kernel.ts';
import { timesOf } from './alone.ts';
import { incomparable } from './comparable.ts';
import { compareCounts } from './history/counts.ts';
import { judgeLaunches, perRound } from './launches.ts';
import { kernelOf, type OpenTarget, type Plan, type Planned } from './plan.ts';
import type { Comparison, WorkloadResult } from './results.ts';
import { levelOf, timesInRound } from './round-times.ts';
import { guarded, notComparable, type Measured, type RunSettings } from './run-workload.ts';
import { inTurns, type Turns } from './turns.ts';

export interface LaunchPlan extends Plan {
  readonly baseline: Planned;
}

/** What the launches of one workload took. */
interface Taken {
  /** Of each round first the baseline's turns, then the candidate's. */
  readonly rounds: Turns[][];
  readonly orders: number[][];
  /** What ended it early, in one of the launches. */
  failure?: Error | undefined;
}

/** The side of the k-th launch of a round. */
const sideOf = (k: number): number => Math.floor(k / perRound);

/**
 * Both targets must be closed. `launches` is of each side, and rounded up to whole rounds. `stopped` is asked between rounds: fewer launches show less, and are judged as what they are. Throws `TargetUnusable` where
 * one cannot be launched.
 */
export async function compareLaunches(
  plans: readonly LaunchPlan[],
  launches: number,
  settings: RunSettings,
  stopped: () => boolean,
  onRound: (round: number, rounds: number) => void,
): Promise<WorkloadResult[]> {
  const targets = [plans[0]!.baseline.target, plans[0]!.candidate.target].flatMap((target) => [target, ...Array.from({ length: perRound - 1 }, () => anotherOf(target))]);
  const random = new Random(settings.seed);
  const taken = plans.map((): Taken => ({ rounds: [], orders: [] }));
  const rounds = Math.ceil(launches / perRound);
  for (let round = 1; round <= rounds && !stopped() && taken.some(({ failure }) => failure === undefined); round++) {
    onRound(round, rounds);
    const order = random.permutation(targets.length);
    try {
      const open: OpenTarget[] = [];
      for (const k of order) open[k] = await launched(targets[k]!);
      for (const [k, plan] of plans.entries()) await oneRound(plan, open, order.map(sideOf), taken[k]!, settings, random);
    } finally {
      for (const target of targets) await target.close();
    }
  }
  const results: WorkloadResult[] = [];
  for (const [k, plan] of plans.entries()) results.push(await guarded(plan, settings.cache, 'compared', async () => judged(plan, taken[k]!, settings)));
  return results;
}

function anotherOf(target: Target): Target {
  if (target.another === undefined) throw new TargetUnusable(`${target.name} cannot be launched twice.`, 'Compare kernels of workers, or of this process.');
  return target.another();
}

async function launched(target: Target): Promise<OpenTarget> {
  const availability = await target.open();
  if (availability.status === 'available') return { target, about: availability.about };
  throw new TargetUnusable(`${target.name} could not be launched again: ${availability.reason}`, `${availability.remedy} ${2 * perRound} launches are open at once: there must be room for all.`);
}

/** After a failure a workload is left alone, and the others go on. */
async function oneRound({ workload }: LaunchPlan, open: readonly OpenTarget[], order: number[], taken: Taken, settings: RunSettings, random: Random): Promise<void> {
  if (taken.failure !== undefined) return;
  try {
    const kernels = open.map((target) => {
      const kernel = kernelOf(target, workload.operation);
      if (kernel === undefined) throw new TargetUnusable(`A launch had no kernel for '${workload.operation}', and the one before had.`, 'Declare kernels whatever the launch.');
      return kernel;
    });
    taken.rounds.push(await inTurns(workload, kernels, settings, random));
    taken.orders.push(order);
  } catch (error) {
    if (!(error instanceof TargetUnusable || error instanceof OutcomeError)) throw error;
    taken.failure = error;
  }
}

function judged({ candidate, baseline }: LaunchPlan, { rounds, orders, failure }: Taken, settings: RunSettings): Measured {
  if (failure !== undefined) throw failure;
  const last = rounds.at(-1);
  if (last === undefined) return { status: 'skipped', reason: 'time was up before both had been launched' };
  const ofSide = <T>(side: number, inRounds: readonly (readonly T[])[]): T[] => inRounds.flatMap((round) => round.filter((_, k) => sideOf(k) === side));
  const [levels, times] = [rounds.map((round) => round.map(levelOf)), rounds.map(timesInRound)];
  const [first, second] = [last[0]!, last.at(-1)!];
  const [before, after] = [first, second].map(({ calls }, side) => timesOf(ofSide(side, levels), calls));
  const clocks = new Set(rounds.flat().map(({ clock }) => clock));
  const place = incomparable({ kernel: baseline.kernel, about: baseline.about }, { kernel: candidate.kernel, about: candidate.about });
  const beside = { baseline: ofSide(0, times), candidate: ofSide(1, times) };
  const comparison: Comparison =
    clocks.size > 1 || place !== undefined
      ? notComparable(place ?? `the two have different clocks: ${[...clocks].join(' and ')}`, 'launches', settings)
      : {
          judgement: judgeLaunches(before!.samples, after!.samples, { error: settings.error, limits: settings.limits, beside }), design: 'launches', count: after!.samples.length, beside,
          baseline: before!, control: 'none', controlSamples: [], orders, copies: 1, copyOrders: [], error: settings.error, counts: compareCounts(exact(first), exact(second)),
        };
  const copied = ofSide(1, rounds).flatMap(({ copy }) => copy);
  const median = timesOf(copied, 1).median;
  return { times: after!, clock: second.clock, counts: second.counts ?? {}, copy: copied.length === 0 ? undefined : { median, share: median / after!.median }, comparison };
}

function exact({ counts: { launches, instructions, kernelBytes } = {} }: Turns): WorkloadResult['counts'] {
  return { launches, instructions, kernelBytes };
}
