import { describe, expect, it } from 'vitest';

import { allocatedBytes } from '../../../src/perf/allocations.ts';
import { compareCounts, compareRecorded, countChangeText } from '../../../src/perf/history/counts.ts';
import type { KernelDeclaration } from '../../../src/targets/kernel.ts';
import { benchRecord, environment } from './sample.ts';

describe('counts', () => {
  it('are equal, or one grew and is named', () => {
    expect(compareCounts({ launches: 3, bytesMoved: 100 }, { launches: 3, bytesMoved: 100 })).toEqual({ verdict: 'equal', changes: [] });
    const grown = compareCounts({ launches: 3, bytesMoved: 100 }, { launches: 4, bytesMoved: 50 });
    expect(grown).toEqual({ verdict: 'more', changes: [{ name: 'launches', before: 3, after: 4 }, { name: 'bytesMoved', before: 100, after: 50 }] });
    expect(countChangeText({ name: 'bytesMoved', before: 1000, after: 1001 })).toBe('bytesMoved 1,000 → 1,001');
  });

  it('by one are a difference', () => {
    for (const name of ['launches', 'bytesMoved', 'instructions', 'allocations'] as const) {
      expect(compareCounts({ [name]: 10 }, { [name]: 11 }).verdict).toBe('more');
      expect(compareCounts({ [name]: 10 }, { [name]: 9 }).verdict).toBe('fewer');
    }
  });

  it('of bytes of source change without being a gate, unless they are made one', () => {
    expect(compareCounts({ kernelBytes: 10, launches: 1 }, { kernelBytes: 11, launches: 1 }).verdict).toBe('changed');
    expect(compareCounts({ bundleBytes: 10 }, { bundleBytes: 11 }, ['bundleBytes']).verdict).toBe('more');
  });

  it('that only one has are not compared, and none is not equal', () => {
    expect(compareCounts({ launches: 1 }, { bytesMoved: 2 })).toEqual({ verdict: 'none', changes: [] });
    expect(compareCounts({ launches: 1 }, { launches: 1, bytesMoved: 2 }).verdict).toBe('equal');
  });

  it('of instructions are compared on one device and driver only, allocations on one major version of Node, launches anywhere', () => {
    const counts = { launches: 1, instructions: 5, allocations: 8 };
    const more = { launches: 2, instructions: 6, allocations: 9 };
    const names = (changes: Partial<typeof environment>): string[] => compareRecorded(benchRecord({ counts }), benchRecord({ counts: more, environment: { ...environment, ...changes } })).changes.map(({ name }) => name);
    expect(names({})).toEqual(['launches', 'instructions', 'allocations']);
    expect(names({ driver: '2' })).toEqual(['launches', 'allocations']);
    expect(names({ node: '20.0.1' })).toEqual(['launches', 'instructions', 'allocations']);
    expect(names({ node: '22.1.0', cpu: 'other' })).toEqual(['launches', 'instructions']);
  });
});

describe('allocated bytes', () => {
  const sizes = { tokens: 1, streams: 1, channels: 1, depth: 1 };
  const kernel = (run: KernelDeclaration['run']): KernelDeclaration => ({ arithmetic: 'ieee-f32', run });
  const reused = new Float32Array(1000);

  it('are those of the arrays that a call makes, exactly and every time', async () => {
    const one = kernel(() => ({ x: new Float32Array(1000) }));
    const two = kernel(() => {
      const kept = new Float64Array(500);
      return { x: Float32Array.from(kept) };
    });
    for (let again = 0; again < 20; again++) expect([await allocatedBytes(one, {}, sizes), await allocatedBytes(two, {}, sizes)]).toEqual([4000, 6000]);
    expect(await allocatedBytes(kernel(() => ({ x: reused })), {}, sizes)).toBe(0);
  });

  it('are not counted where others allocate meanwhile, where calls differ, or where V8 collects in every call', async () => {
    let calls = 1;
    expect(await allocatedBytes(kernel(async () => ({ x: new Float32Array(1000) })), {}, sizes)).toBeUndefined();
    expect(await allocatedBytes(kernel(() => ({ x: new Float32Array(1000 * calls++) })), {}, sizes)).toBeUndefined();
    expect(await allocatedBytes(kernel(() => ({ x: new Float32Array(2 ** 22) })), {}, sizes)).toBeUndefined();
  });
});
