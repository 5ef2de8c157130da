/**
 * Keeps a GPU at its working clock between samples. A card that waits for a host lowers its clock (an H200 from 1,980 to 345 MHz within a second, whatever the share of the time in which it computes), and
 * what is timed then is the idle state: the same kernel took 2.7 times as long. So before a sample that follows a pause the device is kept busy until the clock is up, and after a sample there is work
 * left in its queue while the host prepares the next one. A software GPU has no clock of its own: nothing is done there.
 */
import { submit } from './compute.ts';
import type { GpuDevice } from './device.ts';

/** Time under load after which a clock is taken to be up, and the least time without work after which it is not, ms. */
const [rampMs, pauseMs] = [250, 50];
/** Work that is left behind a sample, and of one submission while the clock rises, ms. */
const [leftMs, oneMs] = [10, 20];
const mostCalls = 2000; // of one submission

export interface Awake {
  /** Returns when the clock is up. `callMs`: about how long one call of `encode` takes. */
  before(encode: (pass: GPUComputePassEncoder) => void, callMs: number): Promise<void>;
  /** Leaves work behind. */
  after(encode: (pass: GPUComputePassEncoder) => void, callMs: number): void;
}

/** When the work that this process left in queues ends: of all devices, for they are one GPU. */
let busyUntil = -Infinity;

export function keepAwake(gpu: GpuDevice): Awake {
  const { device, about } = gpu;
  const repeat = (encode: (pass: GPUComputePassEncoder) => void, calls: number): void => submit(gpu, (pass) => {
    for (let call = 0; call < calls; call++) encode(pass);
  });
  const callsIn = (ms: number, callMs: number): number => Math.min(mostCalls, Math.max(1, Math.ceil(ms / Math.max(callMs, 1e-6))));
  return {
    async before(encode, callMs) {
      if (about.fallback || performance.now() < busyUntil + pauseMs) return;
      const until = performance.now() + rampMs;
      // one submission ahead of the device, so that it never waits
      repeat(encode, callsIn(oneMs, callMs));
      while (performance.now() < until) {
        const done = gpu.whole(device.queue.onSubmittedWorkDone());
        repeat(encode, callsIn(oneMs, callMs));
        await done;
      }
    },
    after(encode, callMs) {
      if (about.fallback) return;
      repeat(encode, callsIn(leftMs, callMs));
      busyUntil = performance.now() + Math.min(leftMs, callsIn(leftMs, callMs) * callMs);
    },
  };
}
