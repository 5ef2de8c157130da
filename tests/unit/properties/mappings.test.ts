import { mappingsProperties } from '../../../properties/mappings/index.ts';
import { plantedFaults } from '../../../fixtures/planted-faults/index.ts';
import type { ReferenceDeclaration } from '../../../src/kernels/reference/index.ts';
import { testClaims } from './claims.ts';
import { spoiled, type Change } from './wrong-kernels.ts';

/** The first number of every output is another. */
const firstMoved: Change = (values) => {
  if (values.length > 0) values[0] = values[0]! + 0.5;
};
/** The last column counts half as much. */
const lastColumn: Change = (values, port, { streams, channels }) => {
  const width = streams * channels;
  if (port === 'projectionGradient') values.forEach((value, k) => (k % width === width - 1 && width > 1 ? (values[k] = value / 2) : undefined));
};
const planted = (name: string): ReferenceDeclaration => plantedFaults.find((fault) => fault.name === name)!.kernel as ReferenceDeclaration;

const wrong: Readonly<Record<string, () => ReferenceDeclaration>> = {
  'mappings/gate-ranges': () => planted('mappings-pre-multiplied'),
  'mappings/residual-positivity': () => spoiled('mappings', (values, port) => void (port === 'residualMapping' && values.length > 0 && (values[0] = -1))),
  'mappings/static': () => spoiled('mappings', firstMoved),
  'mappings/scale-invariance': () => planted('mappings-rms-epsilon-ten-times'),
  'mappings/folding': () => planted('mappings-scale-of-pre'),
  'mappings/weight-unused': () => planted('mappings-weight-used'),
  'mappings/product-relation': () => planted('mappings-vjp-scale-exchanged'),
  'mappings/radial-gradient': () => planted('mappings-vjp-rms-held'),
  'mappings/static-gradients': () => spoiled('mappings-vjp', firstMoved),
  'mappings/vjp-weight-unused': () => spoiled('mappings-vjp', (values, port) => void (port === 'normWeightGradient' && values.fill(1))),
  'mappings/vjp-channel-order': () => spoiled('mappings-vjp', lastColumn),
  'mappings/vjp-zero-cotangent': () => spoiled('mappings-vjp', firstMoved),
};

testClaims(mappingsProperties, ({ id }) => wrong[id]?.());
