/** All claims about the relatives of mHC, operation by operation, and about what they replace. */
import type { Property } from '../../src/verify/property.ts';
import { cayleySymmetric, cayleyTransposition, cayleyTwoStreams } from './cayley.ts';
import { cayleyCentre, hyperConnectionCentre, kroneckerCentre, mixtureCentre } from './centre.ts';
import { cayleySkewGradient, kroneckerMarginalCotangent, mixtureGradientSum, mixtureMarginalCotangent } from './cotangents.ts';
import { kroneckerExchange } from './exchange.ts';
import { gateRange, gateZero, oddness } from './hyper-connection.ts';
import { kroneckerLogOdds, mixtureLogOdds } from './log-odds.ts';
import { kroneckerMarginals, mixtureMarginals } from './marginals.ts';
import { cayleyDeterminant, cayleyOrthogonality, cayleySingularValues } from './orthogonality.ts';
import { residualCopy, residualExchange, residualGradients } from './plain-residual.ts';
import { kroneckerRange, mixtureRange } from './range.ts';
import { sharedClaims } from './shared.ts';
import { kroneckerWitness, mixtureWitness } from './witnesses.ts';

export const relativesProperties: readonly Property[] = [
  mixtureMarginals,
  mixtureRange,
  mixtureWitness,
  mixtureLogOdds,
  mixtureGradientSum,
  mixtureMarginalCotangent,
  mixtureCentre,
  kroneckerMarginals,
  kroneckerRange,
  kroneckerWitness,
  kroneckerLogOdds,
  kroneckerExchange,
  kroneckerMarginalCotangent,
  kroneckerCentre,
  cayleyOrthogonality,
  cayleySingularValues,
  cayleyDeterminant,
  cayleyTransposition,
  cayleySymmetric,
  cayleyTwoStreams,
  cayleySkewGradient,
  cayleyCentre,
  gateZero,
  gateRange,
  oddness,
  hyperConnectionCentre,
  residualCopy,
  residualExchange,
  residualGradients,
  ...sharedClaims,
];
