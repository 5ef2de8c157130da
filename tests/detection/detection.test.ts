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
  const relations = killers.filter((property) => property?.usesReference === false);
  // a kernel that remembers fails other claims only by what it was asked before; robustness claims ask it on purpose
  const relation = relations.find((property) => fault.kind === 'system' && property?.id.startsWith('robustness/') === true) ?? relations[0];
  expect(relation, 'a relation that kills it').toBeDefined();
  const asked = [relation!, ...(fault.kind === 'system' ? [] : killers).filter((property) => property?.usesReference === true).slice(0, 1).map((property) => property!)];
  const row = await rowOf(fault, asked);
  expect(row.killers.toSorted()).toEqual(asked.map(({ id }) => id).toSorted());
});
