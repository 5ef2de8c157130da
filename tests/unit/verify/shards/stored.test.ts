/** Stored counterexamples and shards: the first has them, none is tried twice, and all of them are among the planned cases. */
import { expect, it } from 'vitest';

import { properties } from '../../../../properties/index.ts';
import { inProcess, referenceKernels, verify } from '../../../../src/index.ts';
import { expand } from '../../../../src/generate/expand.ts';
import { operations } from '../../../../src/operations/index.ts';
import type { Operation } from '../../../../src/operations/operation.ts';
import { tensor } from '../../../../src/tensor/tensor.ts';
import type { CounterexampleData } from '../../../../src/verify/counterexample-file.ts';

const property = properties.find(({ id }) => id === 'streams/read-parity')!;
const recipe = { operation: 'stream-read' as const, sizes: { tokens: 1, streams: 2, channels: 3, depth: 1 }, seed: 7, families: {}, scale: 1 };
const operation: Operation = operations['stream-read'];
const values = expand(recipe, operation, {});
const data: CounterexampleData = {
  property: property.id, operation: 'stream-read', target: 'mine', seed: 1, dialect: {}, arithmetic: '', outcome: 'wrong-values', message: 'was wrong', plumbline: '0', recipe,
  inputs: { preMapping: tensor(values['preMapping']!, [1, 2], 'f64'), streams: tensor(values['streams']!, [1, 2, 3], 'f64') }, outputs: {},
};

it('are tried by the first shard alone, and count', async () => {
  const run = async (index?: number): Promise<{ cases: number; planned: number | undefined }> => {
    const { results } = await verify({ targets: [inProcess('mine', { kernels: { 'stream-read': referenceKernels()['stream-read'] } })], properties: [property], effort: 'quick', runs: 6, seed: 4, stored: [data], ...(index === undefined ? {} : { shard: { index, count: 3 } }) });
    expect(results[0]!.status).toBe('passed');
    return { cases: results[0]!.cases, planned: results[0]!.part?.planned };
  };
  const parts = [await run(1), await run(2), await run(3)];
  expect(parts).toEqual([{ cases: 3, planned: 7 }, { cases: 2, planned: 7 }, { cases: 2, planned: 7 }]);
  expect(await run()).toEqual({ cases: 7, planned: undefined });
});
