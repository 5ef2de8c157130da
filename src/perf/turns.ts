/** Workers beside each other on one workload, in turns. */
import type { Random } from '../generate/random.ts';
import { encodeInputs } from '../verify/call.ts';
import type { RemoteTiming, TimingRequest } from '../targets/kernel.ts';
import { sampleMs, usualWarming, warmUp } from './arm.ts';
import type { Planned } from './plan.ts';
import type { RunSettings } from './run-workload.ts';
import { timedKernel } from './timed-kernel.ts';
import { bytesMoved } from './traffic.ts';
import { inputsOf, type Workload } from './workload.ts';

/** Long beside a message to a worker, short beside what disturbs a machine: a neighbour took half of a processor for tenths of seconds at a time. */
const turnMs = 5;
/** Fewest turns, and how much longer than asked for they may take. */
const fewest = 10;
const patience = 10;

/** What the turns of one worker took. */
export interface Turns {
  readonly clock: 'worker' | 'device' | 'round-trips';
  /** Milliseconds of one call, in time order, turn by turn. */
  readonly turns: number[][];
  readonly calls: number;
  readonly copy: number[];
  readonly counts: RemoteTiming['counts'];
}

/** How a worker is warmed up, and takes a turn. */
interface Taker {
  warm(): Promise<Turns['clock']>;
  /** On a processor of that number, where the worker can choose. */
  turn(processor: number): Promise<Pick<RemoteTiming, 'calls' | 'samples' | 'copy' | 'counts'>>;
}

/**
 * Turns of kernels whose targets are open, as many of each. A turn for which a clock gave no time is left out, with those of the others. Throws what a call throws.
 */
export async function inTurns(workload: Workload, kernels: readonly Planned[], settings: RunSettings, random: Random): Promise<Turns[]> {
  const takers = kernels.map((planned) => (planned.declaration.remote?.time === undefined ? byCalls(planned, workload, settings) : byRequests(planned, workload, settings)));
  const taken = takers.map((): { -readonly [Key in keyof Turns]: Turns[Key] } => ({ clock: 'worker', turns: [], calls: 1, copy: [], counts: undefined }));
  for (const k of random.permutation(takers.length)) taken[k]!.clock = await takers[k]!.warm();
  const started = performance.now();
  const enough = Math.max(fewest, Math.ceil((2 * settings.timeMs) / turnMs));
  for (let turn = 0; turn < enough; turn++) {
    if (turn >= fewest && performance.now() - started > (takers.length / 2) * patience * settings.timeMs) break;
    const all: number[][] = [];
    const processor = random.below(2 ** 16); // the same for all: whatever else it does then hits all
    for (const k of random.permutation(takers.length)) {
      const { calls, samples, copy = [], counts } = await takers[k]!.turn(processor);
      all[k] = samples.filter(possible);
      const own = taken[k]!;
      own.calls = calls;
      own.copy.push(...copy.filter(possible));
      own.counts = counts;
    }
    if (all.every((samples) => samples.length > 0)) all.forEach((samples, k) => taken[k]!.turns.push(samples));
  }
  return taken;
}

function possible(ms: number): boolean {
  return ms > 0 && ms < Infinity;
}

/** Timed by the worker, on the request of every turn. */
function byRequests({ declaration, kernel }: Planned, workload: Workload, { seed, timeMs, cache, callTimeoutMs }: RunSettings): Taker {
  const values = encodeInputs(kernel, inputsOf(workload, seed), workload.sizes);
  const ask = (how: Pick<TimingRequest, 'warmCalls' | 'warmMs' | 'processor'>): Promise<RemoteTiming> =>
    declaration.remote!.time!(values, workload.sizes, { samples: 400, sampleMs, ...how, limitMs: turnMs, cache }, AbortSignal.timeout(Math.ceil(callTimeoutMs + 4 * timeMs)));
  return {
    warm: async () => ((await ask({ warmCalls: usualWarming.calls, warmMs: timeMs / 2 })).clock === 'device' ? 'device' : 'worker'),
    turn: (processor) => ask({ warmCalls: 1, warmMs: 0, processor }),
  };
}

/** Whole calls, by this process's clock. */
function byCalls({ declaration, kernel }: Planned, workload: Workload, { seed, timeMs, cache }: RunSettings): Taker {
  const values = encodeInputs(kernel, inputsOf(workload, seed), workload.sizes);
  const timed = timedKernel(declaration, values, workload.sizes, bytesMoved(kernel, workload.sizes), cache);
  return {
    async warm() {
      await warmUp([(await timed).arm], { calls: usualWarming.calls, timeMs: timeMs / 2, now: () => performance.now(), stopped: () => false });
      return 'round-trips';
    },
    async turn() {
      const { arm } = await timed;
      const samples: number[] = [];
      const until = performance.now() + turnMs;
      do samples.push(await arm.time(1));
      while (performance.now() < until);
      return { calls: 1, samples };
    },
  };
}
