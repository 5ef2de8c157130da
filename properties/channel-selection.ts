/**
 * Claim: channels do not interact: what a kernel returns for a selection of channels is the selection of what it returns for all, f(x)[:, S] = f(x[:, S])
 * (MATHS.md M11). S is a contiguous slice, which moves channels to other vector lanes and leaves a tail, or a permutation of all.
 *
 * Class: bitwise for kernels that promise the same bits for an element wherever it stands (`batchInvariant`). Without the promise: the two results are
 * within the sum of their bounds. Outputs that sum over the channels are not compared.
 */
import { elementsPerToken, type OperationId, type Values } from '../src/operations/operation.ts';
import { defineProperty, type Property } from '../src/verify/property.ts';

/** The property for one operation. */
export function channelSelection(id: string, operation: OperationId): Property {
  return defineProperty({
    id,
    operation,
    claim: 'The result for some of the channels, in any order, is that part of the result for all.',
    class: 'bitwise',
    usesReference: false,
    inputs: { channelCounts: [2, 3, 8, 31, 33, 64, 129] },
    power: [],
    async check(context) {
      const { kernel, sizes, random } = context;
      const chosen = random.below(2) === 0 ? slice(random.below(sizes.channels), sizes.channels, random.below(sizes.channels)) : random.permutation(sizes.channels);
      const part = { ...sizes, channels: chosen.length };
      const inputs: Record<string, Float64Array> = { ...context.inputs };
      for (const port of kernel.operation.inputs.filter(({ dims }) => dims.includes('channels'))) inputs[port.name] = gather(context.inputs[port.name]!, chosen, sizes.channels);
      const whole = await context.run(context.inputs);
      const selected = await context.run(inputs, part);
      const bounded = kernel.batchInvariant ? undefined : context.bounded(context.inputs);
      const judge = context.judge();
      for (const port of kernel.operation.outputs.filter(({ dims }) => dims.includes('channels'))) {
        const per = elementsPerToken(port, part);
        const expected = gather(whole[port.name]!, chosen, sizes.channels);
        const measured = selected[port.name]!;
        const errors: Values | undefined = bounded && { [port.name]: gather(bounded.errors[port.name]!, chosen, sizes.channels) };
        for (let index = 0; index < expected.length; index++) {
          const token = Math.floor(index / per);
          const what = (): string => `channel ${chosen[index % chosen.length]} alone − among all ${sizes.channels}`;
          if (errors === undefined) judge.same(token, measured[index]!, expected[index]!, port.name, index, what);
          else if (bounded!.certified[token] === 1) judge.atMost(token, measured[index]! - expected[index]!, 2 * errors[port.name]![index]!, port.name, index, what);
        }
      }
      return judge.finish();
    },
  });
}

/** Channels from `start`, at least one, `length` + 1 if there are so many. */
function slice(start: number, channels: number, length: number): number[] {
  return Array.from({ length: Math.min(length + 1, channels - start) }, (_, k) => start + k);
}

/** The chosen channels of a tensor whose last dimension is the channel. */
function gather(values: Float64Array, chosen: readonly number[], channels: number): Float64Array {
  const rows = values.length / channels;
  const gathered = new Float64Array(rows * chosen.length);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < chosen.length; k++) gathered[row * chosen.length + k] = values[row * channels + chosen[k]!]!;
  }
  return gathered;
}
