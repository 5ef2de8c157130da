import { expect, it } from 'vitest';

import { streamedSeed, threadStream, wholeStream, type SeedStream } from '../../../src/fuzz/streams.ts';

it('streams of shards with threads of their own numbers share no seed and leave none out', () => {
  const threads = [1, 4, 3, 64];
  const streams: SeedStream[] = threads.flatMap((count, index) => Array.from({ length: count }, (_, thread) => threadStream({ index, count: threads.length }, thread, count)));
  const owners = (seed: number): SeedStream[] => streams.filter(({ index, count }) => seed % count === index);
  for (const seed of [0, 1, 2, 3, 255, 256, 1001, 0xfffffffd, 0xffffffff]) expect(owners(seed)).toHaveLength(1);
});

it.each([0, 1, 7, 255, 12_345, 0xfffffffe, 0xffffffff])('a seed like %i is moved into its stream, and not far', (seed) => {
  for (const stream of [wholeStream, { index: 2, count: 3 }, threadStream({ index: 15, count: 16 }, 255, 256)]) {
    const streamed = streamedSeed(seed, stream);
    expect(streamed % stream.count).toBe(stream.index);
    expect(streamed).toBeGreaterThanOrEqual(0);
    expect(streamed).toBeLessThanOrEqual(0xffffffff);
    expect(Math.abs(streamed - seed)).toBeLessThan(2 * stream.count);
  }
  expect(streamedSeed(seed, wholeStream)).toBe(seed);
});
