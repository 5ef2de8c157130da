/** All claims about the coefficient kernel and its gradients. */
import type { Property } from '../../src/verify/property.ts';
import { mappingsAdjoint } from './adjoint.ts';
import { folding, vjpWeightUnused, weightUnused } from './folding.ts';
import { gateComplement, gateRanges } from './gates.ts';
import { gradientBatches } from './gradient-batches.ts';
import { biasGradientSums, productRelation } from './gradient-identities.ts';
import { projectionOuterProduct, radialGradient } from './one-token-gradients.ts';
import { pickedInputs } from './picked-inputs.ts';
import {
  channelOrder, mappingsParity, mappingsRelabelling, mappingsVjpAdditivity, mappingsVjpParity, mappingsVjpRelabelling, mappingsVjpZeroCotangent, summedGradientParity, vjpChannelOrder,
} from './relations.ts';
import { gateGradients, residualGradientProperties } from './residual-gradient.ts';
import { residualProperties } from './residual.ts';
import { scaleInvariance } from './scale-invariance.ts';
import { staticGradients, staticMappings } from './static-coefficients.ts';

export const mappingsProperties: readonly Property[] = [
  mappingsParity, gateRanges, gateComplement, pickedInputs, ...residualProperties, staticMappings, scaleInvariance, folding, weightUnused, mappingsRelabelling, channelOrder,
  mappingsVjpParity, summedGradientParity, mappingsAdjoint, gradientBatches, productRelation, biasGradientSums, projectionOuterProduct, radialGradient, staticGradients, gateGradients, ...residualGradientProperties, vjpWeightUnused,
  mappingsVjpAdditivity, mappingsVjpRelabelling, vjpChannelOrder, mappingsVjpZeroCotangent,
];
