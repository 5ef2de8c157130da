import { expect, test } from 'vitest';

import { permuteSupport4, supportClasses4, supportOrbit4 } from '../../../src/generate/support-classes.ts';

test('there are 317 classes, and their orbits are disjoint and cover all 65,536 patterns', () => {
  const classes = supportClasses4();
  expect(classes).toHaveLength(317);
  const owner = new Map<number, number>();
  for (const representative of classes) {
    const orbit = new Set(supportOrbit4(representative));
    expect([...orbit].some((mask) => owner.has(mask))).toBe(false);
    for (const mask of orbit) owner.set(mask, representative);
  }
  expect(owner.size).toBe(65_536);
});

test('a representative is the smallest of its orbit, and has the number of ones of all of it', () => {
  const ones = (mask: number): number => mask.toString(2).replaceAll('0', '').length;
  for (const representative of supportClasses4()) {
    const orbit = supportOrbit4(representative);
    expect(Math.min(...orbit)).toBe(representative);
    expect(new Set([...orbit].map(ones))).toEqual(new Set([ones(representative)]));
  }
});

test('permuting moves entry (rows[i], columns[j]) to (i, j)', () => {
  const onlyEntry = (i: number, j: number): number => 1 << (4 * i + j);
  expect(permuteSupport4(onlyEntry(2, 1), [2, 0, 1, 3], [3, 2, 1, 0])).toBe(onlyEntry(0, 2));
});
