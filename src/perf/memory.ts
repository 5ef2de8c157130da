/**
 * Memory of a call: how much the arrays of this process grow while it runs, which V8 counts at once. A collection in between hides some of it and nothing else here makes
 * arrays, so that the largest of a few calls is what one call makes: its outputs and whatever it works in, also what it let go of before it returned.
 */
import type { Sizes } from '../operations/operation.ts';
import type { KernelRun } from '../targets/kernel.ts';
import type { Tensor } from '../tensor/tensor.ts';

const calls = 8;

/** Bytes. Throws what the kernel throws. */
export async function arraysOf(run: KernelRun, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes): Promise<number> {
  let most = 0;
  for (let call = 0; call < calls; call++) {
    const before = process.memoryUsage().arrayBuffers;
    await run(inputs, sizes);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  return most;
}
