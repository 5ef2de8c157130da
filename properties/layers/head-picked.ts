/**
 * Claim: with a projection that looks at one number of the streams the mixes are gates of that number divided by the root mean square:
 * mix_j = σ(α·x_k(j)·r + b_j) + ε, and the collapse is Σ_j mix_j·x_j.
 *
 * Proof: the head's formula; a product with one 1 and zeros has no other terms. The number is rounded to TF32 beforehand, so that rounding it again changes nothing. Evaluated
 * here in f64: r within K + 4 roundings, z within K + 8 of |α·x·r| + |b|, and a gate no more than that (σ′ ≤ ¼). Class: exact. Sees a norm that is
 * missing, over other numbers, or with another ε; the order of the flattened streams.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import { tf32 } from '../../src/operations/calculus/tf32.ts';
import type { HeadDialect } from '../../src/operations/layers/dialect.ts';
import type { Values } from '../../src/operations/operation.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { sublayers } from './plans.ts';

export const headPicked = defineProperty<HeadDialect>({
  id: 'layers/head-picked',
  operation: 'head',
  claim: 'With a projection that looks at one number the mixes of the head are gates of that number, normalised.',
  class: 'exact',
  usesReference: false,
  inputs: { ...sublayers, parameters: ['usual'], streams: ['normal', 'integers', 'magnitude-ratio', 'large'] },
  power: ['lower-precision'],
  async check(context) {
    const { kernel: { dialect }, sizes: { tokens, streams: n, channels } } = context;
    const width = n * channels;
    const random = tokenRandom(context, 'picked', 0);
    const picked = Array.from({ length: n }, () => random.below(width));
    const headProjection = new Float64Array(n * width);
    picked.forEach((k, j) => (headProjection[j * width + k] = 1));
    const inputs: Values = { ...context.inputs, headProjection, streams: context.inputs['streams']!.map((value) => tf32(value, 'nearest-even')) };
    const measured = (await context.run(inputs))['collapsed']!;
    const bounded = context.bounded(inputs);
    const [x, alpha, b] = [inputs['streams']!, inputs['headScale']![0]!, inputs['headBiases']!];
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const row = x.subarray(token * width, (token + 1) * width);
      const logits = picked.map((k, j) => alpha * row[k]! * factorAt(row, k, channels, dialect) + b[j]!);
      const doubts = logits.map((_, j) => 1 + Math.abs(alpha * row[picked[j]!]! * factorAt(row, picked[j]!, channels, dialect)) + Math.abs(b[j]!));
      for (let c = 0; c < channels; c++) {
        const index = token * channels + c;
        let [expected, magnitude] = [0, 0];
        for (let j = 0; j < n; j++) {
          const value = row[j * channels + c]!;
          expected += (1 / (1 + Math.exp(-logits[j]!)) + dialect.preEpsilon) * value;
          magnitude += doubts[j]! * Math.abs(value);
        }
        const error = bounded.errors['collapsed']![index]!;
        if (error < Infinity) judge.atMost(token, measured[index]! - expected, error + evaluationError(width + n + 16, magnitude), 'collapsed', index, () => 'collapse − Σ σ(α·x_k·r + b)·x');
      }
    }
    return judge.finish();
  },
});

/** What the norm multiplies number k of the flattened streams with. */
function factorAt(row: Float64Array, k: number, channels: number, { norm, rmsEpsilon, rmsEpsilonPlace }: HeadDialect): number {
  if (norm === 'none') return 1;
  const from = norm === 'flattened' ? 0 : Math.floor(k / channels) * channels;
  const group = norm === 'flattened' ? row : row.subarray(from, from + channels);
  const mean = group.reduce((sum, value) => sum + value * value, 0) / group.length;
  return rmsEpsilonPlace === 'inside' ? 1 / Math.sqrt(mean + rmsEpsilon) : 1 / (Math.sqrt(mean) + rmsEpsilon);
}
