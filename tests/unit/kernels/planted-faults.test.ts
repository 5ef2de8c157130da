import { describe, expect, test } from 'vitest';

import { plantedFaults } from '../../../fixtures/planted-faults/index.ts';
import { misbehaviour } from './misbehaviour.ts';

describe('planted faults', () => {
  test('cover all kinds and all operations', () => {
    expect(plantedFaults.length).toBeGreaterThanOrEqual(84);
    expect(new Set(plantedFaults.map(({ kind }) => kind))).toEqual(new Set(['forward', 'backward', 'mixing', 'system']));
    expect(new Set(plantedFaults.map(({ operation }) => operation)).size).toBe(10);
  });

  test.each(plantedFaults.map((fault) => [fault.name, fault] as const))('%s leaves what it declares', async (_name, { operation, kernel }) => {
    expect(await misbehaviour(operation, kernel, { recipes: 9 })).toBeDefined();
  });
});
