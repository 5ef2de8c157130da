/** The corpus: by value, merged, and never undone by what else lies in the folder. */
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { Corpus, keyOf } from '../../../src/fuzz/corpus/corpus.ts';
import { CorpusKeeper, specimensOf } from '../../../src/fuzz/corpus/keeper.ts';
import { minimised } from '../../../src/fuzz/corpus/minimise.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/tensor/safetensors.ts';
import { tensor } from '../../../src/tensor/tensor.ts';
import type { CounterexampleData } from '../../../src/verify/counterexample-file.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'plumbline-corpus-'));

function entry(logits: readonly number[], more: Partial<CounterexampleData> = {}): CounterexampleData {
  const streams = Math.sqrt(logits.length);
  return {
    property: 'sinkhorn/reference-parity', operation: 'sinkhorn', target: 'mine', seed: 1, dialect: { iterations: 20 }, arithmetic: 'ieee-f32', outcome: 'wrong-values', message: 'residualMapping − reference',
    plumbline: '0.1.0', recipe: { operation: 'sinkhorn', sizes: { tokens: 1, streams, channels: 1, depth: 1 }, seed: 7, families: {}, scale: 1 },
    measured: 2, bound: 1, inputs: { logits: tensor(logits, [1, streams, streams], 'f32') }, outputs: {}, ...more,
  };
}

test('an entry comes back by value, and the same entry is one file', () => {
  const corpus = new Corpus(folder());
  const data = entry([1, -0, 2 ** -149, 88.5]);
  expect([corpus.add(data), corpus.add(data)]).toEqual(['added', 'known']);
  const [name, ...others] = corpus.names();
  expect(others).toEqual([]);
  const read = corpus.read(name!);
  expect('data' in read && read.data.inputs['logits']).toEqual(data.inputs['logits']);
});

test('of one property, outcome and place the smaller counterexample stays, whichever came first', () => {
  for (const order of [[0, 1], [1, 0]]) {
    const corpus = new Corpus(folder());
    const both = [entry([1, 2, 3, 4]), entry([1, 0, 0, 0])];
    for (const k of order) corpus.add(both[k]!);
    expect([...corpus.entries()].map((one) => 'data' in one && Array.from(one.data.inputs['logits']!.data))).toEqual([[1, 0, 0, 0]]);
  }
});

test('another property, outcome or place is another entry; another target is not', () => {
  const base = entry([1, 2, 3, 4]);
  const keys = [base, { ...base, property: 'sinkhorn/positivity' }, { ...base, outcome: 'non-finite' as const }, { ...base, message: 'column 2 sum − 1' }].map(keyOf);
  expect(new Set(keys).size).toBe(4);
  expect(keyOf({ ...base, target: 'other' } as never)).toBe(keys[0]);
});

test('of problems that were worth keeping the higher score stays', () => {
  const corpus = new Corpus(folder());
  corpus.add(entry([1, 0, 0, 0], { outcome: 'ok', measured: 0.5 }));
  expect(corpus.add(entry([1, 2, 3, 4], { outcome: 'ok', measured: 0.75 }))).toBe('replaced');
  expect(corpus.add(entry([0, 0, 0, 0], { outcome: 'ok', measured: 0.6 }))).toBe('known');
  expect([...corpus.entries()].map((one) => 'data' in one && one.data.measured)).toEqual([0.75]);
});

