/** The house's one rule: a folder in src/ imports only folders below it, and errors.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

import { expect, test } from 'vitest';

const levels: Record<string, number> = {
  tensor: 1, numerics: 2, operations: 3, kernels: 4, generate: 5, targets: 6, verify: 7, identify: 8, fuzz: 8, certify: 8, perf: 8, compare: 7.5, report: 9, config: 10, cli: 11,
};
const root = resolve(import.meta.dirname, '../..');
const sources = filesBelow('src');
const claims = filesBelow('properties');

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

/** Files that a file imports, relative to the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1]!);
  return paths.map((path) => relative(root, resolve(root, dirname(file), path)));
}

function folderOf(file: string): string {
  return file.split('/')[1]!;
}

test('the sources are found', () => {
  expect(sources.length).toBeGreaterThan(40);
  expect(claims.length).toBeGreaterThan(40);
});

test.each(sources.filter((file) => file.split('/').length > 2))('%s imports only lower folders', (file) => {
  const folder = folderOf(file);
  expect(Object.keys(levels)).toContain(folder);
  const wrong = importsOf(file).filter((path) => {
    if (path === 'src/errors.ts') return false;
    // the built-in claims are the command line's to offer
    if (path.startsWith('properties/')) return folder !== 'cli';
    return !path.startsWith('src/') || (folderOf(path) !== folder && !(levels[folderOf(path)]! < levels[folder]!));
  });
  expect(wrong).toEqual([]);
});

test('nothing in src imports src/index.ts, and errors.ts imports nothing', () => {
  expect(sources.filter((file) => importsOf(file).includes('src/index.ts'))).toEqual([]);
  expect(importsOf('src/errors.ts')).toEqual([]);
});

test.each(claims)('%s imports only what a claim may know', (file) => {
  const allowed = ['src/tensor/', 'src/numerics/', 'src/operations/', 'src/generate/', 'src/verify/property.ts', 'src/verify/judge.ts', 'properties/'];
  expect(importsOf(file).filter((path) => !allowed.some((start) => path.startsWith(start)))).toEqual([]);
});

test('fixtures use public names only', () => {
  const allowed = ['src/index.ts', 'fixtures/', 'properties/index.ts'];
  const wrong = filesBelow('fixtures').flatMap((file) => importsOf(file).filter((path) => !allowed.some((start) => path.startsWith(start))).map((path) => `${file}: ${path}`));
  expect(wrong).toEqual([]);
});

test('only report/ and cli/ print', () => {
  const printing = sources.filter((file) => !['report', 'cli'].includes(folderOf(file)) && /\bconsole\.\w+\(|process\.std(out|err)\.write\(/.test(readFileSync(join(root, file), 'utf8')));
  expect(printing).toEqual([]);
});

test('no file above 400 lines', () => {
  const all = [...sources, ...claims, ...filesBelow('fixtures'), ...filesBelow('tests'), ...filesBelow('bench')];
  expect(all.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 401)).toEqual([]);
});

test('no tolerance is written by hand', () => {
  const guessed = [...sources, ...claims].filter((file) => /\b[ar]tol\b|toBeCloseTo|\bEPS\b/.test(readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')));
  expect(guessed).toEqual([]);
});
