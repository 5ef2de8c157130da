/**
 * Claims: with pre and post open on one stream alone and the residual logits 0 on the diagonal and shut off it, a sublayer is the ordinary residual on that stream, and
 * the other streams pass (MATHS.md K3; for n = 1 K2). Open are streams k_0, k_1, …, one for each sublayer:
 *
 *   x'_i = d·x_i + o·Σ_{j≠i} x_j + [i = k_l]·multiplier·F(u),  u = x_k + ε·Σ_i x_i
 *
 * with k = k_l where a sublayer reads with its own pre; in a single-pass chain k = k_{l−1}, and u = x_0 in the first.
 * Proof: a shut gate is 0 and an open one 1; d and o follow from the dialect's steps, in which all sums are alike (o is what ε leaves, 0 without it). Evaluated here in f64
 * (fewer than 2n + 2T + C + 12 roundings a term and sublayer, and F grows what came before at most by 2 + |w|·(1.1·multiplier)); the rest of the bound is the operation's own.
 * Class: exact. Sees the inner function on the wrong stream, another sublayer's pre, a pre or post forgotten, a layer output added before the mixing.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import type { OperationId } from '../../src/operations/operation.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';
import { chains, sublayers } from './plans.ts';
import { gatesNeverClose, innerOf, nearIdentity, shut, withStatic } from './static.ts';

function saturated(id: string, operation: OperationId, output: string, plan: Property['inputs']): Property {
  return defineProperty<LayerDialect>({
    id,
    operation,
    claim: 'With all gates open on one stream alone and no mixing, a sublayer is the ordinary residual on that stream.',
    class: 'exact',
    usesReference: false,
    inputs: { ...plan, streams: ['normal', 'integers', 'identical-streams', 'magnitude-ratio'], parameters: ['usual', 'initial'] },
    power: ['lower-precision'],
    notApplicable: gatesNeverClose,
    async check(context) {
      const { kernel: { dialect }, sizes } = context;
      const { tokens, streams: n, channels, depth } = sizes;
      const random = tokenRandom(context, 'open streams', 0);
      const open = Array.from({ length: depth }, () => random.below(n));
      const inputs = withStatic(context.inputs, sizes, (l, j) => {
        if (j < 2 * n) return j % n === open[l]! ? -shut : shut;
        return (j - 2 * n) % (n + 1) === 0 ? 0 : shut;
      });
      const measured = (await context.run(inputs))[output]!;
      const bounded = context.bounded(inputs);
      const weights = inputs['innerWeight'] ?? inputs['innerWeights']!;
      const judge = context.judge();
      for (let token = 0; token < tokens; token++) {
        if (bounded.certified[token] === 0) continue;
        let x: Float64Array = inputs['streams']!.slice(token * n * channels, (token + 1) * n * channels);
        let magnitude = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0) * n;
        for (let l = 0; l < depth; l++) {
          const reading = operation === 'single-pass' ? open[l - 1] : open[l]!;
          const w = weights.subarray(l * channels, (l + 1) * channels);
          x = through(x, n, open[l]!, reading, w, dialect);
          const growth = 2 + 1.1 * dialect.postMultiplier * w.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
          magnitude = (magnitude + Math.sqrt(channels)) * growth;
        }
        const own = evaluationError(depth * (2 * n + 2 * dialect.iterations + channels + 12), magnitude);
        x.forEach((expected, k) => {
          const index = token * n * channels + k;
          const error = bounded.errors[output]![index]!;
          if (error < Infinity) judge.atMost(token, measured[index]! - expected, error + own, output, index, () => `streams − the ordinary residual on streams ${open.join(', ')}`);
        });
      }
      return judge.finish();
    },
  });
}

/** One sublayer with the gates open on stream `open`, that reads stream `reading`; undefined is the one-hot start of a single-pass chain. */
function through(x: Float64Array, n: number, open: number, reading: number | undefined, w: Float64Array, dialect: LayerDialect): Float64Array {
  const channels = w.length;
  const sums = new Float64Array(channels);
  x.forEach((value, at) => (sums[at % channels]! += value));
  const u = sums.map((sum, c) => (reading === undefined ? x[c]! : x[reading * channels + c]! + dialect.preEpsilon * sum));
  const y = innerOf(u, w, dialect);
  const { diagonal, off } = nearIdentity(dialect, n);
  return x.map((value, at) => diagonal * value + off * (sums[at % channels]! - value) + (Math.floor(at / channels) === open ? dialect.postMultiplier * y[at % channels]! : 0));
}

export const saturatedGates = saturated('layers/saturated-gates', 'layer', 'nextStreams', sublayers);
export const stackSaturatedGates = saturated('layers/stack-saturated-gates', 'layer-stack', 'finalStreams', chains);
export const singlePassSaturatedGates = saturated('layers/single-pass-saturated-gates', 'single-pass', 'finalStreams', chains);
