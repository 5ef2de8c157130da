/** Which tokens of a recorded call have inputs that are numbers. */
import { isShared, type Operation, type Sizes } from '../../operations/operation.ts';
import { decode } from '../../tensor/codecs.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Elements that are decoded at a time. */
const block = 2 ** 16;

/** How many tokens have an input that is NaN or infinite; all of them where it is one that they share. */
export function countNotFinite(operation: Operation, tensors: Readonly<Record<string, Tensor>>, sizes: Sizes): number {
  const marked = new Uint8Array(sizes.tokens);
  for (const port of operation.inputs) {
    const { data, dtype } = tensors[port.name]!;
    const perToken = data.length / sizes.tokens;
    for (let from = 0; from < data.length; from += block) {
      const values = decode(data.subarray(from, from + block), dtype);
      for (let i = 0; i < values.length; i++) {
        if (Number.isFinite(values[i])) continue;
        if (isShared(port)) return sizes.tokens;
        marked[Math.floor((from + i) / perToken)] = 1;
      }
    }
  }
  return marked.reduce((sum, mark) => sum + mark, 0);
}
