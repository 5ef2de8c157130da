import type { Property } from '../../../src/verify/property.ts';
import { streamsProperties } from '../../../properties/streams/index.ts';
import { valuesOf } from '../../../src/tensor/tensor.ts';
import { testClaims } from './claims.ts';
import { spoiled, wrapped, type Change } from './wrong-kernels.ts';

/** Every output gets what no input asked for. */
const biased: Change = (values) => values.forEach((value, k) => (values[k] = value + 2 ** -6));
/** The last channel is never written. */
const tailMissing: Change = (values, port, { channels }) => {
  if (!port.endsWith('MappingGradient')) values.forEach((_, k) => (k % channels === channels - 1 && channels > 1 ? (values[k] = 0) : undefined));
};
/** The first stream counts twice. */
const firstTwice: Change = (values, port, { streams, channels }) => {
  if (port === 'streamsGradient') values.forEach((value, k) => (Math.floor(k / channels) % streams === 0 ? (values[k] = 2 * value) : undefined));
};

testClaims(streamsProperties, ({ id, operation }: Property) => {
  if (id.endsWith('-channels')) return spoiled(operation, tailMissing);
  if (id.endsWith('-relabelling')) return operation.endsWith('vjp') ? spoiled(operation, firstTwice) : undefined;
  if (id.endsWith('-scaling') || id.endsWith('-zero-cotangent')) return spoiled(operation, biased);
  if (id === 'streams/post-zero') {
    // post multiplies by 2σ(·) once more
    return wrapped(operation, (run) => (inputs, sizes) => run({ ...inputs, postMapping: { ...inputs['postMapping']!, data: Float32Array.from(valuesOf(inputs['postMapping']!), (x) => 2 / (1 + Math.exp(-x))) } }, sizes));
  }
  return undefined;
});
