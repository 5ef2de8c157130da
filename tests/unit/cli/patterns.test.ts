import { expect, it } from 'vitest';

import { ownCommand, shellQuoted } from '../../../src/cli/invocation.ts';
import { collect, matches, select } from '../../../src/cli/patterns.ts';
import { createReporters } from '../../../src/cli/reporting.ts';
import { createStyle } from '../../../src/report/style.ts';

it.each([
  ['sinkhorn/row-sums', 'sinkhorn/row-sums', true],
  ['sinkhorn/row-sums', 'sinkhorn/*', true],
  ['sinkhorn/row-sums', '*sums', true],
  ['sinkhorn/row-sums', '*', true],
  ['sinkhorn/row-sums', 'sinkhorn', false],
  ['sinkhorn/row-sums', 'sinkhorn/row.sums', false],
  ['sinkhorn/row-sums', 'sinkhorn/row?sums', true],
  ['a+b', 'a+b', true],
  ['aab', 'a+b', false],
])('%s against %s', (name, pattern, expected) => {
  expect(matches(name, pattern)).toBe(expected);
});

it('splits at commas and adds up', () => {
  expect(collect('a, b,', collect('c'))).toEqual(['c', 'a', 'b']);
});

it('selects in the order of the items and refuses patterns that match nothing', () => {
  const names = ['b/one', 'a/two', 'a/one'];
  const choose = (...patterns: string[]): string[] => select('property', names, (name) => name, patterns);
  expect(choose('a/*', 'b/one')).toEqual(names);
  expect(choose('*/one')).toEqual(['b/one', 'a/one']);
  expect(select('property', names, (name) => name, undefined)).toEqual(names);
  expect(() => choose('b/one', 'a/tow')).toThrow("There is no property 'a/tow'.\n  Did you mean 'a/two'?");
  expect(() => choose('c/*')).toThrow("No property matches 'c/*'.");
});

it('writes commands that a shell reads back', () => {
  expect(shellQuoted('a/b-c.ts')).toBe('a/b-c.ts');
  expect(shellQuoted("it's $HOME")).toBe(`'it'\\''s $HOME'`);
  expect(ownCommand('/x/node_modules/.bin/plumbline', {})).toBe('plumbline');
  expect(ownCommand('/x/node_modules/.bin/plumbline', { npm_command: 'exec' })).toBe('npx plumbline');
  expect(ownCommand(`${process.cwd()}/dist/src/cli/main.js`, {})).toBe('node dist/src/cli/main.js');
});

const surroundings = { stdout: { write: () => true }, stderr: { write: () => true }, style: createStyle(false), env: {} };

it.each<[string, string[], string[], string]>([
  ['an unknown reporter', ['junt'], [], "Did you mean 'junit'?"],
  ['a file that no reporter writes', ['default'], ['a.json'], 'needs a reporter that writes a file'],
  ['a file that two reporters could write', ['json', 'junit'], ['a'], 'could be for json or junit'],
  ['a file for a reporter that is not used', ['json'], ['junit=a'], 'not used'],
  ['standard output for two', ['json', 'default'], ['-'], 'alone'],
  ['standard output twice', ['json', 'junit'], ['json=-', 'junit=-'], 'cannot both'],
])('refuses %s', (_, names, files, text) => {
  expect(() => createReporters(names, files, surroundings)).toThrow(text);
});

it('creates each reporter once', () => {
  expect(createReporters(['json', 'junit', 'json'], ['json=-', 'junit=a.xml'], surroundings)).toHaveLength(2);
  expect(createReporters(['json'], ['-'], surroundings)).toHaveLength(1);
});
