/**
 * Keeps a GPU at its working clock between samples, at rest otherwise. A card that waits for a host lowers its clock (an H200 from 1,980 to 345 MHz within a second, whatever the share of the time in which
 * it computes), and what is timed then is the idle state: the same kernel took 2.7 times as long. A card that repeats the kernel itself meanwhile reaches its power limit instead (700 W; arithmetic and memory both
 * at full speed make 1,400 to 1,900 MHz of 1,980), and what is timed is how well it is cooled: 1.1 to 1.5 times as long, and the more so the longer it runs.
 * So one workgroup counts (an H200 draws 120 to 200 W then): before a sample that follows a pause until the clock is up, and after a sample while the host prepares the next one. A software GPU has no
 * clock of its own: nothing is done there.
 */
import { bind, dispatch, submit, type Bound } from './compute.ts';
import type { GpuDevice } from './device.ts';

/** Time under load after which a clock is taken to be up, and the least time without work after which it is not, ms. */
const [rampMs, pauseMs] = [250, 50];
/** Half a millisecond of an H200 each. */
const [stepsOfOne, countsAtOnce] = [2 ** 18, 20];

// each step needs the one before it
const counting = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> count: array<u32>;
@compute @workgroup_size(32)
fn main(@builtin(local_invocation_index) k: u32) {
  var x = count[k];
  for (var step = 0u; step < ${stepsOfOne}u; step++) { x = x * 1664525u + 1013904223u; }
  count[k] = x;
}`;

export interface Awake {
  /** Returns when the clock is up. */
  before(): Promise<void>;
  /** Leaves work behind. */
  after(): void;
  release(): void;
}

/** When work was last left in a queue by this process: of all devices, for they are one GPU. */
let lastWork = -Infinity;

export async function keepAwake(gpu: GpuDevice): Promise<Awake> {
  const { device, about } = gpu;
  if (about.fallback) return { before: () => Promise.resolve(), after() {}, release() {} };
  const buffer = device.createBuffer({ size: 128, usage: GPUBufferUsage.STORAGE });
  const bound: Bound = bind(gpu, await gpu.pipeline(counting, 'what keeps the clock up'), [buffer]);
  const count = (): void => submit(gpu, (pass) => {
    for (let one = 0; one < countsAtOnce; one++) dispatch(gpu, pass, bound, 1);
  });
  return {
    async before() {
      if (performance.now() < lastWork + pauseMs) return;
      const until = performance.now() + rampMs;
      // one submission ahead of the device, so that it never waits
      count();
      while (performance.now() < until) {
        const done = gpu.whole(device.queue.onSubmittedWorkDone());
        count();
        await done;
      }
    },
    after() {
      count();
      lastWork = performance.now();
    },
    release: () => buffer.destroy(),
  };
}
