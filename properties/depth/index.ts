/** All claims about signals and gradients over depth. */
import type { Property } from '../../src/verify/property.ts';
import { compositeGain } from './composite-gain.ts';
import { gradientNorms } from './gradient-norms.ts';
import { depthMeanConservation } from './mean-conservation.ts';
import { stackConsistency, stackSplitting } from './stack-consistency.ts';
import { stackGain, stackMeanFree } from './stack-gain.ts';
import { stackAdjoint, stackGradientNorms, stackEuler } from './stack-gradients.ts';
import { stackOrderWitness, stackIdentity, stackVjpPermutations } from './stack-permutations.ts';
import {
  stackParity,
  stackVjpParity,
  stackAdditivity,
  stackVjpAdditivity,
  stackRelabelling,
  stackVjpRelabelling,
  stackChannels,
  stackVjpChannels,
  stackVjpZeroCotangent,
} from './stack-relations.ts';
import { stackSums } from './stack-sums.ts';

export const depthProperties: readonly Property[] = [
  compositeGain,
  gradientNorms,
  depthMeanConservation,
  stackConsistency,
  stackSplitting,
  stackGain,
  stackMeanFree,
  stackAdjoint,
  stackGradientNorms,
  stackEuler,
  stackOrderWitness,
  stackIdentity,
  stackVjpPermutations,
  stackParity,
  stackVjpParity,
  stackAdditivity,
  stackVjpAdditivity,
  stackRelabelling,
  stackVjpRelabelling,
  stackChannels,
  stackVjpChannels,
  stackVjpZeroCotangent,
  stackSums,
];
