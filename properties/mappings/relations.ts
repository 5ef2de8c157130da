/**
 * Claims that the coefficient kernel shares with other operations: parity with the bound (MATHS.md §6.8), names of streams and channels (M12, M11: φ's columns and the
 * norm weight are permuted with the channels), linearity of the gradients in the cotangents (G8), no gradient from no cotangent.
 */
import { additivity } from '../additivity.ts';
import { parity } from '../parity.ts';
import { relabelling } from '../relabelling.ts';
import { zeroCotangent } from '../zero-cotangent.ts';
import { allStreams, moderate, summable } from './plans.ts';

const cotangents = ['preMappingCotangent', 'postMappingCotangent', 'residualMappingCotangent'];
const gradients = ['streamsGradient', 'projectionGradient', 'scalesGradient', 'biasesGradient', 'normWeightGradient'];

export const mappingsParity = parity('mappings/parity', 'mappings', ['fewer-iterations', 'larger-epsilon', 'lower-precision'], { streams: allStreams });
export const mappingsVjpParity = parity('mappings/vjp-parity', 'mappings-vjp', ['lower-precision'], moderate);
export const summedGradientParity = parity('mappings/summed-gradient-parity', 'mappings-vjp', ['lower-precision'], summable);

export const mappingsRelabelling = relabelling('mappings/relabelling', 'mappings', ['lower-precision'], moderate);
export const mappingsVjpRelabelling = relabelling('mappings/vjp-relabelling', 'mappings-vjp', ['lower-precision'], summable);
export const channelOrder = relabelling('mappings/channel-order', 'mappings', ['lower-precision'], moderate, 'channels');
export const vjpChannelOrder = relabelling('mappings/vjp-channel-order', 'mappings-vjp', [], summable, 'channels');

export const mappingsVjpAdditivity = additivity('mappings/vjp-additivity', 'mappings-vjp', cotangents, gradients, summable);
export const mappingsVjpZeroCotangent = zeroCotangent('mappings/vjp-zero-cotangent', 'mappings-vjp', summable);
