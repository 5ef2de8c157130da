/** All claims about kernels as programs, for every operation. */
import type { Property } from '../../src/verify/property.ts';
import { alternatingShapes } from './alternating-shapes.ts';
import { determinism } from './determinism.ts';
import { emptyBatch } from './empty-batch.ts';
import { finiteOutputs } from './finite-outputs.ts';
import { freshOutputs } from './fresh-outputs.ts';
import { inputsUnchanged } from './inputs-unchanged.ts';
import { poisoning } from './poisoning.ts';
import { tokenIndependence } from './token-independence.ts';

export const robustnessProperties: readonly Property[] = [
  ...alternatingShapes,
  ...determinism,
  ...emptyBatch,
  ...finiteOutputs,
  ...freshOutputs,
  ...inputsUnchanged,
  ...poisoning,
  ...tokenIndependence,
];
