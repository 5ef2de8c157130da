/** Matrices that a certificate may meet, and some that it never should: what `soundness` and the unit tests attack the bounds with. */
import { operations, roundTo, sinkhornPresets, type Random } from '../src/index.ts';

export type Family = (random: Random, n: number) => Float64Array;

const dense = (n: number, entry: (i: number, j: number) => number): Float64Array => Float64Array.from({ length: n * n }, (_, k) => entry(Math.floor(k / n), k % n));
const uniform = (random: Random): number => random.uniform() + random.uniform() * 2 ** -32;

function permutations(random: Random, n: number, weights: readonly number[]): Float64Array {
  const sum = new Float64Array(n * n);
  for (const weight of weights) random.permutation(n).forEach((j, i) => (sum[i * n + j]! += weight));
  return sum;
}

function sinkhorn(scale: number, round: (x: number) => number): Family {
  return (random, n) => {
    const logits = Float64Array.from({ length: n * n }, () => Math.fround(scale * random.normal()));
    const sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
    return operations.sinkhorn.reference({ logits }, sizes, sinkhornPresets['tilekernels']!)['residualMapping']!.map(round);
  };
}

export const outputFamilies: Readonly<Record<string, Family>> = {
  'sinkhorn, scale 1, f32': sinkhorn(1, roundTo.f32),
  'sinkhorn, scale 3, f32': sinkhorn(3, roundTo.f32),
  'sinkhorn, scale 10, f64': sinkhorn(10, roundTo.f64),
  'sinkhorn, scale 2, bf16': sinkhorn(2, roundTo.bf16),
  'mixed permutations': (random, n) => permutations(random, n, [0.5, 0.25, 0.125, 0.125]),
  'permutation': (random, n) => permutations(random, n, [1]),
  'near a permutation': (random, n) => {
    const small = 2 ** -random.integer(1, 60);
    return permutations(random, n, [1 - small]).map((x) => x + small * uniform(random) * (2 / n));
  },
  'uniform, some ulps off': (random, n) => dense(n, () => (1 / n) * (1 + random.integer(-3, 3) * 2 ** -52)),
  'non-negative': (random, n) => dense(n, () => uniform(random)),
  'non-negative, wide': (random, n) => dense(n, () => uniform(random) * 2 ** random.integer(-40, 0)),
  'signed': (random, n) => dense(n, () => random.normal()),
  'non-normal': (random, n) => dense(n, (i, j) => (j > i ? random.normal() * 2 ** random.integer(0, 20) : i === j ? uniform(random) : 0)),
  'rank one': (random, n) => {
    const [a, b] = [Array.from({ length: n }, () => random.normal()), Array.from({ length: n }, () => random.normal())];
    return dense(n, (i, j) => a[i]! * b[j]!);
  },
  'nearly orthogonal': (random, n) => {
    const v = Array.from({ length: n }, () => random.normal() + 0.001);
    const square = v.reduce((sum, x) => sum + x * x, 0);
    return dense(n, (i, j) => (i === j ? 1 : 0) - (2 * v[i]! * v[j]!) / square);
  },
  'from 1e-300 to 1e300': (random, n) => dense(n, () => random.sign() * (1 + uniform(random)) * 2 ** random.integer(-1000, 1000)),
  'subnormal': (random, n) => dense(n, () => random.sign() * random.integer(0, 2 ** random.integer(0, 20)) * 2 ** -1074),
  'sparse': (random, n) => dense(n, () => (random.uniform() < 0.5 ? 0 : random.normal())),
  'zero': (_, n) => new Float64Array(n * n),
};
