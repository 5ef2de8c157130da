/**
 * Claims that whole sublayers, chains and both ends share with other operations: parity with the bound, names of streams and channels (MATHS.md M12, M11), linearity
 * of the gradients in the cotangents (G8), no gradient from no cotangent, and gradients of parameters that add up over batches (K6).
 */
import { additivity } from '../additivity.ts';
import { parity } from '../parity.ts';
import { relabelling } from '../relabelling.ts';
import { zeroCotangent } from '../zero-cotangent.ts';
import { gradientBatches } from './gradient-batches.ts';
import { chains, deep, sublayers, summed } from './plans.ts';

export const expandParity = parity('layers/expand-parity', 'expand', []);
export const expandVjpParity = parity('layers/expand-vjp-parity', 'expand-vjp', ['lower-precision']);
export const headParity = parity('layers/head-parity', 'head', ['lower-precision'], sublayers);
export const headVjpParity = parity('layers/head-vjp-parity', 'head-vjp', ['lower-precision'], summed);
export const layerParity = parity('layers/parity', 'layer', ['transposed', 'lower-precision'], sublayers);
export const layerVjpParity = parity('layers/vjp-parity', 'layer-vjp', ['transposed', 'lower-precision'], summed);
export const stackParity = parity('layers/stack-parity', 'layer-stack', ['transposed', 'lower-precision'], chains);
export const deepParity = parity('layers/deep-parity', 'layer-stack', ['transposed', 'lower-precision'], deep);
export const stackVjpParity = parity('layers/stack-vjp-parity', 'layer-stack-vjp', ['transposed', 'lower-precision'], summed);
export const singlePassParity = parity('layers/single-pass-parity', 'single-pass', ['transposed', 'lower-precision'], chains);
export const singlePassVjpParity = parity('layers/single-pass-vjp-parity', 'single-pass-vjp', ['transposed', 'lower-precision'], summed);

export const headRelabelling = relabelling('layers/head-relabelling', 'head', ['lower-precision'], sublayers);
export const layerRelabelling = relabelling('layers/relabelling', 'layer', ['lower-precision'], sublayers);
export const layerVjpRelabelling = relabelling('layers/vjp-relabelling', 'layer-vjp', ['lower-precision'], summed);
export const stackRelabelling = relabelling('layers/stack-relabelling', 'layer-stack', ['lower-precision'], chains);
export const layerChannels = relabelling('layers/channel-order', 'layer', ['lower-precision'], sublayers, 'channels');

const parameters = ['projection', 'scales', 'biases', 'normWeight', 'innerWeight'].map((name) => `${name}Gradient`);
const stacked = ['projections', 'scales', 'biases', 'normWeights', 'innerWeights'].map((name) => `${name}Gradient`);
export const layerVjpAdditivity = additivity('layers/vjp-additivity', 'layer-vjp', ['cotangent'], ['streamsGradient', ...parameters], summed);
export const stackVjpAdditivity = additivity('layers/stack-vjp-additivity', 'layer-stack-vjp', ['cotangent'], ['streamsGradient', ...stacked], summed);
export const singlePassVjpAdditivity = additivity('layers/single-pass-vjp-additivity', 'single-pass-vjp', ['finalStreamsCotangent', 'collapsedCotangent'], ['streamsGradient', ...stacked], summed);
export const headVjpAdditivity = additivity('layers/head-vjp-additivity', 'head-vjp', ['cotangent'], ['streamsGradient', 'headProjectionGradient', 'headScaleGradient', 'headBiasesGradient'], summed);
export const expandVjpAdditivity = additivity('layers/expand-vjp-additivity', 'expand-vjp', ['cotangent'], ['hiddenGradient']);

export const layerVjpZeroCotangent = zeroCotangent('layers/vjp-zero-cotangent', 'layer-vjp', summed);
export const stackVjpZeroCotangent = zeroCotangent('layers/stack-vjp-zero-cotangent', 'layer-stack-vjp', summed);
export const singlePassVjpZeroCotangent = zeroCotangent('layers/single-pass-vjp-zero-cotangent', 'single-pass-vjp', summed);
export const headVjpZeroCotangent = zeroCotangent('layers/head-vjp-zero-cotangent', 'head-vjp', summed);
export const expandVjpZeroCotangent = zeroCotangent('layers/expand-vjp-zero-cotangent', 'expand-vjp');

export const layerGradientBatches = gradientBatches('layers/gradient-batches', 'layer-vjp');
export const stackGradientBatches = gradientBatches('layers/stack-gradient-batches', 'layer-stack-vjp');
export const singlePassGradientBatches = gradientBatches('layers/single-pass-gradient-batches', 'single-pass-vjp');
export const headGradientBatches = gradientBatches('layers/head-gradient-batches', 'head-vjp');
