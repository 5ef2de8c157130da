/** A small part of `npm run mutated-files`, and what its first runs found. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { baseFiles } from '../../../bench/mutations/base-files.ts';
import { fileMutations } from '../../../bench/mutations/mutate.ts';
import { inFolder, trial } from '../../../bench/mutations/trial.ts';
import { readCertificate } from '../../../src/certify/certificate-file.ts';
import type { Certificate } from '../../../src/certify/certificate.ts';
import { checkCertificate } from '../../../src/certify/checker/check.ts';
import { openCheckpoint } from '../../../src/certify/checkpoint/file.ts';
import { digestOf } from '../../../src/certify/issue.ts';
import { PlumblineError, Random } from '../../../src/index.ts';

const base = await baseFiles();

test('1500 damaged files are refused or read as what they are', () => {
  const ended = inFolder((folder) => Array.from({ length: 1500 }, (_, index) => trial(11, index, folder)));
  expect(ended.filter(({ outcome }) => outcome === 'WRONG')).toEqual([]);
  for (const reader of ['safetensors', 'checkpoint', 'shards', 'outputs', 'certificate', 'checker']) {
    const outcomes = ended.filter((one) => one.reader === reader).map(({ outcome }) => outcome);
    expect(new Set(outcomes), reader).toContain('refused');
    // some damage leaves a file whole: else nothing would be known of what is read
    expect(new Set(outcomes), reader).toContain('read');
  }
});

test('a trial is a function of its seed and index', () => {
  const one = (index: number): object => {
    const { memory: _, ...rest } = inFolder((folder) => trial(3, index, folder));
    return rest;
  };
  for (const index of [0, 7, 91]) expect(one(index)).toEqual(one(index));
});

test.each(Object.keys(fileMutations))('%s: is damage, or another file', (kind) => {
  const changed = Array.from({ length: 40 }, (_, k) => fileMutations[kind]!(base.checkpoint, new Random(5, k))).filter((bytes) => !bytes.equals(base.checkpoint));
  expect(changed.length).toBeGreaterThan(20);
});

const folder = mkdtempSync(join(tmpdir(), 'plumbline-found-'));
const saved = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const redigested = (forged: object): object => ({ ...forged, digest: digestOf(forged as Certificate) });
const refusal = (read: () => unknown): PlumblineError => {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(PlumblineError);
    return error as PlumblineError;
  }
  throw new Error('it was read');
};

test('an index that names its own folder is refused, and so is a folder in the place of a file', () => {
  expect(refusal(() => openCheckpoint(saved('a.index.json', { weight_map: { a: '' } }))).message).toContain('not beside it');
  mkdirSync(join(folder, 'inside'));
  expect(refusal(() => openCheckpoint(saved('b.index.json', { weight_map: { a: 'inside' } }))).message).toContain('is not a file');
});

test('a certificate with half of a surrogate pair is refused', () => {
  expect(refusal(() => readCertificate(saved('c.json', JSON.stringify(base.certificate).replace('outputs.safetensors', String.raw`\ud800`)))).message).toContain('digest does not fit');
});

test('a certificate with a field that its schema would lose is refused', () => {
  const text = JSON.stringify(base.certificate).replace('"environment":{', '"environment":{"__proto__":"x",');
  expect(refusal(() => readCertificate(saved('d.json', text))).message).toContain('digest does not fit');
  const { digest: _, ...rest } = JSON.parse(text) as Certificate;
  expect(refusal(() => readCertificate(saved('e.json', redigested(rest)))).message).toContain('digest does not fit');
});

test('the checker refuses a parameter that no method reads, and a subject that says more', () => {
  const [first, ...others] = base.certificate.claims;
  const reasonOf = (forged: object): string => {
    const { refused, claims } = checkCertificate(JSON.stringify(redigested(forged)), [base.outputs]);
    return refused ?? claims.map(({ reason }) => reason).join('');
  };
  expect(reasonOf(base.certificate)).toBe('');
  expect(reasonOf({ ...base.certificate, claims: [{ ...first!, parameters: { ...first!.parameters, approved: true } }, ...others] })).toContain('its parameters are not those of the method');
  expect(reasonOf({ ...base.certificate, subject: base.certificate.subject.map((one) => ({ ...one, approved: true })) })).toContain('no subject');
});
