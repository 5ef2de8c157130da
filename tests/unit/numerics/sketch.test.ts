import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { Sketch, sketchError } from '../../../src/numerics/sketch.ts';

/** The definition: the number of rank ⌈q·count⌉. */
function exact(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
}

function sketchOf(values: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

const random = new Random(3);
const sets: [string, number[]][] = [
  ['one number', [0.3]],
  ['powers of two and their neighbours', Array.from({ length: 60 }, (_, k) => 2 ** (k - 46)).flatMap((x) => [x, x * (1 - 2 ** -53), x * (1 + 2 ** -52)])],
  ['bucket edges', Array.from({ length: 96 }, (_, k) => 1 + k / 32)],
  ['uniform', Array.from({ length: 5000 }, () => random.uniform())],
  ['many octaves', Array.from({ length: 5000 }, () => 2 ** (60 * random.uniform() - 46))],
  ['half zeros', Array.from({ length: 999 }, (_, k) => (k % 2) * random.uniform())],
];

describe('a sketch of numbers', () => {
  it.each(sets)('is never below the quantile, nor above it by more than the stated error: %s', (_, values) => {
    const sketch = sketchOf(values);
    expect(sketch.count).toBe(values.length);
    expect(sketch.max).toBe(Math.max(...values));
    for (const q of [0, 0.01, 0.25, 0.5, 0.9, 0.99, 1]) {
      const wanted = exact(values, q);
      const found = sketch.quantile(q);
      expect(found).toBeGreaterThanOrEqual(wanted);
      expect(found).toBeLessThanOrEqual(wanted * (1 + sketchError));
    }
  });

  it('of parts, merged, is the sketch of the whole', () => {
    const values = sets[4]![1];
    const merged = sketchOf(values.slice(0, 1234));
    merged.merge(sketchOf(values.slice(1234)));
    expect(merged).toEqual(sketchOf(values));
  });

  it('keeps what lies outside its octaves at the ends', () => {
    const sketch = sketchOf([0, 2 ** -60, 1e30, Infinity]);
    expect([sketch.quantile(0.5), sketch.quantile(0.75), sketch.max, sketch.count]).toEqual([0, Infinity, Infinity, 4]);
    expect(new Sketch().quantile(0.5)).toBe(0);
  });

  it('has no place for NaN and negative numbers', () => {
    expect(() => new Sketch().add(Number.NaN)).toThrow(RangeError);
    expect(() => new Sketch().add(-1)).toThrow(RangeError);
  });
});
