/** All claims about reading and mixing streams, and about their gradients. */
import type { Property } from '../../src/verify/property.ts';
import {
  readAdditivity,
  readMappingAdditivity,
  writeAdditivity,
  writeMappingAdditivity,
  readVjpAdditivity,
  writeVjpAdditivity,
} from './additivity.ts';
import { readAdjoint, writeAdjoint } from './adjoint.ts';
import { readChannels, writeChannels, readVjpChannels, writeVjpChannels } from './channel-selection.ts';
import { composition } from './composition.ts';
import { convexHull, readConvexHull } from './convex-hull.ts';
import { convexity } from './convexity.ts';
import { gradientSum } from './gradient-sum.ts';
import { identicalStreams, readIdenticalStreams } from './identical-streams.ts';
import { readIntegers, dyadicIntegers, readVjpIntegers, outerProduct } from './integer-arithmetic.ts';
import { majorisation } from './majorisation.ts';
import { meanConservation } from './mean-conservation.ts';
import { norms } from './norms.ts';
import { orientationWitness, backwardOrientationWitness } from './orientation-witness.ts';
import { readParity, writeParity, readVjpParity, writeVjpParity } from './parity.ts';
import { permutationCopy, backwardPermutationCopy, readCopy, readGradientCopy } from './permutation-copy.ts';
import { postZero } from './post-zero.ts';
import { readRelabelling, writeRelabelling, readVjpRelabelling, writeVjpRelabelling } from './relabelling.ts';
import { readScaling, writeScaling, readVjpScaling, writeVjpScaling } from './scaling.ts';
import { readVjpZeroCotangent, writeVjpZeroCotangent } from './zero-cotangent.ts';

export const streamsProperties: readonly Property[] = [
  readAdditivity,
  readMappingAdditivity,
  writeAdditivity,
  writeMappingAdditivity,
  readVjpAdditivity,
  writeVjpAdditivity,
  readAdjoint,
  writeAdjoint,
  readChannels,
  writeChannels,
  readVjpChannels,
  writeVjpChannels,
  composition,
  convexHull,
  readConvexHull,
  convexity,
  gradientSum,
  identicalStreams,
  readIdenticalStreams,
  readIntegers,
  dyadicIntegers,
  readVjpIntegers,
  outerProduct,
  majorisation,
  meanConservation,
  norms,
  orientationWitness,
  backwardOrientationWitness,
  readParity,
  writeParity,
  readVjpParity,
  writeVjpParity,
  permutationCopy,
  backwardPermutationCopy,
  readCopy,
  readGradientCopy,
  postZero,
  readRelabelling,
  writeRelabelling,
  readVjpRelabelling,
  writeVjpRelabelling,
  readScaling,
  writeScaling,
  readVjpScaling,
  writeVjpScaling,
  readVjpZeroCotangent,
  writeVjpZeroCotangent,
];
