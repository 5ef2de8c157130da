/**
 * Claim: with the post gates shut a sublayer commutes with powers of two but for the epsilon of its norm: f(2^k·x) = 2^k·f(x) (MATHS.md K5, F10).
 *
 * Proof: x/rms(x) does not know the scale, so that neither does the mapping. What ε changes is evaluated: |y(2^k·x) − 2^k·y(x)| in f64 is added to the bounds of both results (without
 * a norm there is nothing to claim). Class: exact. Sees an ε of another size, a norm left out.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { sublayers } from './plans.ts';
import { gatesNeverClose, withoutPost } from './static.ts';

export const scaleInvariance = defineProperty<LayerDialect>({
  id: 'layers/scale-invariance',
  operation: 'layer',
  claim: 'With the post gates shut a sublayer commutes with powers of two, but for the epsilon of its norm.',
  class: 'exact',
  usesReference: false,
  inputs: { ...sublayers, parameters: ['usual', 'one-hot'], streams: ['normal', 'integers', 'identical-streams', 'magnitude-ratio'] },
  power: [],
  notApplicable: (kernel) => (kernel.dialect.norm === 'none' ? 'there is no norm' : gatesNeverClose(kernel)),
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const inputs = withoutPost(context.inputs, context.sizes);
    const factor = 2 ** tokenRandom(context, 'power of two', 0).integer(2, 5);
    const scaled = { ...inputs, streams: context.round('streams', inputs['streams']!.map((value) => value * factor)) };
    const [plain, other] = [(await context.run(inputs))['nextStreams']!, (await context.run(scaled))['nextStreams']!];
    const [a, b] = [context.bounded(inputs), context.bounded(scaled)];
    const judge = context.judge();
    for (let index = 0; index < tokens * n * channels; index++) {
      const carried = Math.abs(b.values['nextStreams']![index]! - factor * a.values['nextStreams']![index]!);
      const bound = factor * a.errors['nextStreams']![index]! + b.errors['nextStreams']![index]! + carried;
      if (!(bound < Infinity)) continue;
      const magnitude = factor * Math.abs(plain[index]!) + Math.abs(other[index]!) + carried;
      judge.atMost(Math.floor(index / (n * channels)), other[index]! - factor * plain[index]!, bound + evaluationError(2, magnitude), 'nextStreams', index, () => `result for streams × ${factor} − result × ${factor}`);
    }
    return judge.finish();
  },
});
