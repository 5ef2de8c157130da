import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { PlumblineError } from '../../../src/errors.ts';
import { exported, type ExportFormat } from '../../../src/perf/formats/exports.ts';
import { imported } from '../../../src/perf/formats/imports.ts';
import { appendHistory, readHistory } from '../../../src/perf/history/bench-history.ts';
import { workloadName } from '../../../src/perf/history/record.ts';
import { benchRecord, environment, newFolder } from './sample.ts';

const facts = { environment, commit: { commit: 'b'.repeat(40), dirty: false }, date: new Date('2026-11-25T04:00:00Z') };
const foreign = (name: string): string => readFileSync(new URL(`foreign/${name}.json`, import.meta.url), 'utf8');
const parsed = (format: ExportFormat): unknown => JSON.parse(exported(records, format)[0]!.text);

const other = { ...benchRecord().workload, target: 'a "quoted", one' };
const records = [
  benchRecord({ samples: [9, 9, 9], date: '2026-11-24T04:00:00Z', commit: 'c'.repeat(40) }),
  benchRecord({ samples: [5, 1, 2, 4, 3] }),
  benchRecord({ workload: other, counts: { bytesMoved: 10, kernelBytes: 7 } }),
];

describe("Bencher's metric format", () => {
  // as published: any names, of any measures, of a value with two optional bounds
  const published = z.record(z.string().min(1).max(1024), z.record(z.string().min(1).max(64), z.strictObject({ value: z.number(), lower_value: z.number().optional(), upper_value: z.number().optional() })));

  it('has the last run of each workload, in nanoseconds, and its counts', () => {
    const metrics = published.parse(parsed('bencher'));
    expect(Object.keys(metrics)).toEqual([workloadName(benchRecord().workload), workloadName(other)]);
    // shares of 5 % and 95 % of 1…5 are 1.2 and 4.8
    expect(metrics[workloadName(benchRecord().workload)]).toEqual({ latency: { value: 3e6, lower_value: 1.2e6, upper_value: 4.8e6 }, launches: { value: 1 }, 'bytes-moved': { value: 1_638_400 } });
    expect(metrics[workloadName(other)]).toMatchObject({ 'kernel-bytes': { value: 7 } });
  });
});

describe('customSmallerIsBetter of github-action-benchmark', () => {
  // what its reader requires: an array of a name, a unit and a value; range and extra are texts
  const published = z.array(z.strictObject({ name: z.string(), unit: z.string(), value: z.number(), range: z.string().optional(), extra: z.string().optional() }));

  it('has an entry for the time of each workload and one for each count, names of which are all different', () => {
    const entries = published.parse(parsed('github'));
    expect(entries[0]).toEqual({ name: workloadName(benchRecord().workload), unit: 'ms', value: 3, range: '± 1.8', extra: `5 samples\nSome CPU 3000\ncommit ${'a'.repeat(10)}` });
    expect(entries.map(({ unit, value }) => [unit, value])).toEqual([['ms', 3], ['launches', 1], ['bytes', 1_638_400], ['ms', 1.375], ['bytes', 10], ['bytes', 7]]);
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
  });
});

describe('CSV of Otava', () => {
  // as its reader has it: a row has at least as many cells as the head; each metric's cell is a number; columns that the configuration names are there
  const configuration = z.strictObject({ tests: z.record(z.string(), z.strictObject({
    type: z.literal('csv'), file: z.string(), time_column: z.string(), attributes: z.array(z.string()), csv_options: z.strictObject({ delimiter: z.string().length(1), quote_char: z.string().length(1) }),
    metrics: z.record(z.string(), z.strictObject({ column: z.string(), direction: z.union([z.literal(1), z.literal(-1)]), scale: z.number() })),
  })) });

  it('has a table of each workload in the order of time, and says what is in them', () => {
    const files = exported([...records].reverse(), 'otava');
    const { tests } = configuration.parse(JSON.parse(files.at(-1)!.text));
    expect(files.at(-1)!.name).toBe('otava.yaml');
    expect(Object.values(tests).map(({ file }) => file)).toEqual(files.slice(0, -1).map(({ name }) => name));
    for (const { file, time_column: time, attributes, metrics } of Object.values(tests)) {
      const rows = files.find(({ name }) => name === file)!.text.trimEnd().split('\n').map((line) => line.split(','));
      const [head] = rows;
      for (const column of [time, ...attributes, ...Object.values(metrics).map((metric) => metric.column)]) expect(head).toContain(column);
      for (const row of rows.slice(1)) {
        expect(row).toHaveLength(head!.length);
        expect(Number.isNaN(Date.parse(row[0]!))).toBe(false);
        for (const cell of row.slice(2)) expect(Number.isFinite(Number(cell)) && cell !== '').toBe(true);
      }
    }
    const table = files.find(({ text }) => text.includes(',9,'))!.text;
    expect(table).toBe(`time,commit,milliseconds,launches,bytes-moved\n2026-11-24T04:00:00Z,${'c'.repeat(40)},9,1,1638400\n2026-11-25T04:00:00Z,${'a'.repeat(40)},3,1,1638400\n`);
  });

  it('leaves out counts that some run does not have', () => {
    const [table] = exported([benchRecord(), benchRecord({ counts: { launches: 2 } })], 'otava');
    expect(table!.text.split('\n')[0]).toBe('time,commit,milliseconds,launches');
  });
});

