import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { appendHistory, readHistory } from '../../../src/perf/history/bench-history.ts';
import { benchRecord, newFolder } from './sample.ts';

const line = JSON.stringify(benchRecord());

describe('a history', () => {
  it('is created with its folder, grows, and gives back what was put in, in order', () => {
    const path = join(newFolder(), 'a', 'b', 'times.jsonl');
    appendHistory(path, [benchRecord({ seed: 1 }), benchRecord({ seed: 2, kernelHash: '0123456789abcdef', counts: {} })]);
    appendHistory(path, [benchRecord({ seed: 3 })]);
    const { records, lines, halfWritten } = readHistory(path);
    expect(records.map(({ seed }) => seed)).toEqual([1, 2, 3]);
    expect(records[1]).toEqual(benchRecord({ seed: 2, kernelHash: '0123456789abcdef', counts: {} }));
    expect(lines).toEqual([1, 2, 3]);
    expect(halfWritten).toBeUndefined();
  });

  it('is read through blank lines, and added to where an editor took the last line end away', () => {
    const path = join(newFolder(), 'times.jsonl');
    writeFileSync(path, `${line}\n\n${line}`);
    expect(readHistory(path).lines).toEqual([1, 3]);
    appendHistory(path, [benchRecord({ seed: 9 })]);
    expect(readHistory(path).records.map(({ seed }) => seed)).toEqual([7, 7, 9]);
  });

  it('loses nothing when several processes write at once', async () => {
    const path = join(newFolder(), 'times.jsonl');
    const module = fileURLToPath(new URL('../../../dist/src/perf/history/bench-history.js', import.meta.url));
    const wide = benchRecord({ samples: Array.from({ length: 2000 }, (_, k) => k / 7) });
    const script = `import { appendHistory } from ${JSON.stringify(module)};
      const record = ${JSON.stringify(wide)};
      for (let k = 0; k < 20; k++) appendHistory(${JSON.stringify(path)}, [{ ...record, seed: Number(process.argv[1]) * 100 + k }]);`;
    const writers = [1, 2, 3].map((number) => spawn(process.execPath, ['--input-type=module', '-e', script, String(number)]));
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'close'))[0] as number));
    expect(codes).toEqual([0, 0, 0]);
    const seeds = readHistory(path).records.map(({ seed }) => seed!);
    expect(seeds.toSorted((a, b) => a - b)).toEqual([1, 2, 3].flatMap((number) => Array.from({ length: 20 }, (_, k) => number * 100 + k)));
  });
});

describe('what a crash or somebody else left', () => {
  const half = line.slice(0, 200);
  const cases: [string, string, string][] = [
    ['a damaged line', `${line}\n{"schemaVersion":1,\n${line}\n`, 'line 2 is not JSON.'],
    ['a field that is missing', `${line}\n${line.replace('"clock":"calls",', '')}\n`, 'line 2 is damaged: clock: '],
    ['a field that nobody knows', `${line.replace('"clock"', '"colour":"red","clock"')}\n`, 'line 1 is damaged: '],
    ['a time below 0', `${line.replace('1.25', '-1.25')}\n`, 'line 1 is damaged: samples.1: '],
    ['a time that is infinite', `${line.replace('1.25', '1e999')}\n`, 'line 1 is damaged: samples.1: '],
    ['another kind of record', `${line.replace('"bench"', '"margins"')}\n`, "line 1 is a record of kind 'margins'."],
    ['JSON of somebody else', '[{"name":"x","value":1}]\n', 'line 1 is no record of plumbline.'],
    ['a text', '# Title\n\nhello', 'line 1 is not JSON.'],
    ['a newer plumbline', `${line}\n${line.replace('"schemaVersion":1', '"schemaVersion":2')}\n`, 'line 2, was written by a newer plumbline (schemaVersion 2; this one reads up to 1).'],
  ];
  it.each(cases)('%s is named by its line, and neither read nor written over', (_, text, message) => {
    const path = join(newFolder(), 'times.jsonl');
    writeFileSync(path, text);
    expect(() => readHistory(path)).toThrow(message);
    expect(() => appendHistory(path, [benchRecord()])).toThrow(message);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('a half-written last line is left out when reading, and refuses an addition', () => {
    const path = join(newFolder(), 'times.jsonl');
    appendHistory(path, [benchRecord(), benchRecord()]);
    appendFileSync(path, half);
    const before = readFileSync(path, 'utf8');
    const { records, halfWritten } = readHistory(path);
    expect([records.length, halfWritten]).toEqual([2, 3]);
    expect(() => appendHistory(path, [benchRecord()])).toThrow('line 3, is half-written: a run was ended while it wrote. Nothing was added.\n  Delete line 3');
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('a half-written only line is one too', () => {
    const path = join(newFolder(), 'times.jsonl');
    writeFileSync(path, half);
    expect(readHistory(path)).toEqual({ records: [], lines: [], halfWritten: 1 });
  });

  it('a folder, and a file that is not there', () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'times.jsonl'));
    expect(() => appendHistory(join(folder, 'times.jsonl'), [benchRecord()])).toThrow('Cannot add to');
    expect(() => readHistory(join(folder, 'times.jsonl'))).toThrow('is not a file');
    expect(() => readHistory(join(folder, 'none.jsonl'))).toThrow('Give the path of a history of times.');
    expect(existsSync(join(folder, 'none.jsonl'))).toBe(false);
  });
});
