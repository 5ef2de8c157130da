/** All claims about Sinkhorn's result. */
import { circulantLogits } from './circulant.ts';
import { columnShift } from './column-shift.ts';
import { constantLogits } from './constant-logits.ts';
import { crossRatios } from './cross-ratios.ts';
import { duplicateColumns, duplicateRows } from './duplicate-lines.ts';
import { entryMonotony } from './entry-monotony.ts';
import { freeSideSums } from './free-side-sums.ts';
import { globalShift } from './global-shift.ts';
import { idempotence } from './idempotence.ts';
import { kronecker } from './kronecker.ts';
import { lastNormalisedSums } from './last-normalised-sums.ts';
import { permutationEquivariance } from './permutation-equivariance.ts';
import { permutationSpike } from './permutation-spike.ts';
import { positivity } from './positivity.ts';
import { pythagoras } from './pythagoras.ts';
import { rankOneLogits } from './rank-one.ts';
import { reapplication } from './reapplication.ts';
import { referenceParity } from './reference-parity.ts';
import { rowShift } from './row-shift.ts';
import { singleStream } from './single-stream.ts';
import { symmetricLimit } from './symmetric-limit.ts';
import { nonExpansion, sharpening } from './temperature.ts';
import { transposition } from './transposition.ts';
import { twoClasses } from './two-classes.ts';
import { twoStreams } from './two-streams.ts';
import { variational } from './variational.ts';
import type { Property } from '../../src/verify/property.ts';

export const sinkhornProperties: readonly Property[] = [
  referenceParity, positivity, lastNormalisedSums, freeSideSums, crossRatios, pythagoras, variational,
  rowShift, globalShift, columnShift, permutationEquivariance, transposition, symmetricLimit, duplicateRows, duplicateColumns,
  constantLogits, singleStream, twoStreams, twoClasses, rankOneLogits, circulantLogits, permutationSpike, kronecker,
  idempotence, reapplication, sharpening, nonExpansion, entryMonotony,
];
