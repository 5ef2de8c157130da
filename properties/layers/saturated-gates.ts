/**
 * Claim: with pre and post open on stream k alone and the residual logits 0 on the diagonal and shut off it, a sublayer is the ordinary residual on stream k, and
 * the other streams pass (MATHS.md K3; for n = 1 K2):
 *
 *   x'_i = d·x_i + o·Σ_{j≠i} x_j + [i = k]·multiplier·F(u),  u = x_k + ε·Σ_i x_i
 *
 * Proof: a shut gate is 0 and an open one 1; d and o follow from the dialect's steps, in which all sums are alike (o is what ε leaves, 0 without it). Evaluated here in f64
 * (fewer than 2n + 2T + 12 roundings a term); the rest of the bound is the operation's own. Class: exact. Sees the inner function on the wrong
 * stream, a pre or post forgotten, a layer output added before the mixing.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { sublayers } from './plans.ts';
import { gatesNeverClose, innerOf, nearIdentity, shut, withStatic } from './static.ts';

export const saturatedGates = defineProperty<LayerDialect>({
  id: 'layers/saturated-gates',
  operation: 'layer',
  claim: 'With all gates open on one stream alone and no mixing, a sublayer is the ordinary residual on that stream.',
  class: 'exact',
  usesReference: false,
  inputs: { ...sublayers, streams: ['normal', 'integers', 'identical-streams', 'magnitude-ratio'], parameters: ['usual'] },
  power: ['lower-precision'],
  notApplicable: gatesNeverClose,
  async check(context) {
    const { kernel: { dialect }, sizes } = context;
    const { tokens, streams: n, channels } = sizes;
    const k = tokenRandom(context, 'open stream', 0).below(n);
    const inputs = withStatic(context.inputs, sizes, (_, j) => {
      if (j < 2 * n) return j % n === k ? -shut : shut;
      return (j - 2 * n) % (n + 1) === 0 ? 0 : shut;
    });
    const measured = (await context.run(inputs))['nextStreams']!;
    const bounded = context.bounded(inputs);
    const { diagonal, off } = nearIdentity(dialect, n);
    const x = inputs['streams']!;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const at = (i: number, c: number): number => x[(token * n + i) * channels + c]!;
      const sums = Float64Array.from({ length: channels }, (_, c) => Array.from({ length: n }, (__, i) => at(i, c)).reduce((sum, value) => sum + value, 0));
      const u = sums.map((sum, c) => at(k, c) + dialect.preEpsilon * sum);
      const y = innerOf(u, inputs['innerWeight']!, dialect);
      for (let i = 0; i < n; i++) {
        for (let c = 0; c < channels; c++) {
          const index = (token * n + i) * channels + c;
          const written = i === k ? dialect.postMultiplier * y[c]! : 0;
          const expected = diagonal * at(i, c) + off * (sums[c]! - at(i, c)) + written;
          const magnitude = Array.from({ length: n }, (_, j) => Math.abs(at(j, c))).reduce((sum, size) => sum + size, 0) + Math.abs(written) * (1 + Math.abs(u[c]!));
          const own = evaluationError(2 * n + 2 * dialect.iterations + channels + 12, magnitude);
          if (bounded.errors['nextStreams']![index]! < Infinity) judge.atMost(token, measured[index]! - expected, bounded.errors['nextStreams']![index]! + own, 'nextStreams', index, () => `stream ${i} − the ordinary residual on stream ${k}`);
        }
      }
    }
    return judge.finish();
  },
});
