import { describe, expect, test } from 'vitest';

import { PlumblineError } from '../../../src/errors.ts';
import { kindsOf, resolveMixed } from '../../../src/generate/choices.ts';
import { expand } from '../../../src/generate/expand.ts';
import type { InputPlan, Recipe } from '../../../src/generate/recipe.ts';
import { operations } from '../../../src/operations/index.ts';
import { elementsOf, elementsPerToken, isShared, type Operation, type Values } from '../../../src/operations/operation.ts';

const { sinkhorn, stack, 'stream-read': streamRead, 'stream-write': streamWrite } = operations;
const everything: InputPlan = {};
function mixed(operation: Operation, tokens = 40): Recipe {
  const lacking = (dim: 'channels' | 'depth', size: number): number => (operation.dims.includes(dim) ? size : 1);
  const families = Object.fromEntries(kindsOf(operation).map((kind) => [kind, 'mixed']));
  return { operation: operation.id, sizes: { tokens, streams: 4, channels: lacking('channels', 5), depth: lacking('depth', 3) }, seed: 99, families, scale: 'mixed' };
}

/** The values of the given places, token by token, of every port; what tokens share as it is. */
function pick(values: Values, operation: Operation, recipe: Recipe, places: readonly number[]): Record<string, number[]> {
  return Object.fromEntries(operation.inputs.map((port) => {
    const count = elementsPerToken(port, recipe.sizes);
    if (isShared(port)) return [port.name, [...values[port.name]!]];
    return [port.name, places.flatMap((place) => [...values[port.name]!.subarray(place * count, (place + 1) * count)])];
  }));
}
const plain = (values: Values): Record<string, number[]> => Object.fromEntries(Object.entries(values).map(([name, data]) => [name, [...data]]));
const failure = (call: () => unknown): PlumblineError => {
  try {
    call();
  } catch (error) {
    if (error instanceof PlumblineError) return error;
    throw error;
  }
  throw new Error('did not throw');
};

describe.each(Object.entries(operations))('%s', (_id, operation) => {
  test('fills every input port, finite, the same for the same seed and different for another', () => {
    const recipe = mixed(operation);
    const values = expand(recipe, operation, everything);
    expect(Object.keys(values)).toEqual(operation.inputs.map((port) => port.name));
    for (const port of operation.inputs) expect(values[port.name]).toHaveLength(elementsOf(port, recipe.sizes));
    expect(Object.values(values).every((data) => data.every(Number.isFinite))).toBe(true);
    expect(expand(recipe, operation, everything)).toEqual(values);
    expect(expand({ ...recipe, seed: 100 }, operation, everything)).not.toEqual(values);
  });

  test('dropping, repeating and reordering tokens leaves their bits alone', () => {
    const recipe = mixed(operation);
    const all = expand(recipe, operation, everything);
    for (const tokens of [[0], [39], [3, 17, 20], [20, 3, 3], [], [...Array(40).keys()].toReversed()]) {
      const left = expand({ ...recipe, tokens }, operation, everything);
      expect(plain(left)).toEqual(pick(all, operation, recipe, tokens));
    }
  });

  test('a larger batch starts with the smaller one', () => {
    const recipe = mixed(operation);
    const small = expand(mixed(operation, 7), operation, everything);
    expect(plain(small)).toEqual(pick(expand(recipe, operation, everything), operation, recipe, [0, 1, 2, 3, 4, 5, 6]));
  });

  test('naming the family and scale that a token was dealt leaves its bits alone', () => {
    const recipe = mixed(operation);
    for (const token of [0, 11, 39]) {
      const named = { ...recipe, tokens: [token], ...resolveMixed(recipe, operation, everything, token) };
      expect(Object.values(named.families)).not.toContain('mixed');
      expect(expand(named, operation, everything)).toEqual(expand({ ...recipe, tokens: [token] }, operation, everything));
    }
  });

  test('explicit values round-trip, through JSON and with tokens left out', () => {
    const recipe = mixed(operation, 5);
    const values = plain(expand(recipe, operation, everything));
    const explicit = JSON.parse(JSON.stringify({ ...recipe, values })) as Recipe;
    const zeroSigns = (data: Record<string, number[]>): Record<string, number[]> => Object.fromEntries(Object.entries(data).map(([name, list]) => [name, list.map((x) => x + 0)]));
    expect(plain(expand(explicit, operation, everything))).toEqual(zeroSigns(values)); // JSON has no −0
    expect(plain(expand({ ...recipe, values, tokens: [4, 1] }, operation, everything))).toEqual(plain(expand({ ...recipe, tokens: [4, 1] }, operation, everything)));
  });

  test('no tokens, no elements but those that tokens share', () => {
    const recipe = mixed(operation, 0);
    const values = expand(recipe, operation, everything);
    expect(Object.values(values).map((data) => data.length)).toEqual(operation.inputs.map((port) => (isShared(port) ? elementsOf(port, recipe.sizes) : 0)));
  });
});

