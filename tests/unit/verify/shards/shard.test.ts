import { expect, it } from 'vitest';

import { Sketch } from '../../../../src/numerics/sketch.ts';
import { Random } from '../../../../src/generate/random.ts';
import { ownCases, ownsCase, parseShard } from '../../../../src/verify/shards/shard.ts';

const shards = (count: number): { index: number; count: number }[] => Array.from({ length: count }, (_, k) => ({ index: k + 1, count }));

it.each([1, 2, 3, 7, 16, 100])('every case is in exactly one of %i shards, as evenly as can be', (count) => {
  for (const name of ['a\nsinkhorn/column-sums', 'b\nstreams/read-parity', '']) {
    for (let place = 0; place < 250; place++) expect(shards(count).filter((shard) => ownsCase(shard, name, place))).toHaveLength(1);
    for (const cases of [0, 1, 6, 40, 99, 100]) {
      const own = shards(count).map((shard) => ownCases(shard, name, cases));
      expect(own).toEqual(shards(count).map((shard) => Array.from({ length: cases }, (_, place) => place).filter((place) => ownsCase(shard, name, place)).length));
      expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
    }
  }
});

it('without shards everything is one machine\'s', () => {
  expect(ownCases(undefined, 'x', 12)).toBe(12);
  expect(ownsCase(undefined, 'x', 5)).toBe(true);
});

it('the first cases of many claims are spread over the shards', () => {
  const owners = Array.from({ length: 160 }, (_, k) => shards(16).findIndex((shard) => ownsCase(shard, `claim-${k}`, 0)));
  expect(new Set(owners).size).toBe(16);
});

it('is written i/n', () => {
  expect(parseShard('3/16')).toEqual({ index: 3, count: 16 });
  for (const text of ['', '3', '0/16', '17/16', '1/0', '1/5000', '1.5/3', ' 1/3', '1/3 ']) expect(parseShard(text)).toBeUndefined();
});

it('sketches of parts, as plain data, merge to that of the whole', () => {
  const random = new Random(5);
  const numbers = Array.from({ length: 999 }, () => Math.exp(30 * random.normal()));
  const sketchOf = (values: readonly number[]): Sketch => {
    const sketch = new Sketch();
    for (const value of [...values, 0, Infinity]) sketch.add(value);
    return sketch;
  };
  const merged = new Sketch();
  for (const part of [0, 1, 2]) merged.merge(Sketch.of(sketchOf(numbers.filter((_, k) => k % 3 === part)).state()));
  const whole = sketchOf([...numbers, 0, 0, Infinity, Infinity]);
  expect(merged.state()).toEqual(whole.state());
  expect(() => Sketch.of({ zeros: 0, above: 0, largest: 0, counts: [[99_999, 1]] })).toThrow(RangeError);
});
