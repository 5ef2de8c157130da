import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { firstRecipes, recipeArbitrary } from '../../../src/generate/arbitrary.ts';
import { kindsOf, planFamilies, planScales, resolveMixed } from '../../../src/generate/choices.ts';
import { expand } from '../../../src/generate/expand.ts';
import { defaultMaxElements, recipeSchema, type InputPlan, type Recipe } from '../../../src/generate/recipe.ts';
import { fit, largestTensor } from '../../../src/generate/sizes.ts';
import { operations } from '../../../src/operations/index.ts';
import { isShared } from '../../../src/operations/operation.ts';

const { mappings, sinkhorn, stack, 'stream-write': streamWrite } = operations;

const sample = (operation: typeof sinkhorn, plan: InputPlan, count = 400, limits = {}): Recipe[] =>
  fc.sample(recipeArbitrary(operation, plan, limits), { numRuns: count, seed: 7 });
const seen = (recipes: readonly Recipe[], size: keyof Recipe['sizes']): Set<number> => new Set(recipes.map((recipe) => recipe.sizes[size]));

describe.each(Object.entries(operations))('%s', (_id, operation) => {
  const lists = { random: sample(operation, {}), first: firstRecipes(operation, {}, 1) };

  test.each(Object.entries(lists))('%s recipes are valid, small enough and expand', (_name, recipes) => {
    for (const recipe of recipes) {
      expect(recipeSchema.parse(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
      expect(recipe.operation).toBe(operation.id);
      expect(largestTensor(operation, recipe.sizes)).toBeLessThanOrEqual(defaultMaxElements);
      for (const dim of ['channels', 'depth'] as const) if (!operation.dims.includes(dim)) expect(recipe.sizes[dim]).toBe(1);
      expect(Object.keys(recipe.families)).toEqual(kindsOf(operation));
    }
    for (const recipe of recipes.slice(0, 20)) {
      const values = expand(recipe, operation, {});
      expect(Object.values(values).every((data) => data.every(Number.isFinite))).toBe(true);
    }
  });

  test('two first recipes meet all families, all meet those of parameters, four meet n = 4 and another n', () => {
    for (const kind of kindsOf(operation)) {
      // parameters are one family for a whole case, and take turns as far as there are cases
      const met = new Set(lists.first.slice(0, kind === 'parameters' ? undefined : 2).flatMap((recipe) => Array.from({ length: recipe.sizes.tokens }, (_, token) => resolveMixed(recipe, operation, {}, token).families[kind])));
      expect(met).toEqual(new Set(kind === 'parameters' ? planFamilies({}, kind).slice(0, lists.first.length) : planFamilies({}, kind)));
    }
    if (operation.dims.includes('streams')) {
      expect(lists.first[0]!.sizes.streams).toBe(4);
      expect(seen(lists.first.slice(0, 4), 'streams').size).toBeGreaterThan(1);
      for (const n of [1, 2, 3, 8, 16].filter((count) => operation.streamCounts?.includes(count) ?? true)) expect(seen(lists.first, 'streams')).toContain(n);
    }
    expect(seen(lists.first, 'tokens')).toContain(1);
    expect(seen(lists.first, 'tokens')).toContain(33);
    expect(seen(lists.first, 'tokens')).not.toContain(0);
  });

  test('first recipes are deterministic, follow the seed and do not repeat', () => {
    expect(firstRecipes(operation, {}, 1)).toEqual(lists.first);
    expect(firstRecipes(operation, {}, 2).map(({ seed }) => seed)).not.toEqual(lists.first.map(({ seed }) => seed));
    expect(new Set(lists.first.map((recipe) => JSON.stringify({ ...recipe, seed: 0 }))).size).toBe(lists.first.length);
  });

  test('plan and limits are honoured', () => {
    // room for the projections of three sublayers of n = 8
    const most = operation.inputs.some((port) => isShared(port)) ? 30_000 : 500;
    const plan: InputPlan = { streamCounts: [2, 4, 8], tokenCounts: [0, 2, 6], channelCounts: [5, 7], depths: [3, 9], maxElements: most, logits: ['dyadic'], scales: [3], mappings: ['dyadic'], streams: ['integers'], cotangents: ['integers'] };
    for (const recipe of [...sample(operation, plan, 200, { streams: [2, 4] }), ...firstRecipes(operation, plan, 1, { streams: [2, 4] })]) {
      if (operation.dims.includes('streams')) expect([2, 4]).toContain(recipe.sizes.streams);
      expect(largestTensor(operation, recipe.sizes)).toBeLessThanOrEqual(most);
      expect([0, 2, 6, ...(operation.dims.includes('depth') ? [1, 3] : [])]).toContain(recipe.sizes.tokens);
      if (operation.dims.includes('channels')) expect([5, 7]).toContain(recipe.sizes.channels);
      if (operation.dims.includes('depth')) expect([3, 9]).toContain(recipe.sizes.depth);
      for (const kind of kindsOf(operation)) expect(['mixed', ...planFamilies(plan, kind)]).toContain(recipe.families[kind]);
    }
    expect(seen(firstRecipes(operation, plan, 1), 'tokens')).toContain(0);
  });
});

test('the arbitrary reaches tile edges, published shapes and all n', () => {
  const logits = sample(sinkhorn, {}, 4000);
  for (const tokens of [0, 1, 31, 32, 33, 255, 257, 4097]) expect(seen(logits, 'tokens')).toContain(tokens);
  for (let n = 1; n <= 16; n++) expect(seen(logits, 'streams')).toContain(n);
  expect(logits.filter(({ sizes }) => sizes.streams === 4).length).toBeGreaterThan(1000);
  expect(logits.some(({ sizes }) => sizes.streams === 4 && sizes.tokens === 4097)).toBe(true);
  for (const family of ['mixed', ...planFamilies({}, 'logits')]) expect(logits.some((recipe) => recipe.families['logits'] === family)).toBe(true);
  for (const scale of ['mixed', ...planScales({})]) expect(logits.some((recipe) => recipe.scale === scale)).toBe(true);
  for (const channels of [1, 3, 8, 31, 64, 1280, 1920, 2560, 4096, 7168]) expect(seen(sample(streamWrite, {}, 2000), 'channels')).toContain(channels);
  for (const depth of [1, 24, 48, 60, 122, 256]) expect(seen(sample(stack, {}, 2000), 'depth')).toContain(depth);
});

test('first recipes of logits meet every pair of family and scale, and all support classes', () => {
  const [pairs, classes] = firstRecipes(sinkhorn, {}, 1);
  expect(pairs!.sizes.tokens).toBeGreaterThanOrEqual(planFamilies({}, 'logits').length * planScales({}).length);
  expect(classes!.families['logits']).toBe('support-pattern');
  expect(classes!.sizes).toEqual({ tokens: 317, streams: 4, channels: 1, depth: 1 });
  const logits = expand(classes!, sinkhorn, { scales: [30] })['logits']!;
  const patterns = Array.from({ length: 317 }, (_, token) => logits.subarray(token * 16, token * 16 + 16).join());
  expect(new Set(patterns).size).toBe(317);
  expect(firstRecipes(sinkhorn, { logits: ['normal'] }, 1).every((recipe) => recipe.families['logits'] === 'mixed')).toBe(true);
});

test('a kernel for another n still gets the main recipes', () => {
  const recipes = firstRecipes(sinkhorn, {}, 1, { streams: [5] });
  expect(seen(recipes, 'streams')).toEqual(new Set([5]));
  expect(recipes.length).toBeGreaterThan(1);
});

test('no common stream count is an error that says so', () => {
  expect(() => firstRecipes(sinkhorn, { streamCounts: [2] }, 1, { streams: [4] })).toThrow('wants n = 2, the kernel supports n = 4');
  expect(() => recipeArbitrary(sinkhorn, { streamCounts: [2] }, { streams: [4] })).toThrow('wants n = 2, the kernel supports n = 4');
});

test('recipes shrink to one token, the smallest n and the first family', () => {
  const result = fc.check(fc.property(recipeArbitrary(stack, {}), (recipe) => recipe.sizes.depth < 24), { seed: 3, numRuns: 1000 });
  const [smallest] = result.counterexample!;
  expect(smallest.sizes).toMatchObject({ tokens: 1, streams: 1, channels: 1, depth: 24 });
  expect(smallest.families).toEqual({ mappings: planFamilies({}, 'mappings')[0], streams: 'normal' });
});

test('fit leaves small sizes alone, and then drops tokens before channels before depth', () => {
  const sizes = { tokens: 10, streams: 4, channels: 100, depth: 10 };
  expect(fit(stack, {}, sizes)).toEqual(sizes);
  expect(fit(stack, { maxElements: 1000 }, sizes)).toEqual({ ...sizes, tokens: 2 });
  expect(fit(stack, { maxElements: 200 }, sizes)).toEqual({ ...sizes, tokens: 1, channels: 48 });
  expect(fit(stack, { maxElements: 100 }, sizes)).toEqual({ ...sizes, tokens: 1, channels: 24, depth: 6 });
  expect([4096, 1920, 7168, 682].map((channels) => fit(mappings, {}, { ...sizes, channels }).channels)).toEqual([512, 640, 512, 682]);
  expect(fit(streamWrite, { maxElements: 100, channelCounts: [3, 8, 100] }, sizes)).toEqual({ ...sizes, tokens: 1, channels: 8, depth: 1 });
  expect(fit(streamWrite, {}, { ...sizes, tokens: 0 })).toEqual({ ...sizes, tokens: 0, depth: 1 });
});
