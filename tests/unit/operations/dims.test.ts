/** Laws of derived dimensions, against a tensor whose entries say where they belong. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { blocksOf, coordinatesOf, dependsOn, lengthOf, sourcesOf, type BlockDim } from '../../../src/operations/dims.ts';
import { operations } from '../../../src/operations/index.ts';
import { elementsOf, elementsPerToken, isShared, shapeOf, type SizeName, type Sizes } from '../../../src/operations/operation.ts';

const dims: readonly BlockDim[] = ['tokens', 'streams', 'channels', 'depth', 'width', 'coefficients', 'mappings', 'one'];
const names: readonly SizeName[] = ['tokens', 'streams', 'channels', 'depth'];
const anySizes = fc.record({ tokens: fc.integer({ min: 1, max: 3 }), streams: fc.integer({ min: 1, max: 5 }), channels: fc.integer({ min: 1, max: 4 }), depth: fc.integer({ min: 1, max: 3 }) });

/** All indices of a dimension with their block and coordinates, by counting. */
function places(dim: BlockDim, sizes: Sizes): { block: number; coordinates: readonly (readonly [SizeName, number])[] }[] {
  return blocksOf(dim).flatMap((block, b) => {
    let all: (readonly (readonly [SizeName, number])[])[] = [[]];
    for (const name of block) all = all.flatMap((prefix) => Array.from({ length: sizes[name] }, (_, i) => [...prefix, [name, i] as const]));
    return all.map((coordinates) => ({ block: b, coordinates }));
  });
}

describe.each(dims)('%s', (dim) => {
  test('is as long as it has places, and each place has its coordinates', () => {
    fc.assert(fc.property(anySizes, (sizes) => {
      const all = places(dim, sizes);
      expect(lengthOf(dim, sizes)).toBe(all.length);
      for (const name of names) {
        expect(all.map((_, index) => coordinatesOf(dim, sizes, name, index))).toEqual(all.map(({ coordinates }) => coordinates.filter(([n]) => n === name).map(([, i]) => i)));
        expect(dependsOn(dim, name)).toBe(lengthOf(dim, { ...sizes, [name]: sizes[name] + 1 }) !== all.length);
      }
    }), { numRuns: 30, seed: 1 });
  });

  test('what is picked along a size is what is left where its coordinates were picked', () => {
    fc.assert(fc.property(anySizes, fc.constantFrom(...names), fc.nat(), (sizes, name, seed) => {
      const random = new Random(seed);
      const picks = random.permutation(sizes[name]).slice(0, random.integer(0, sizes[name]));
      const before = places(dim, sizes);
      const after = places(dim, { ...sizes, [name]: picks.length });
      const sources = sourcesOf(dim, sizes, name, picks);
      expect(sources).toHaveLength(after.length);
      sources.forEach((source, index) => {
        const { block, coordinates } = after[index]!;
        expect(before[source]).toEqual({ block, coordinates: coordinates.map(([n, i]) => [n, n === name ? picks[i]! : i]) });
      });
    }), { numRuns: 60, seed: 2 });
  });

  test('all in order changes nothing, and two selections are one', () => {
    const sizes = { tokens: 2, streams: 4, channels: 3, depth: 2 };
    const all = [0, 1, 2, 3];
    expect(sourcesOf(dim, sizes, 'streams', all)).toEqual(places(dim, sizes).map((_, i) => i));
    const [first, second] = [[3, 1, 0], [2, 0]];
    const once = sourcesOf(dim, sizes, 'streams', second.map((i) => first[i]!));
    const twice = sourcesOf(dim, { ...sizes, streams: 3 }, 'streams', second).map((i) => sourcesOf(dim, sizes, 'streams', first)[i]!);
    expect(twice).toEqual(once);
  });
});

test('a port that tokens share has no elements per token and starts with another dimension', () => {
  const sizes = { tokens: 3, streams: 2, channels: 5, depth: 1 };
  for (const operation of Object.values(operations)) {
    for (const port of [...operation.inputs, ...operation.outputs]) {
      expect(elementsOf(port, sizes)).toBe(shapeOf(port, sizes).reduce((product, length) => product * length, 1));
      expect(elementsPerToken(port, sizes)).toBe(isShared(port) ? 0 : elementsOf(port, sizes) / 3);
      if (isShared(port)) expect(elementsOf(port, { ...sizes, tokens: 7 })).toBe(elementsOf(port, sizes));
    }
  }
});
