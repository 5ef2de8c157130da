/**
 * A function on all 2³² patterns of its operand (or on 2³² drawn pairs), judged on the device by integers alone (truth.ts, verdict.ts), so that 16 GiB of results need not come back: a workgroup takes 2¹⁶ patterns in a row and tells
 * the largest error, the first pattern that is outside, and counts.
 */
import { bind, dispatch, readBack, submit } from '../compute.ts';
import type { GpuDevice } from '../device.ts';
import { guarded } from '../resident.ts';
import type { JudgedOnDevice } from './truth.ts';
import { judgingShader, resultsPerGroup, wordsPerGroup } from './verdict.ts';

/** Workgroups for all patterns. */
export const groupsOfAll = 2 ** 32 / resultsPerGroup;

/** What one workgroup tells of its 2¹⁶ patterns. */
export interface GroupFindings {
  /** Largest error of a regular result, in units of 2⁻¹² ULP, or of 2⁻³¹ where the truth is FIXED; less than 2 units too small. */
  readonly error: number;
  /** Bits of the operands and the result that have it. */
  readonly worst: readonly [x: number, y: number, result: number];
  readonly outside: number;
  /** The first that is outside; where none is, the first of `special`. */
  readonly firstOutside: readonly [x: number, y: number, result: number];
  /** Beyond what the bounds assume. */
  readonly beyond: number;
  readonly firstBeyond: readonly [x: number, y: number, result: number];
  readonly regular: number;
  readonly flushed: number;
  readonly kept: number;
  /** NaN, or operands without a real result, whose result is a number. */
  readonly special: number;
}

/**
 * All patterns, or the 2¹⁶ of each of `groups` workgroups from `firstGroup` on, in parts of `groupsAtOnce` (1 … 65,535), each of which is one submission. `onGroups` gets the findings in order, and the first of them; it may throw to stop.
 * Throws a `GpuFault`.
 */
export async function exhaust(gpu: GpuDevice, name: JudgedOnDevice, options: { readonly seed: number; readonly groupsAtOnce: number; readonly firstGroup?: number; readonly groups?: number; readonly onGroups: (findings: readonly GroupFindings[], first: number) => void }): Promise<void> {
  const { device } = gpu;
  const { seed, groupsAtOnce, onGroups } = options;
  const pipeline = await gpu.pipeline(judgingShader(name), `arithmetic of all ${name}`);
  const check = guarded(gpu);
  const bytes = 4 * wordsPerGroup * groupsAtOnce;
  const task = device.createBuffer({ size: 16, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  const found = device.createBuffer({ size: bytes, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const end = (options.firstGroup ?? 0) + (options.groups ?? groupsOfAll);
  try {
    const bound = bind(gpu, pipeline, [task, found]);
    await check();
    for (let first = options.firstGroup ?? 0; first < end; first += groupsAtOnce) {
      const count = Math.min(groupsAtOnce, end - first);
      const checked = guarded(gpu);
      device.queue.writeBuffer(task, 0, new Uint32Array([first, seed, 0, 0]));
      submit(gpu, (pass) => dispatch(gpu, pass, bound, count));
      await checked();
      const words = new Uint32Array(await readBack(gpu, found, bytes));
      onGroups(Array.from({ length: count }, (_, k) => findingsOf(words.subarray(k * wordsPerGroup, (k + 1) * wordsPerGroup))), first);
    }
  } finally {
    for (const buffer of [task, found]) buffer.destroy();
  }
}

function findingsOf(words: Uint32Array): GroupFindings {
  const at = (k: number): number => words[k]!;
  const three = (k: number): readonly [number, number, number] => [at(k), at(k + 1), at(k + 2)];
  return { error: at(0), worst: three(1), outside: at(4), firstOutside: three(5), regular: at(8), flushed: at(9), kept: at(10), special: at(11), beyond: at(12), firstBeyond: three(13) };
}
