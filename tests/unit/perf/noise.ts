/** A machine whose speed drifts, that is preempted, and whose noise hangs together; in simulated time, from a seed. */
import { Random } from '../../../src/generate/random.ts';
import type { Arm } from '../../../src/perf/arm.ts';

export interface Machine {
  /** An arm whose call takes `ms` on a quiet machine. */
  readonly arm: (ms: number) => Arm;
  readonly now: () => number;
}

/** `drift` is the share by which the machine slows down in a second. */
export function noisyMachine(seed: number, { drift = 0, noise = 0.02, preempted = 0.05 }: { drift?: number; noise?: number; preempted?: number } = {}): Machine {
  const random = new Random(seed, 77);
  let clock = 0;
  let weather = 0;
  return {
    now: () => clock,
    arm: (ms) => ({
      time(calls) {
        weather = 0.9 * weather + noise * random.normal();
        const stolen = random.uniform() < preempted ? 1 + 8 * random.uniform() : 0; // a slice of another process
        const took = calls * ms * Math.exp(weather + (drift * clock) / 1000) + stolen;
        clock += took;
        return took;
      },
    }),
  };
}