test('damaged, foreign and newer files among good ones are named, and the good ones are read', () => {
  const corpus = new Corpus(folder());
  corpus.add(entry([1, 2, 3, 4]));
  const [name] = corpus.names();
  const good = readFileSync(join(corpus.folder, name!));
  const { tensors, metadata } = decodeSafetensors(good);
  const put = (file: string, bytes: Uint8Array | string): void => writeFileSync(join(corpus.folder, file), bytes);
  put('cut.safetensors', good.subarray(0, good.length - 3));
  put('empty.safetensors', '');
  put('foreign.safetensors', encodeSafetensors({ weight: tensor([1], [1]) }));
  put('newer.safetensors', encodeSafetensors(tensors, { ...metadata, version: '2' }));
  mkdirSync(join(corpus.folder, 'folder.safetensors'));
  const read = [...corpus.entries()];
  expect(read.filter((one) => 'data' in one)).toHaveLength(1);
  const problems = read.flatMap((one) => ('problem' in one ? [`${one.name}: ${one.problem}`] : []));
  expect(problems).toHaveLength(5);
  expect(problems.every((text) => text.includes(text.split(':')[0]!))).toBe(true);
  expect(problems.find((text) => text.startsWith('newer'))).toContain('version 2');
  const warnings: string[] = [];
  const keeper = new CorpusKeeper(corpus.folder, (text) => warnings.push(text));
  expect(keeper.counterexamples()).toHaveLength(1);
  expect(warnings.join('\n')).toContain('skipped cut.safetensors');
});

test('a folder of 100,000 files is read in part, and what is kept is bounded', () => {
  const corpus = new Corpus(folder());
  corpus.add(entry([1, 2, 3, 4], { outcome: 'ok' }));
  const [name] = corpus.names();
  let source = join(corpus.folder, name!);
  for (let k = 0; k < 100_000; k++) {
    const path = join(corpus.folder, `${k}.safetensors`);
    // file systems limit the links of one file
    if (k % 10_000 === 0) writeFileSync(path, readFileSync(source));
    else linkSync(source, path);
    if (k % 10_000 === 0) source = path;
  }
  expect(corpus.names()).toHaveLength(100_001);
  const warnings: string[] = [];
  const keeper = new CorpusKeeper(corpus.folder, (text) => warnings.push(text));
  expect(keeper.specimens().length).toBeLessThanOrEqual(4001);
  expect(keeper.specimens().length).toBeGreaterThan(3000);
  expect(warnings).toEqual([]);
});

test('a corpus that cannot be written costs the corpus alone, and says so once', () => {
  const path = join(folder(), 'file');
  writeFileSync(path, 'in the way');
  const warnings: string[] = [];
  const keeper = new CorpusKeeper(join(path, 'corpus'), (text) => warnings.push(text));
  const specimen = specimensOf(entry([1, 2, 3, 4]))[0]!;
  for (let k = 0; k < 3; k++) {
    keeper.keep({ what: `margin 0.${k}`, specimen, property: `p${k}`, target: 't', score: k }, 1);
    keeper.flush();
  }
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('the corpus is not kept');
});

test('only old temporary files are tidied away', () => {
  const corpus = new Corpus(folder());
  const [old, young] = ['.a.tmp', '.b.tmp'].map((name) => join(corpus.folder, name));
  for (const path of [old!, young!]) writeFileSync(path, 'half');
  utimesSync(old!, new Date(Date.now() - 2 * 3_600_000), new Date(Date.now() - 2 * 3_600_000));
  corpus.tidy();
  expect(readdirSync(corpus.folder)).toEqual(['.b.tmp']);
});

test('an entry whose tensors do not fit its operation is no problem to breed from', () => {
  expect(specimensOf(entry([1, 2, 3, 4]))).toHaveLength(1);
  expect(specimensOf({ ...entry([1, 2, 3, 4]), inputs: { logits: tensor([1, 2], [2], 'f32') } })).toEqual([]);
  expect(specimensOf({ ...entry([1, 2, 3, 4]), operation: 'no-such' })).toEqual([]);
});

test('minimising keeps every key of a counterexample and drops what meets nothing of its own', () => {
  const named = [entry([1, 2, 3, 4]), entry([1, 0, 0, 0]), entry([5, 6, 7, 9], { outcome: 'ok', message: 'a' }), entry([5, 6, 7, 9], { outcome: 'ok', message: 'b' }), entry([-100, 0, 1e4, 3], { outcome: 'ok', message: 'c' })]
    .map((data, k) => ({ name: `${k}`, data }));
  expect(minimised(named)).toEqual({ kept: 3, dropped: ['0', '3'] });
});
