/** What can be timed, and how many calls make a sample. */
import { breathe } from '../verify/breathe.ts';
import { median } from './statistics/interval.ts';

/** One side of a comparison. */
export interface Arm {
  /** Milliseconds that so many calls took, one after the other, by the clock of whoever runs them. */
  time(calls: number): number | Promise<number>;
}

export interface Warming {
  /** Calls after which V8 has compiled what it will compile. */
  readonly calls: number;
  /** Time for all arms together, in milliseconds. */
  readonly timeMs: number;
  readonly now: () => number;
  readonly stopped: () => boolean;
}

export const usualWarming = { calls: 300, timeMs: 800 };
/** A sample is at least so long, in milliseconds: far above the clock's steps, and short beside the time between two preemptions. */
export const sampleMs = 0.15;

/**
 * Calls all arms in turn, at least twice each, and says how many calls make a sample: of the quickest arm's as many as last `sampleMs`. Collects garbage at the end where that is
 * exposed (--expose-gc), so that no arm pays for the warm-up.
 */
export async function warmUp(arms: readonly Arm[], { calls, timeMs, now, stopped }: Warming): Promise<number> {
  const until = now() + timeMs;
  const took = arms.map((): number[] => []);
  for (let call = 0; call < calls; call++) {
    for (const [k, arm] of arms.entries()) took[k]!.push(await arm.time(1));
    await breathe();
    if (call > 0 && (now() > until || stopped())) break;
  }
  (globalThis as { gc?: () => void }).gc?.();
  const each: number[] = [];
  for (const [k, arm] of arms.entries()) each.push(await perCall(arm, median(took[k]!.slice(-32))));
  return Math.max(1, Math.ceil(sampleMs / Math.min(...each)));
}

const mostCalls = 1024;

/** Milliseconds of a call, from more calls where the clock's steps are longer than one; `sampleMs` where it stands still. */
async function perCall(arm: Arm, one: number): Promise<number> {
  if (one > 0) return one;
  for (let calls = 2; calls <= mostCalls; calls *= 2) {
    const took = await arm.time(calls);
    if (took > 0) return took / calls;
  }
  return sampleMs;
}
