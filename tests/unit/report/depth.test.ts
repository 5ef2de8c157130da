import { describe, expect, test } from 'vitest';

import { threeDigits } from '../../../src/report/depth.ts';
import { textPlot } from '../../../src/report/text-plot.ts';
import { Random } from '../../../src/generate/random.ts';

describe('printed bounds', () => {
  test.each<[number, 'up' | 'down', string]>([
    [1.2031, 'up', '1.21'], [1.2031, 'down', '1.2'], [4, 'up', '4'], [3.9999, 'up', '4'], [3.9999, 'down', '3.99'], [9.999, 'up', '10'], [123456, 'up', '1.24e5'], [123456, 'down', '1.23e5'],
    [1 + 6.891e-7, 'up', '1 + 6.9e-7'], [1 + 6.891e-7, 'down', '1 + 6.89e-7'], [1 - 6.891e-7, 'up', '1 − 6.89e-7'], [1 - 6.891e-7, 'down', '1 − 6.9e-7'], [1, 'up', '1'], [0, 'up', '0'], [2.5e-4, 'up', '2.5e-4'],
  ])('%d rounded %s', (value, rounded, text) => expect(threeDigits(value, rounded)).toBe(text));

  test('never say more than was proved', () => {
    const random = new Random(3);
    for (let k = 0; k < 20_000; k++) {
      const value = k % 2 === 0 ? 10 ** (80 * random.uniform() - 40) : 1 + (random.uniform() - 0.5) * 10 ** -random.integer(1, 12);
      for (const rounded of ['up', 'down'] as const) {
        const [, one, sign, off] = /^(1) ([+−]) (\S+)$/.exec(threeDigits(value, rounded)) ?? [];
        // the distance from 1 is exact in f64 here, and so is the comparison
        const [said, truth] = one === undefined ? [Number(threeDigits(value, rounded)), value] : [(sign === '+' ? 1 : -1) * Number(off), value - 1];
        if (rounded === 'up') expect(said).toBeGreaterThanOrEqual(truth);
        else expect(said).toBeLessThanOrEqual(truth);
        expect(Math.abs(said - truth)).toBeLessThanOrEqual(0.011 * Math.abs(truth));
      }
    }
  });
});

describe('a plot in characters', () => {
  test('a straight line on the logarithmic axis, a flat one, and where they meet', () => {
    const points = (y: (x: number) => number) => Array.from({ length: 11 }, (_, k) => [k + 1, y(k)] as const);
    const lines = textPlot('gain', [{ name: 'leaves', points: points((k) => 10 ** k) }, { name: 'stays', points: points(() => 1) }]).split('\n');
    expect(lines[0]).toBe('gain: a leaves, b stays');
    expect(lines).toHaveLength(14);
    expect(lines[1]).toMatch(/^ {2}1e10 \| {40,}a+$/);
    expect(lines[11]).toMatch(/^ {3}1e0 \|\++b+$/);
    expect(lines[6]).toMatch(/^ {3}1e5 \| +a+$/);
    for (const line of lines.slice(1, 12)) expect(line.length).toBeLessThanOrEqual(8 + 61);
    expect(lines[13]).toMatch(/^ {8}1 +11$/);
  });

  test('what is not above 0 and finite is left out; nothing is said to be nothing', () => {
    const plot = textPlot('x', [{ name: 'n', points: [[1, 0], [2, Infinity], [3, NaN], [4, 5]] }]);
    expect(plot.match(/a/g)).toHaveLength(62); // the letter's name, and one line
    expect(textPlot('x', [{ name: 'n', points: [[1, 0]] }])).toBe('x: nothing to draw');
  });
});
