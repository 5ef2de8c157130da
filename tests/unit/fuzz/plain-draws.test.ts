/**
 * A campaign without guidance draws what `npm run fuzz-rates` counts: after the first cases that every run begins with, its cases are `drawnRecipe` of one word each of its own stream, their seeds those of the
 * stream. Shown bit by bit: what the kernel was given is what those draws expand to.
 */
import { expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { drawnRecipe } from '../../../src/fuzz/recipes.ts';
import { fuzz } from '../../../src/fuzz/fuzz.ts';
import { streamedSeed } from '../../../src/fuzz/streams.ts';
import { expand } from '../../../src/generate/expand.ts';
import { hashText, Random } from '../../../src/generate/random.ts';
import { inProcess, operations, referenceKernels, valuesOf, type OperationId } from '../../../src/index.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';

/** Cases of every claim that come before the draws, as in a quick run. */
const firstCases = 4;

test.each([['sinkhorn', { index: 0, count: 1 }], ['sinkhorn-vjp', { index: 1, count: 3 }]] as const)('cases of %s without guidance are plain draws', async (id: OperationId, stream) => {
  const property = properties.find((one) => one.operation === id && one.id.endsWith('parity'))!;
  const declaration = referenceKernels()[id];
  const given: Float64Array[][] = [];
  const ports = operations[id].inputs.map(({ name }) => name);
  const run: typeof declaration.run = (inputs, sizes) => {
    given.push(ports.map((name) => valuesOf(inputs[name]!).slice()));
    return declaration.run(inputs, sizes);
  };
  await fuzz({ targets: [inProcess('plain', { kernels: { [id]: { ...declaration, run } } })], properties: [property], seed: 3, guided: false, stream, maxProblems: 3000 });

  const kernel = resolveKernel(operations[id], declaration, 'plain');
  const random = new Random(3, hashText('fuzz'), stream.index);
  const before = stream.index === 0 ? firstCases : 0; // first cases belong to one stream alone
  expect(given.length).toBeGreaterThan(before + 3);
  for (const [k, values] of given.slice(before).entries()) {
    const recipe = drawnRecipe(property, kernel, random.bits());
    const drawn = expand({ ...recipe, seed: streamedSeed(recipe.seed, stream) }, operations[id], property.inputs);
    expect(values.map((port) => port.length), `case ${k}`).toEqual(ports.map((name) => drawn[name]!.length));
    for (const [at, name] of ports.entries()) if (values[at]!.some((value, i) => !Object.is(value, Math.fround(drawn[name]![i]!)))) throw new Error(`case ${k} is not what is drawn`);
  }
});
