import { closeSync, fstatSync, openSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { Lines } from '../../../src/targets/worker/lines.ts';
import { longestLine } from '../../../src/targets/worker/protocol.ts';
import { TargetUnusable } from '../../../src/targets/outcome.ts';
import { RamFile } from '../../../src/targets/worker/ram-file.ts';

describe('lines of a pipe', () => {
  it('come whole, in order, whatever the chunks', () => {
    const lines = new Lines();
    const taken: string[] = [];
    for (const chunk of ['a', 'b\nc', '\n', '\nd']) lines.add(chunk);
    for (let i = 0; i < 4; i++) lines.take((line) => taken.push(line));
    expect(taken).toEqual(['ab', 'c', '']);
    lines.add('e\nf\n');
    expect(taken).toEqual(['ab', 'c', '', 'de']); // one for each take
    expect(lines.last).toEqual(['f']);
  });

  it('stay bounded: the last are kept, and one without an end is cut', () => {
    const lines = new Lines();
    for (let i = 0; i < 1000; i++) lines.add(`${i}\n`);
    expect(lines.last).toHaveLength(20);
    expect(lines.last.at(-1)).toBe('999');
    for (let i = 0; i < 40; i++) lines.add('x'.repeat(2 ** 16));
    expect(lines.unfinished.length).toBeLessThanOrEqual(longestLine);
    lines.clear();
    expect(lines.last).toEqual([]);
  });
});

describe('a file in memory', () => {
  const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

  it('holds the parts that were written, and gives no more than it has', () => {
    const file = new RamFile();
    expect(file.write([bytes(3, 1), bytes(0, 0), bytes(2, 2)])).toBe(5);
    expect([...file.read(5)]).toEqual([1, 1, 1, 2, 2]);
    expect(file.read(100)).toHaveLength(5);
    file.close();
  });

  it('names a folder that is full, and blames no kernel', () => {
    const file = new RamFile();
    const full = openSync('/dev/full', 'w');
    expect(() => RamFile.prototype.write.call(Object.assign(Object.create(RamFile.prototype) as RamFile, { fd: full }), [bytes(3, 1)])).toThrow(TargetUnusable);
    closeSync(full);
    file.close();
  });

  it('has no name', () => {
    const file = new RamFile();
    expect(fstatSync(file.fd).nlink).toBe(0);
    file.close();
  });

  it.each([1000, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20])('of %d bytes, once forgotten, gives no old answer whole', (length) => {
    const file = new RamFile();
    file.write([bytes(length, 7)]);
    file.forget();
    const left = file.read(length);
    if (left.length > 0) {
      expect([...left.subarray(0, 8)]).toEqual(Array.from({ length: 8 }, () => 0xff)); // no safetensors file has so long a header
      expect([...left.subarray(-8)]).toEqual(Array.from({ length: 8 }, () => 0xff)); // NaN in every dtype
    }
    expect(left.length === 0).toBe(length <= 2 ** 20);
    file.close();
  });
});
