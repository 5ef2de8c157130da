import { describe, expect, test } from 'vitest';

import { relativesProperties } from '../../../properties/relatives/index.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { operations } from '../../../src/operations/index.ts';
import { relativeDialects, type RelativeDialects } from '../../../src/operations/relatives/dialects.ts';
import type { Property } from '../../../src/verify/property.ts';
import { testClaims } from './claims.ts';
import { tryProperty } from './harness.ts';
import { spoiled, type Change } from './wrong-kernels.ts';

/** Every output gets what no input asked for. */
const biased: Change = (values) => values.forEach((value, k) => (values[k] = value + 2 ** -6));
/** The first number of every token has the other sign, or is −1 where it was 0. */
const signChanged: Change = (values, _port, { tokens }) => {
  for (let at = 0; at < values.length; at += values.length / tokens) values[at] = values[at] === 0 ? -1 : -values[at]!;
};

testClaims(relativesProperties, ({ id, operation, power }: Property) => {
  if (power.length > 0) return undefined;
  return spoiled(operation, id.endsWith('exchange') && operation === 'plain-residual' ? firstOfEvenCalls() : id.endsWith('skew-gradient') || id.endsWith('-range') || id.endsWith('kronecker-exchange') ? signChanged : biased);
});

/** Wrong on every second call. */
function firstOfEvenCalls(): Change {
  let calls = 0;
  return (values) => {
    if (++calls % 2 === 0 && values.length > 0) values[0] = values[0]! + 1;
  };
}

const all = Object.keys(relativeDialects).flatMap((id) => Object.keys(operations[id as keyof RelativeDialects].presets).map((preset) => [id as keyof RelativeDialects, preset] as const));

describe.each(all)('the claims about %s hold for the dialect %s', (id, preset) => {
  const kernels = referenceKernels({ relatives: { [id]: operations[id].presets[preset] } });
  test.each(relativesProperties.filter(({ operation }) => operation === id || operation === `${id}-vjp`).map((property) => [property.id, property] as const))('%s', async (_, property) => {
    const { held, message, unsupported, judged } = await tryProperty(property, kernels[property.operation], 6, 2048);
    expect(held, message).toBe(true);
    expect(unsupported !== undefined || judged > 0).toBe(true);
  });
});
