/** The tensors of whole sublayers and of both ends of the streams. A stack's parameters have the sublayer as their leading dimension. */
import { biases, normWeight, projection, scales } from '../mappings/ports.ts';
import type { Port } from '../operation.ts';

/** What enters the first sublayer as n streams. */
export const hidden: Port = { name: 'hidden', dims: ['tokens', 'channels'], role: 'streams' };
/** What leaves the last sublayer as one. */
export const collapsed: Port = { name: 'collapsed', dims: ['tokens', 'channels'], role: 'streams' };

/** One row of nC for each stream. */
export const headProjection: Port = { name: 'headProjection', dims: ['streams', 'width'], role: 'projection' };
export const headScale: Port = { name: 'headScale', dims: ['one'], role: 'scale' };
export const headBiases: Port = { name: 'headBiases', dims: ['streams'], role: 'bias' };

/** The weight of the inner function; ignored, and without gradient, where it has none. */
export const innerWeight: Port = { name: 'innerWeight', dims: ['channels'], role: 'weight' };

export const layerParameters = [projection, scales, biases, normWeight, innerWeight] as const;

function perSublayer(port: Port, name = port.name): Port {
  return { ...port, name, dims: ['depth', ...port.dims] };
}

export const stackParameters = [
  perSublayer(projection, 'projections'),
  perSublayer(scales),
  perSublayer(biases),
  perSublayer(normWeight, 'normWeights'),
  perSublayer(innerWeight, 'innerWeights'),
] as const;
