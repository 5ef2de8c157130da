/**
 * Every claim has power: it rejects the wrong kernels that it says it does, on its own inputs, and a claim that names none kills a planted
 * fault (fixtures/planted-faults/MATRIX.md, checked by tests/detection).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { properties } from '../../properties/index.ts';
import { powerOf } from '../../src/index.ts';

const named = properties.filter(({ power }) => power.length > 0);
const matrix = readFileSync(join(import.meta.dirname, '../../fixtures/planted-faults/MATRIX.md'), 'utf8');

describe('a claim rejects the wrong kernels that it names', () => {
  test.each(named.map((property) => [property.id, property] as const))('%s', async (_id, property) => {
    const results = await powerOf(property, 1);
    expect(results.filter(({ rejected }) => !rejected)).toEqual([]);
  });
});

test.each(properties.filter(({ power }) => power.length === 0))('$id names no wrong kernel and kills a planted fault', ({ id }) => {
  expect(matrix).toContain(id);
});