describe('what other programs wrote', () => {
  it('pytest-benchmark: seconds in the order in which they ran, with its machine, and no commit where it knew none', () => {
    const [first, second] = imported(foreign('pytest-benchmark'), 'x.json', facts);
    expect(first).toMatchObject({ workload: { operation: 'test_sum[100]', target: 'test_sum.py', sizes: {} }, order: 'time', importedFrom: 'pytest-benchmark', environment: { machine: 'vm', platform: 'linux', cores: 2 } });
    expect([first!.samples.length, first!.commit, second!.workload.operation]).toEqual([12, undefined, 'test_sum[1000]']);
    const data = JSON.parse(foreign('pytest-benchmark')) as { benchmarks: { stats: { data: number[] } }[]; commit_info: object };
    expect(first!.samples).toEqual(data.benchmarks[0]!.stats.data.map((seconds) => seconds * 1000));
    const known = imported(JSON.stringify({ ...data, commit_info: { id: 'd'.repeat(40), dirty: true } }), 'x.json', facts);
    expect(known[0]).toMatchObject({ commit: 'd'.repeat(40), dirty: true, date: '2026-11-25T08:15:16.692Z' });
  });

  it('vitest: the median, where it kept no samples', () => {
    const [loop, reduce] = imported(foreign('vitest'), 'x.json', facts);
    expect(loop).toMatchObject({ workload: { operation: 'loop', target: 'a.bench.js > sums' }, order: 'summary', commit: facts.commit.commit, importedFrom: 'vitest' });
    const data = JSON.parse(foreign('vitest')) as { files: { groups: { benchmarks: { median: number; samples: number[] }[] }[] }[] };
    const benchmarks = data.files[0]!.groups[0]!.benchmarks;
    expect([loop!.samples, reduce!.samples]).toEqual(benchmarks.map(({ median }) => [median]));
    benchmarks[0]!.samples = [0.1, 0.2];
    expect(imported(JSON.stringify(data), 'x.json', facts)[0]).toMatchObject({ samples: [0.1, 0.2], order: 'sorted' });
  });

  it('tinybench: samples where they were kept, else the median, and nothing of a task that failed', () => {
    const found = imported(foreign('tinybench'), 'x.json', facts);
    const { tasks } = JSON.parse(foreign('tinybench')) as { tasks: { result: { latency: { samples: number[]; p50: number } } }[] };
    expect(found.map(({ workload, order }) => [workload.operation, workload.target, order])).toEqual([['loop', 'sums', 'sorted'], ['unretained', 'sums', 'summary']]);
    expect(found.map(({ samples }) => samples)).toEqual([tasks[0]!.result.latency.samples, [tasks[2]!.result.latency.p50]]);
    expect(imported(JSON.stringify(tasks), 'x.json', facts)[0]!.workload.target).toBe('tinybench');
  });

  it('can be added to a history and read again', () => {
    const path = `${newFolder()}/imported.jsonl`;
    const all = ['pytest-benchmark', 'vitest', 'tinybench'].flatMap((name) => imported(foreign(name), name, facts));
    appendHistory(path, all);
    expect(readHistory(path).records).toEqual(all);
  });

  const strange: [string, string, string][] = [
    ['no JSON', 'hello', "'x.json' is not JSON."],
    ['JSON of nobody', '{"a":1}', 'is of no format that can be imported'],
    ['an empty list', '[]', 'is of no format that can be imported'],
    ['a negative time', foreign('pytest-benchmark').replace(/"data": \[\s*/, '"data": [-1, '), "'x.json' is damaged: benchmarks.0.stats.data.0"],
    ['a name that is a number', foreign('vitest').replace('"name": "loop"', '"name": 5'), "'x.json' is damaged: files.0.groups.0.benchmarks.0.name"],
    ['nothing that was timed', '[{"name":"a","result":{"state":"errored"}}]', 'has no result'],
  ];
  it.each(strange)('%s is refused by name', (_, text, message) => {
    expect(() => imported(text, 'x.json', facts)).toThrow(PlumblineError);
    expect(() => imported(text, 'x.json', facts)).toThrow(message);
  });
});
