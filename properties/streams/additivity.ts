/** Claims: reading and mixing are linear in the streams and in the mappings, their gradients in the cotangent (M5, G8). See `../additivity.ts`. */
import { additivity } from '../additivity.ts';

export const readAdditivity = additivity('streams/read-additivity', 'stream-read', ['streams'], ['layerInput']);
export const readMappingAdditivity = additivity('streams/read-mapping-additivity', 'stream-read', ['preMapping'], ['layerInput']);
export const writeAdditivity = additivity('streams/write-additivity', 'stream-write', ['streams', 'layerOutput'], ['nextStreams']);
export const writeMappingAdditivity = additivity('streams/write-mapping-additivity', 'stream-write', ['residualMapping', 'postMapping'], ['nextStreams']);
export const readVjpAdditivity = additivity('streams/read-vjp-additivity', 'stream-read-vjp', ['cotangent'], ['preMappingGradient', 'streamsGradient']);
export const writeVjpAdditivity = additivity(
  'streams/write-vjp-additivity',
  'stream-write-vjp',
  ['cotangent'],
  ['residualMappingGradient', 'postMappingGradient', 'streamsGradient', 'layerOutputGradient'],
);
