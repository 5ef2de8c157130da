import { describe, expect, test } from 'vitest';

import { legitimate } from '../../../fixtures/legitimate/index.ts';
import { keepsItsPromises, legitimateKernels } from './legitimate-kernels.ts';

test('there are at least ten legitimate implementations', () => {
  expect(Object.keys(legitimate).length).toBeGreaterThanOrEqual(10);
});

describe('legitimate kernels of Sinkhorn, mappings and streams', () => {
  test.each(legitimateKernels('mappings'))('%s: %s keeps its bound, its shapes and its promises', keepsItsPromises);
});
