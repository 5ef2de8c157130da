/**
 * Claim: with post = 0 the layer's output has no effect, and with a layer output of 0 post has none: both are pure mixing, bit for bit
 * (MATHS.md K1).
 *
 * Proof: 0·out and post·0 are ±0, and adding ±0 changes nothing but the sign of a zero (±0 are taken as equal). Class: bitwise, for kernels that
 * return the same bits on every call.
 */
import { defineProperty } from '../../src/verify/property.ts';

export const postZero = defineProperty({
  id: 'streams/post-zero',
  operation: 'stream-write',
  claim: 'A post mapping of zero and a layer output of zero leave the same pure mixing.',
  class: 'bitwise',
  usesReference: false,
  inputs: {},
  power: [],
  notApplicable: (kernel) => (kernel.deterministic ? undefined : 'the kernel does not promise the same bits on every call'),
  async check(context) {
    const { postMapping, layerOutput } = context.inputs as Record<string, Float64Array>;
    const withoutPost = (await context.run({ ...context.inputs, postMapping: new Float64Array(postMapping!.length) }))['nextStreams']!;
    const withoutOutput = (await context.run({ ...context.inputs, layerOutput: new Float64Array(layerOutput!.length) }))['nextStreams']!;
    const judge = context.judge();
    const { certified } = context.bounded(context.inputs);
    const per = context.sizes.streams * context.sizes.channels;
    for (let index = 0; index < withoutPost.length; index++) {
      const token = Math.floor(index / per);
      if (certified[token] === 0) continue;
      judge.atMost(token, withoutPost[index]! - withoutOutput[index]!, 0, 'nextStreams', index, () => 'result with post = 0 − result with a layer output of 0');
    }
    return judge.finish();
  },
});
