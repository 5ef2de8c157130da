/** Claims: reading, mixing and their gradients commute with powers of two, bit for bit (M5, G8, F10). See `../scaling.ts`. */
import { scaling } from '../scaling.ts';

export const readScaling = scaling('streams/read-scaling', 'stream-read', ['streams'], ['layerInput'], ['preMapping']);
export const writeScaling = scaling('streams/write-scaling', 'stream-write', ['streams', 'layerOutput'], ['nextStreams'], ['residualMapping', 'postMapping']);
export const readVjpScaling = scaling(
  'streams/read-vjp-scaling',
  'stream-read-vjp',
  ['cotangent'],
  ['preMappingGradient', 'streamsGradient'],
  ['preMapping', 'streams'],
);
export const writeVjpScaling = scaling(
  'streams/write-vjp-scaling',
  'stream-write-vjp',
  ['cotangent'],
  ['residualMappingGradient', 'postMappingGradient', 'streamsGradient', 'layerOutputGradient'],
  ['residualMapping', 'postMapping', 'streams', 'layerOutput'],
);
