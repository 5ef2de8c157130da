import { depthProperties } from '../../../properties/depth/index.ts';
import { testClaims } from './claims.ts';
import { spoiled, type Change } from './wrong-kernels.ts';

const biased: Change = (values) => values.forEach((value, k) => (values[k] = value + 2 ** -6));
const tailMissing: Change = (values, port, { channels }) => {
  if (port === 'finalStreams' || port === 'streamsGradient') values.forEach((_, k) => (k % channels === channels - 1 && channels > 1 ? (values[k] = 0) : undefined));
};

testClaims(depthProperties, ({ id, operation }) => {
  if (id.endsWith('-channels')) return spoiled(operation, tailMissing);
  return id.endsWith('-zero-cotangent') ? spoiled(operation, biased) : undefined;
});
