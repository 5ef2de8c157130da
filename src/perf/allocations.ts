/**
 * Bytes of array buffers that one call allocates: `process.memoryUsage().arrayBuffers` counts them exactly, and only a garbage collection makes it smaller. So the growth over a call is at most what it
 * allocated, and equal to it unless a collection came between. The largest growth of several calls is taken, and only when two of them show it: what no two calls agree on is not a count. V8
 * collects when 64 MiB of buffers were allocated since it last did, which eight calls of up to 8 MiB are not; a call that allocates more would be collected in every time, and is not counted. Objects on
 * V8's own heap, arrays of up to 64 bytes among them, are not in it: Node tells nobody how many there were.
 */
import type { Sizes } from '../operations/operation.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import type { Tensor } from '../tensor/tensor.ts';

const calls = 8;
const countable = 2 ** 23;

/** Undefined for a kernel that answers later, during which others allocate too, above 8 MiB, and where no two calls agree. */
export async function allocatedBytes({ run }: KernelDeclaration, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes): Promise<number | undefined> {
  const growths: number[] = [];
  for (let call = 0; call < calls; call++) {
    const before = process.memoryUsage().arrayBuffers;
    const returned = run(inputs, sizes);
    if (returned instanceof Promise) {
      await returned;
      return undefined;
    }
    growths.push(process.memoryUsage().arrayBuffers - before);
  }
  const most = Math.max(...growths);
  return most >= 0 && most <= countable && growths.filter((growth) => growth === most).length >= 2 ? most : undefined;
}
