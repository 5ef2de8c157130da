/**
 * One kernel by itself, sampled by tinybench. It is told each sample's duration (`overriddenDuration`), because a sample is a batch of calls or a device's own time; the samples
 * are kept here besides, in time order, which tinybench sorts away. It runs its tasks one after the other, so that pairs are sampled by our own loop (pairs.ts).
 */
import { Bench, type FnReturnedObject } from 'tinybench';

import { usualWarming, warmUp, type Arm } from './arm.ts';
import { quantile } from './statistics/interval.ts';

export interface Times {
  readonly median: number;
  /** Shares of 5 % and 95 %. */
  readonly p5: number;
  readonly p95: number;
  /** Calls in a sample. */
  readonly calls: number;
  /** Milliseconds of one call, in time order. */
  readonly samples: readonly number[];
}

export interface AloneOptions {
  /** Time for the samples, and half as much for the warm-up. */
  readonly timeMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Fewest samples of a kernel, however slow it is. */
const fewest = 10;

/** Warms up, then samples for the time. Throws what the arm throws. Undefined where the clock gave no time. */
export async function sampleAlone(arm: Arm, { timeMs, signal }: AloneOptions): Promise<Times | undefined> {
  const calls = await warmUp([arm], { calls: usualWarming.calls, timeMs: timeMs / 2, now: () => performance.now(), stopped: () => signal?.aborted === true });
  const samples: number[] = [];
  let failure: unknown;
  const bench = new Bench({ time: timeMs, iterations: fewest, warmup: false });
  const task = async (): Promise<FnReturnedObject> => {
    if (signal?.aborted === true) return { overriddenDuration: 0, overriddenIterationCost: timeMs }; // the rest of the time is over
    const began = performance.now();
    try {
      const took = await arm.time(calls);
      if (took > 0 && took < Infinity) samples.push(took / calls);
      return { overriddenDuration: took / calls, overriddenIterationCost: performance.now() - began }; // a device's clock may stand still
    } catch (error) {
      failure ??= error;
      throw error;
    }
  };
  bench.add('kernel', task, { async: true });
  await bench.run();
  if (failure !== undefined) throw failure as Error;
  return samples.length === 0 ? undefined : timesOf(samples, calls);
}

/** Statistics of samples in time order. */
export function timesOf(samples: readonly number[], calls: number): Times {
  const sorted = Float64Array.from(samples).sort();
  return { median: quantile(sorted, 0.5), p5: quantile(sorted, 0.05), p95: quantile(sorted, 0.95), calls, samples };
}
