/**
 * Sinkhorn and its derivative for logits and cotangents that are themselves off: moved anywhere within their radii, at random and in the direction that each output is most
 * sensitive to, no result moves further than the bound says.
 */
import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { sinkhornPresets, sinkhornVjpPresets, type SinkhornVjpDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { sinkhornReference } from '../../../src/operations/sinkhorn/reference.ts';
import { referenceVjp } from '../../../src/operations/sinkhorn/vjp-batch.ts';
import { TokenForward } from '../../../src/operations/sinkhorn/token-forward.ts';
import { TokenVjp } from '../../../src/operations/sinkhorn/token-vjp.ts';

const f64 = resolveArithmetic('ieee-f64');
const sizes = [[2, 2], [3, 1], [4, 1], [4, 4], [4, 12], [6, 2]] as const;
const radii = [1e-9, 1e-5, 1e-3, 0.02];

/** Dialects under their first names: several code bases compute the same. */
function distinct<D>(presets: Readonly<Record<string, D>>): [string, D][] {
  const known = new Set<string>();
  return Object.entries(presets).filter(([, preset]) => known.size < known.add(JSON.stringify(preset)).size);
}

/** Where the bound is nearly met, so that an attack that does nothing would be noticed. */
const sharp = ['paper', 'tilekernels', 'megatron-main', 'transformer-engine'];

function normals(count: number, scale: number, random: Random): Float64Array {
  return Float64Array.from({ length: count }, () => scale * random.normal());
}

function moved(values: Float64Array, radius: Float64Array, direction: (i: number) => number): Float64Array {
  return values.map((value, i) => value + direction(i) * radius[i]!);
}

/** Radii of very different sizes, some of them zero. */
function drawRadii(count: number, radius: number, random: Random): Float64Array {
  return Float64Array.from({ length: count }, () => radius * random.pick([0, 0.01, 1, 1]));
}

describe.each(distinct(sinkhornPresets))('%s', (name, preset) => {
  test.each([preset.iterations, 3])('the mapping, T = %d', (iterations) => {
    const dialect = { ...preset, iterations };
    let [judged, closest] = [0, 0];
    for (const [n, scale] of sizes) {
      const random = new Random(n, scale);
      const bound = new TokenForward(n, dialect, f64);
      for (const radius of radii) {
        const logits = normals(n * n, scale, random);
        const errors = drawRadii(n * n, radius, random);
        if (!bound.prepare(logits, 0, errors)) continue;
        const exact = sinkhornReference(logits, 1, n, dialect);
        for (let out = 0; out < n * n; out++) {
          const allowed = bound.errorOf(exact[out]!, out);
          const slopes = referenceVjp(logits, Float64Array.from({ length: n * n }, (__, i) => (i === out ? 1 : 0)), 1, n, { ...dialect, derivative: 'unrolled' });
          for (const direction of [(i: number) => Math.sign(slopes[i]!), (i: number) => -Math.sign(slopes[i]!), () => 2 * random.uniform() - 1, () => random.sign()]) {
            const difference = Math.abs(sinkhornReference(moved(logits, errors, direction), 1, n, dialect)[out]! - exact[out]!);
            expect(difference).toBeLessThanOrEqual(allowed);
            closest = Math.max(closest, difference / allowed);
            judged++;
          }
        }
      }
    }
    expect(judged).toBeGreaterThan(0);
    if (sharp.includes(name)) expect(closest).toBeGreaterThan(0.4);
  });
});

describe.each(distinct(sinkhornVjpPresets))('%s', (name, preset) => {
  test.each([preset.iterations, 3])('the gradient, T = %d', (iterations) => {
    const dialect: SinkhornVjpDialect = { ...preset, iterations };
    let [judged, closest] = [0, 0];
    for (const [n, scale] of sizes.slice(0, 4)) {
      const random = new Random(n, scale + 100);
      const bound = new TokenVjp(n, dialect, f64);
      const size = n * n;
      for (const radius of radii) {
        const [logits, cotangent] = [normals(size, scale, random), normals(size, 1, random)];
        const [logitErrors, cotangentErrors] = [drawRadii(size, radius, random), drawRadii(size, radius, random)];
        if (!bound.prepare(logits, 0, cotangent, 0, logitErrors, cotangentErrors)) continue;
        const gradient = bound.gradient.slice();
        const allowed = gradient.map((__, out) => bound.errorOf(out));
        const differences = (direction: (i: number) => number): Float64Array => {
          const at = referenceVjp(moved(logits, logitErrors, direction), moved(cotangent, cotangentErrors, (i) => direction(size + i)), 1, n, dialect);
          return at.map((value, out) => value - gradient[out]!);
        };
        const step = 2 ** -10;
        const slopes = Array.from({ length: 2 * size }, (__, k) => differences((i) => (i === k ? step : 0)));
        const check = (difference: number, out: number): void => {
          expect(Math.abs(difference)).toBeLessThanOrEqual(allowed[out]!);
          closest = Math.max(closest, Math.abs(difference) / allowed[out]!);
          judged++;
        };
        for (let out = 0; out < size; out++) {
          check(differences((i) => Math.sign(slopes[i]![out]!))[out]!, out);
          check(differences((i) => -Math.sign(slopes[i]![out]!))[out]!, out);
        }
        for (let k = 0; k < 6; k++) differences(() => random.sign() * random.pick([1, 1, random.uniform()])).forEach(check);
      }
    }
    expect(judged).toBeGreaterThan(0);
    if (sharp.includes(name)) expect(closest).toBeGreaterThan(0.05);
  });
});
