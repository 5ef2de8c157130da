import { describe, expect, test } from 'vitest';

import { expand } from '../../../src/generate/expand.ts';
import { float64Field } from '../../../src/numerics/field.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { sinkhornOver } from '../../../src/operations/sinkhorn/generic.ts';
import { exponentials, iterate, needsLogarithms, sinkhornReference } from '../../../src/operations/sinkhorn/reference.ts';
import { sinkhorn } from '../../../src/operations/sinkhorn/sinkhorn.ts';
import { stepsOf } from '../../../src/operations/sinkhorn/steps.ts';
import { attacked } from './sinkhorn-variants.ts';

const presets = attacked;
const f64 = resolveArithmetic('ieee-f64');

/** Logits of all families at one scale. */
function logitsOf(n: number, tokens: number, scale: number, seed: number): Float64Array {
  const sizes = { tokens, streams: n, channels: 1, depth: 1 };
  return expand({ operation: 'sinkhorn', sizes, seed, families: { logits: 'mixed' }, scale }, sinkhorn, {})['logits']!;
}

describe.each(presets)('dialect %s', (_name, dialect) => {
  test.each([0, 1, 4, 30, 88, 1e3])('n = 4 in SIMD pairs and the loop give the same bits at scale %d', (scale) => {
    const tokens = 65; // an odd one is paired with itself
    const logits = logitsOf(4, tokens, scale, 7);
    const reference = sinkhornReference(logits, tokens, 4, dialect);
    const loop = new Float64Array(logits.length);
    const shifts = new Float64Array(4);
    let compared = 0;
    for (let token = 0; token < tokens; token++) {
      const offset = token * 16;
      if (needsLogarithms(dialect, logits, offset, 4)) continue;
      exponentials(dialect, logits, loop, offset, 4, shifts);
      iterate(loop, offset, 4, stepsOf(dialect), dialect);
      expect(reference.subarray(offset, offset + 16)).toEqual(loop.subarray(offset, offset + 16));
      compared++;
    }
    expect(compared).toBeGreaterThan(0);
  });

  test.each([1, 2, 3, 4, 5, 8, 16])('agrees with the textbook form over a field, n = %d', (n) => {
    const sizes = { tokens: 6, streams: n, channels: 1, depth: 1 };
    for (const scale of [0.5, 4, 40]) {
      const logits = logitsOf(n, 6, scale, n);
      const { values, errors, certified } = sinkhorn.bounded({ logits }, sizes, dialect, f64, { residualMapping: 'f64' });
      for (let token = 0; token < 6; token++) {
        if (certified[token] === 0) continue;
        const single = sinkhornOver(float64Field, Array.from(logits.subarray(token * n * n, (token + 1) * n * n)), n, dialect);
        single.forEach((value, k) => {
          const index = token * n * n + k;
          expect(Math.abs(value - values['residualMapping']![index]!)).toBeLessThanOrEqual(2 * errors['residualMapping']![index]!);
        });
      }
    }
  });

  test('more matrices than one call of the SIMD code takes', () => {
    const logits = logitsOf(4, 1027, 4, 11);
    const together = sinkhornReference(logits, 1027, 4, dialect);
    for (const token of [0, 511, 512, 1025, 1026]) {
      expect(sinkhornReference(logits.slice(token * 16, token * 16 + 16), 1, 4, dialect)).toEqual(together.slice(token * 16, token * 16 + 16));
    }
  });

  test('zero tokens give an empty result', () => {
    expect(sinkhornReference(new Float64Array(0), 0, 4, dialect)).toHaveLength(0);
  });
});

test('logits of any width leave the last side normalised where a dialect has no epsilon', () => {
  const dialect: SinkhornDialect = sinkhornPresets['log-domain']!;
  const logits = logitsOf(4, 32, 1e4, 3);
  const x = sinkhornReference(logits, 32, 4, dialect);
  for (let token = 0; token < 32; token++) {
    for (let j = 0; j < 4; j++) {
      const sum = [0, 1, 2, 3].reduce((total, i) => total + x[token * 16 + i * 4 + j]!, 0);
      // potentials of size 1e4 carry a rounding of 1e4·2⁻⁵³ each into the exponent
      expect(Math.abs(sum - 1)).toBeLessThanOrEqual(2 ** -53 * 8 * 4e4);
    }
  }
});
