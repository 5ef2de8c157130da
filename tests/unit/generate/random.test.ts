import { expect, test } from 'vitest';

import { hashText, Random } from '../../../src/generate/random.ts';

const many = 100_000;

test('a stream is a function of its seed words', () => {
  const draw = (...seed: number[]): number[] => Array.from({ length: 8 }, ((random) => () => random.bits())(new Random(...seed)));
  expect(draw(1, 2, 3)).toEqual(draw(1, 2, 3));
  for (const other of [[1, 2, 4], [1, 3, 2], [2, 2, 3], [1, 2], [1, 2, 3, 0]]) expect(draw(...other)).not.toEqual(draw(1, 2, 3));
});

test('fillNormal writes what normal returns, and leaves the stream at the same place', () => {
  const [a, b] = [new Random(7), new Random(7)];
  const filled = new Float64Array(12);
  a.fillNormal(filled, 2, 10, 3);
  const single = Float64Array.from({ length: 12 }, (_, i) => (i < 2 || i >= 10 ? 0 : 3 * b.normal()));
  expect(filled).toEqual(single);
  expect(a.bits()).toBe(b.bits());
});

// 6 standard errors; the seed is fixed, so this is no lottery
const within = (measured: number, expected: number, deviation: number): void =>
  expect(Math.abs(measured - expected)).toBeLessThan((6 * deviation) / Math.sqrt(many));

test('normal has the moments of a sum of four uniforms', () => {
  const values = new Float64Array(many);
  new Random(11).fillNormal(values, 0, many, 1);
  const moment = (k: number): number => values.reduce((sum, x) => sum + x ** k, 0) / many;
  within(moment(1), 0, 1);
  within(moment(2), 1, Math.sqrt(2));
  within(moment(3), 0, Math.sqrt(15));
  within(moment(4), 3 - 6 / 5 / 4, Math.sqrt(96));
  expect(values.every((x) => Math.abs(x) < Math.sqrt(12))).toBe(true);
});

test('neighbouring numbers and neighbouring tokens are uncorrelated', () => {
  const values = new Float64Array(many + 1);
  new Random(11).fillNormal(values, 0, many + 1, 1);
  const lag = values.subarray(1).reduce((sum, x, i) => sum + x * values[i]!, 0) / many;
  within(lag, 0, 1);
  let across = 0;
  for (let token = 0; token < many; token++) across += new Random(5, 9, token).normal() * new Random(5, 9, token + 1).normal();
  within(across / many, 0, 1);
});

test('uniform, below, integer, sign and pick stay in range and reach the ends', () => {
  const random = new Random(3);
  const drawn = Array.from({ length: 2000 }, () => ({ u: random.uniform(), b: random.below(3), i: random.integer(-2, 2), s: random.sign(), p: random.pick(['a', 'b']) }));
  expect(drawn.every(({ u }) => u >= 0 && u < 1)).toBe(true);
  expect(new Set(drawn.map(({ b }) => b))).toEqual(new Set([0, 1, 2]));
  expect(new Set(drawn.map(({ i }) => i))).toEqual(new Set([-2, -1, 0, 1, 2]));
  expect(new Set(drawn.map(({ s }) => s))).toEqual(new Set([1, -1]));
  expect(new Set(drawn.map(({ p }) => p))).toEqual(new Set(['a', 'b']));
});

test('all permutations of three occur', () => {
  const random = new Random(3);
  const orders = new Set(Array.from({ length: 200 }, () => random.permutation(3).join('')));
  expect([...orders].toSorted()).toEqual(['012', '021', '102', '120', '201', '210']);
});

test('hashText gives different 32-bit seeds', () => {
  const hashes = ['', 'streams', 'stream', 'logits', 'postMapping', 'preMapping'].map(hashText);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashes.every((hash) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32)).toBe(true);
});
