/** What makes the checker independent: one file, short, nothing of ours in it, and no function whose accuracy ECMAScript leaves open. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { methodIds } from '../../src/certify/methods.ts';

const text = readFileSync(resolve(import.meta.dirname, '../../src/certify/checker/check.ts'), 'utf8');
const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/ .*$/gm, '');

test('it is one file of under 300 lines', () => {
  expect(text.trimEnd().split('\n').length).toBeLessThan(300);
});

test('it imports Node alone, and nothing when it runs', () => {
  expect([...text.matchAll(/\bfrom '([^']+)'/g)].map((match) => match[1])).toEqual(['node:crypto']);
  expect(/\bimport\s*\(|\brequire\b|\beval\b|new Function/.test(code)).toBe(false);
});

test('it computes with + − × ÷ alone', () => {
  const functions = new Set([...code.matchAll(/\bMath\.(\w+)/g)].map((match) => match[1]));
  expect([...functions].filter((name) => !['abs', 'max', 'min', 'floor', 'trunc'].includes(name!))).toEqual([]);
  // powers of two, written out; the one of a hexadecimal float is compared with the decimal
  const powers = [...code.matchAll(/(\S+) \*\* (\S+)/g)].map((match) => match[0]);
  expect(powers.filter((power) => !/^\(?2 \*\* (-?\d+|\(power|Math\.trunc\(power)/.test(power))).toEqual([]);
});

test('it knows every method that there is', () => {
  expect(methodIds.filter((id) => !code.includes(`'${id}': `))).toEqual([]);
});
