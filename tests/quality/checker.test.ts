/** What makes the checker independent: one file, short, nothing of ours in it, and no function whose accuracy ECMAScript leaves open. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { methodIds } from '../../src/certify/methods.ts';

const folder = resolve(import.meta.dirname, '../../src/certify/checker');
/** `check.ts` is the checker of outputs, whole in one file; the others add claims about all inputs and over depth. */
const files = readdirSync(folder).map((name) => ({ name, text: readFileSync(resolve(folder, name), 'utf8') })).map((file) => ({ ...file, code: file.text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/ .*$/gm, '') }));
const imported: Record<string, string[]> = { 'check.ts': ['node:crypto'], 'bounds.ts': ['./check.ts'], 'free-side.ts': ['./bounds.ts', './check.ts'], 'network.ts': ['./bounds.ts', './check.ts', './free-side.ts'], 'depth.ts': ['./check.ts', './bounds.ts', './network.ts'], 'all.ts': ['./check.ts', './depth.ts', './network.ts'] };

test.each(files)('$name has under 300 lines', ({ text }) => {
  expect(text.trimEnd().split('\n').length).toBeLessThan(300);
});

test.each(files)('$name imports nothing of ours but the checker, and nothing when it runs', ({ name, text, code }) => {
  expect([...text.matchAll(/\bfrom '([^']+)'/g)].map((match) => match[1])).toEqual(imported[name]);
  expect(/\bimport\s*\(|\brequire\b|\beval\b|new Function/.test(code)).toBe(false);
});

test.each(files)('$name computes with + − × ÷ alone', ({ code }) => {
  const functions = new Set([...code.matchAll(/\bMath\.(\w+)/g)].map((match) => match[1]));
  expect([...functions].filter((name) => !['abs', 'max', 'min', 'floor', 'trunc'].includes(name!))).toEqual([]);
  // powers of two, written out; of integers; of the factor for TF32; and of a hexadecimal float, which is compared with the decimal
  const powers = [...code.matchAll(/(\S+) \*\* (\S+)/g)].map((match) => match[0]);
  expect(powers.filter((power) => !/^\(?2 \*\* (-?\d+|\(power|Math\.trunc\(power)|^\S*n \*\* [234]\b|^-11\) \*\* 2$/.test(power))).toEqual([]);
});

test('it knows every method that there is', () => {
  expect(methodIds.filter((id) => !files.some(({ code }) => code.includes(`'${id}': `)))).toEqual([]);
});