test('streams and the layer output of a token belong to the same family', () => {
  const recipe = { ...mixed(streamWrite, 64), families: { streams: 'mixed', mappings: 'dyadic' } };
  const values = expand(recipe, streamWrite, { streams: ['integers', 'normal'] });
  const whole = (port: string, token: number, count: number): boolean => values[port]!.subarray(token * count, (token + 1) * count).every(Number.isInteger);
  const kinds = Array.from({ length: 64 }, (_, token) => [whole('streams', token, 20), whole('layerOutput', token, 5)]);
  expect(kinds.every(([a, b]) => a === b)).toBe(true);
  expect(kinds.filter(([a]) => a)).toHaveLength(32);
});

test('explicit values replace only their own port', () => {
  const recipe = mixed(streamRead, 2);
  const generated = expand(recipe, streamRead, everything);
  const some = expand({ ...recipe, values: { preMapping: [1, 0, 0, 0, 0, 0, 0, 1] } }, streamRead, everything);
  expect([...some['preMapping']!]).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
  expect(some['streams']).toEqual(generated['streams']);
});

test('named families and coefficients are honoured', () => {
  const recipe = { ...mixed(streamRead, 8), families: { streams: 'integers', coefficients: 'zeros' } };
  const values = expand(recipe, streamRead, { streams: ['normal'] });
  expect(values['streams']!.every(Number.isInteger)).toBe(true);
  expect(values['preMapping']!.every((value) => value === 0)).toBe(true);
});

test('the depth of the stack is honoured', () => {
  const recipe = { ...mixed(stack, 2), families: { mappings: 'identity', streams: 'normal' } };
  const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  expect([...expand(recipe, stack, everything)['residualMappings']!]).toEqual(Array.from({ length: 6 }, () => identity).flat());
});

test('errors say what is wrong and what was meant', () => {
  const recipe = mixed(sinkhorn, 1);
  const wrong: [Partial<Recipe>, string, string][] = [
    [{ families: { logits: 'circulent' } }, "There is no family 'circulent' of logits.", "Did you mean 'circulant'?"],
    [{ families: { logit: 'normal' } }, "There is no kind of families 'logit'.", "Did you mean 'logits'?"],
    [{ values: { logits: [1, 2, 3] } }, "The recipe has 3 values for 'logits', its sizes ask for 16.", 'Give one value per element'],
    [{ values: { logit: [1, 2, 3] } }, "sinkhorn has no input 'logit'.", "Did you mean 'logits'?"],
    [{ values: { logits: Array.from({ length: 16 }, () => 1) }, tokens: [1] }, 'The recipe keeps token 1 of 1.', 'Tokens count from 0.'],
    [{ operation: 'stack' }, "The recipe is for 'stack', not for 'sinkhorn'.", ''],
  ];
  for (const [change, message, remedy] of wrong) {
    const error = failure(() => expand({ ...recipe, ...change }, sinkhorn, everything));
    expect(error.code).toBe('bad-file');
    expect(error.message).toContain(message);
    expect(error.message).toContain(remedy);
  }
  expect(failure(() => expand({ ...recipe, families: { logits: 'toString' } }, sinkhorn, everything)).code).toBe('bad-file');
  expect(failure(() => expand(recipe, sinkhorn, { logits: ['normale'] })).message).toContain("Did you mean 'normal'?");
});
