/** Everything that plumbline claims of a kernel, in the order in which a run asks it. */
import type { Property } from '../src/verify/property.ts';
import { depthProperties } from './depth/index.ts';
import { gradientProperties } from './gradient/index.ts';
import { layersProperties } from './layers/index.ts';
import { mappingsProperties } from './mappings/index.ts';
import { relativesProperties } from './relatives/index.ts';
import { robustnessProperties } from './robustness/index.ts';
import { sinkhornProperties } from './sinkhorn/index.ts';
import { spectralProperties } from './spectral/index.ts';
import { streamsProperties } from './streams/index.ts';

export const properties: readonly Property[] = [
  ...sinkhornProperties,
  ...spectralProperties,
  ...gradientProperties,
  ...mappingsProperties,
  ...streamsProperties,
  ...depthProperties,
  ...layersProperties,
  ...relativesProperties,
  ...robustnessProperties,
];

const duplicate = properties.find((property, index) => properties.findIndex(({ id }) => id === property.id) !== index);
if (duplicate !== undefined) throw new TypeError(`two properties are called ${duplicate.id}`);
