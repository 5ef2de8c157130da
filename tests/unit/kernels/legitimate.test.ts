import { describe, expect, test } from 'vitest';

import { legitimate } from '../../../fixtures/legitimate/index.ts';
import type { OperationId } from '../../../src/operations/operation.ts';
import { misbehaviour } from './misbehaviour.ts';

describe('legitimate kernels', () => {
  const all = Object.entries(legitimate).flatMap(([name, { kernels }]) => Object.entries(kernels).map(([operation, kernel]) => [name, operation as OperationId, kernel] as const));

  test('are at least ten', () => {
    expect(Object.keys(legitimate).length).toBeGreaterThanOrEqual(10);
  });

  test.each(all)('%s: %s keeps its bound, its shapes and its promises', async (_name, operation, kernel) => {
    expect(await misbehaviour(operation, kernel, { recipes: 4 })).toBeUndefined();
  });
});
