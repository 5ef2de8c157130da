/**
 * Every planted fault is killed, and by a relation that needs no reference values. The whole matrix takes a quarter of an hour (`npm run detect`
 * writes it to fixtures/planted-faults/MATRIX.md); here each fault meets the first relation and the first comparison of its row.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { plantedFaults } from '../../fixtures/planted-faults/index.ts';
import { rowOf } from '../../fixtures/planted-faults/matrix.ts';
import { properties } from '../../properties/index.ts';

const rows = new Map(
  readFileSync(join(import.meta.dirname, '../../fixtures/planted-faults/MATRIX.md'), 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 7 && cells[1] !== 'fault' && !cells[1]!.startsWith('---'))
    .map((cells) => [cells[1]!, cells[4]!.split(', ')] as const),
);

test('the matrix is about the faults that there are, at least eighty', () => {
  expect([...rows.keys()].toSorted()).toEqual(plantedFaults.map(({ name }) => name).toSorted());
  expect(plantedFaults.length).toBeGreaterThanOrEqual(80);
});

test.each(plantedFaults)('$name', async (fault) => {
  const killers = (rows.get(fault.name) ?? []).map((id) => properties.find((property) => property.id === id));
  expect(killers, 'properties of the matrix that no longer exist').not.toContain(undefined);
  const relations = killers.filter((property) => property?.usesReference === false).map((property) => property!);
  const comparison = killers.filter((property) => property?.usesReference === true).slice(0, 1).map((property) => property!);
  expect(relations, 'relations that kill it').not.toEqual([]);
  if (fault.kind === 'system') {
    // what a kernel that remembers does depends on what it was asked before: all claims that provoke it, at least one of which must see it
    const provoking = relations.filter(({ id }) => id.startsWith('robustness/'));
    const row = await rowOf(fault, provoking.length === 0 ? relations : provoking);
    expect(row.killers).not.toEqual([]);
    return;
  }
  const asked = [relations[0]!, ...comparison];
  const row = await rowOf(fault, asked);
  expect(row.killers.toSorted()).toEqual(asked.map(({ id }) => id).toSorted());
});
