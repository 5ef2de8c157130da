import { describe, test } from 'vitest';

import { keepsItsPromises, legitimateKernels } from './legitimate-kernels.ts';

describe('legitimate kernels of layers, stacks and relatives', () => {
  test.each(legitimateKernels('layers'))('%s: %s keeps its bound, its shapes and its promises', keepsItsPromises);
});
