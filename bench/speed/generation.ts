/** A tensor of 16,384 elements, drawn by a recipe and by fast-check. */
import fc from 'fast-check';

import { expand, operations, type Recipe } from '../../src/index.ts';
import { medians, type Figure } from './medians.ts';

export async function generation(): Promise<Figure[]> {
  const recipe: Recipe = {
    operation: 'stream-read',
    sizes: { tokens: 64, streams: 4, channels: 64, depth: 1 },
    seed: 1,
    families: { streams: 'normal' },
    scale: 1,
  };
  const literal = { ...recipe, values: { preMapping: Array.from({ length: 256 }, () => 0.5) } };
  const arbitrary = fc.float64Array({ minLength: 16_384, maxLength: 16_384 });
  let seed = 0;
  const time = await medians({
    ours: () => expand({ ...literal, seed: ++seed }, operations['stream-read'], {}),
    fastCheck: () => fc.sample(arbitrary, { numRuns: 1, seed: ++seed }),
  });
  return [
    { figure: '16,384 elements, fc.float64Array / recipe', value: `${(time['fastCheck']! / time['ours']!).toFixed(0)}×`, wanted: '≥ 100×' },
    { figure: '16,384 elements from a recipe', value: `${(time['ours']! * 1e3).toFixed(0)} µs`, wanted: '' },
  ];
}
