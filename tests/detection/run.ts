import { expect, test } from 'vitest';

import { plantedFaults, type FaultKind } from '../../fixtures/planted-faults/index.ts';
import { rowOf } from '../../fixtures/planted-faults/matrix.ts';
import { properties } from '../../properties/index.ts';

/** One test for each planted fault of a kind. The share that relations must kill is the issue's, 90 %. */
export function detectKind(kind: FaultKind): void {
  const faults = plantedFaults.filter((fault) => fault.kind === kind);
  const withoutRelations: string[] = [];

  test(`there are ${kind} faults`, () => {
    expect(faults.length).toBeGreaterThan(0);
  });

  test.each(faults)('$name is killed', async (fault) => {
    const row = await rowOf(fault, properties);
    expect(row.killers, 'properties that reject it').not.toEqual([]);
    if (row.relations.length === 0) withoutRelations.push(fault.name);
  });

  test(`relations alone kill nine in ten ${kind} faults`, () => {
    expect(withoutRelations.length, withoutRelations.join(', ')).toBeLessThanOrEqual(faults.length / 10);
  });
}
