import { expect, test } from 'vitest';

import { familyChoice, planFamilies, planScales, resolveMixed } from '../../../src/generate/choices.ts';
import type { Recipe } from '../../../src/generate/recipe.ts';
import { operations } from '../../../src/operations/index.ts';

const { sinkhorn, 'stack-vjp': stackVjp } = operations;

const recipe: Recipe = { operation: 'sinkhorn', sizes: { tokens: 1000, streams: 4, channels: 1, depth: 1 }, seed: 5, families: { logits: 'mixed' }, scale: 'mixed' };

test('F·S tokens in a row meet every family at every scale', () => {
  const [families, scales] = [planFamilies({}, 'logits'), planScales({})];
  const dealt = Array.from({ length: families.length * scales.length }, (_, token) => resolveMixed(recipe, sinkhorn, {}, token));
  expect(new Set(dealt.map(({ families: named, scale }) => `${named['logits']} ${scale}`)).size).toBe(families.length * scales.length);
  expect(new Set(dealt.slice(0, families.length).map(({ families: named }) => named['logits']))).toEqual(new Set(families));
});

test('the order of families changes from round to round and with the seed', () => {
  const order = (seed: number, round: number): string => {
    const choice = familyChoice({ ...recipe, seed }, {}, 'logits');
    return choice.names.map((_, i) => choice.of(round * choice.names.length + i)).join();
  };
  expect(new Set([order(1, 0), order(1, 1), order(2, 0), order(2, 1)]).size).toBe(4);
});

test('a single family meets all scales in turn', () => {
  const named: Recipe = { ...recipe, families: { logits: 'support-pattern' } };
  const scales = Array.from({ length: planScales({}).length }, (_, token) => resolveMixed(named, sinkhorn, {}, token).scale);
  expect(new Set(scales)).toEqual(new Set(planScales({})));
});

test('kinds are dealt independently of one another', () => {
  const plan = { mappings: ['identity', 'uniform'], streams: ['normal', 'zeros'], cotangents: ['normal', 'large'] };
  const deep: Recipe = { ...recipe, operation: 'stack-vjp', families: {} };
  const hands = Array.from({ length: 64 }, (_, token) => Object.values(resolveMixed(deep, stackVjp, plan, token).families).join());
  expect(new Set(hands).size).toBe(8);
});
