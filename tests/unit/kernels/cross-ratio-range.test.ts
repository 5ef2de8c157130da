/** Tries to leave the range that cross ratios are proved to stay in (src/kernels/webgpu/sinkhorn-four.ts, sinkhorn-vjp-four.ts): logits with Σ L² = 64 are changed, and what drives a product further is kept. */
import { expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';

const iterations = 20;
const quads = [0, 1, 2, 3];

/** Logarithms base 2 of the products of two sums that either form takes the reciprocal of, or its like: the largest in magnitude. */
function farthest(logits: Float64Array, form: 'free' | 'true-scale'): number {
  const at = (i: number, j: number): number => logits[4 * i + j]!;
  const k = quads.map((i) => quads.map((j) => Math.exp(at(i, j) - at(i, 0) - at(0, j) + at(0, 0))));
  let v = quads.map((j) => Math.exp(at(0, j) - at(0, 0)));
  let most = 0;
  const meet = (product: number): void => void (most = Math.max(most, Math.abs(Math.log2(product))));
  for (let t = 0; t < iterations; t++) {
    const s = quads.map((i) => quads.reduce((sum, j) => sum + k[i]![j]! * v[j]!, 0));
    meet(s[0]! * s[1]!);
    meet(s[2]! * s[3]!);
    const u = s.map((sum) => (form === 'free' ? s[0]! : 1) / sum);
    const r = quads.map((j) => quads.reduce((sum, i) => sum + k[i]![j]! * u[i]!, 0));
    meet(r[0]! * r[1]!);
    meet(r[2]! * r[3]!);
    v = r.map((sum) => (form === 'free' ? r[0]! * r[1]! : 1) / sum);
  }
  return most;
}

it.each([['free', 101], ['true-scale', 58]] as const)('products of the %s form stay within 2^±%i', (form, bound) => {
  const random = new Random(1);
  const scaled = (logits: Float64Array): Float64Array => {
    const norm = Math.hypot(...logits);
    return logits.map((value) => (8 * value) / norm);
  };
  let worst = 0;
  for (let start = 0; start < 40; start++) {
    let best = scaled(Float64Array.from({ length: 16 }, () => random.normal()));
    let reached = farthest(best, form);
    for (let step = 0; step < 400; step++) {
      const size = 2 ** -(step / 80);
      const tried = scaled(best.map((value) => value + size * random.normal()));
      const its = farthest(tried, form);
      if (!(its > reached)) continue;
      [best, reached] = [tried, its];
    }
    worst = Math.max(worst, reached);
  }
  expect(worst).toBeLessThanOrEqual(bound);
  expect(worst).toBeGreaterThan(bound / 8); // the search does go somewhere
  // the same search leaves the range where logits may be four times as far apart
  expect(farthest(Float64Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? 48 : -48)), 'free')).toBeGreaterThan(101);
});
