/** The dialects that bounds are attacked in: every preset once, and each variant in forms that reach its edges often. */
import { sinkhornPresets, sinkhornVjpPresets, type SinkhornDialect, type SinkhornVjpDialect } from '../../../src/operations/sinkhorn/dialect.ts';

/** Of several names for one dialect, the first. */
export function distinct<D>(presets: Readonly<Record<string, D>>): [string, D][] {
  const seen = new Set<string>();
  return Object.entries(presets).filter(([, dialect]) => {
    const key = JSON.stringify(Object.entries(dialect as object).toSorted(([a], [b]) => a.localeCompare(b)));
    return seen.has(key) ? false : seen.add(key) !== undefined;
  });
}

const paper = sinkhornPresets['paper']!;
const mhcCu = sinkhornPresets['mhc-cu']!;
const nucleus = sinkhornPresets['nucleus']!;

/** Thresholds that many lines are below, early stops at every stage, temperatures on both sides of 1, |L| with and without an ε. */
export const edges: [string, SinkhornDialect][] = [
  ['rows kept, columns zeroed, threshold 0.5', { ...mhcCu, epsilon: 0.5, iterations: 4 }],
  ['rows zeroed, columns kept, threshold 0.5', { ...mhcCu, epsilon: 0.5, iterations: 4, smallRows: 'zeroed', smallColumns: 'kept', lastNormalised: 'rows' }],
  ['both kept, threshold 0.9, softmax', { ...mhcCu, epsilon: 0.9, iterations: 7, smallColumns: 'kept', start: 'softmax', epsilonInStart: true, stabilisation: 'line-max' }],
  ['both zeroed, threshold 0.25, matrix maximum', { ...mhcCu, epsilon: 0.25, smallRows: 'zeroed', stabilisation: 'matrix-max' }],
  ['clamped at 0.8', { ...paper, divisor: 'clamp', epsilon: 0.8, iterations: 6 }],
  ['stops below 0.25', { ...paper, stopBelow: 0.25 }],
  ['stops below 1e-3, epsilon 1e-4', { ...sinkhornPresets['tilekernels']!, epsilon: 1e-4, stopBelow: 1e-3 }],
  ['log domain, stops below 1e-4', { ...sinkhornPresets['log-domain']!, stopBelow: 1e-4 }],
  ['temperature 0.3, linear', { ...sinkhornPresets['tilekernels']!, temperature: 0.3 }],
  ['temperature 7, matrix maximum, clamp', { ...sinkhornPresets['megatron-main']!, temperature: 7, stabilisation: 'matrix-max' }],
  ['|L|', { ...nucleus, epsilon: 0, epsilonInStart: false, divisor: 'plain', iterations: 5 }],
  ['|L/0.1| + 0.02', { ...nucleus, epsilon: 0.02, temperature: 0.1, lastNormalised: 'rows' }],
  ['|L| + 1e-3 below a threshold, stops below 0.01', { ...nucleus, divisor: 'threshold', smallRows: 'kept', smallColumns: 'zeroed', epsilon: 1e-3, stopBelow: 0.01 }],
];

export const attacked: [string, SinkhornDialect][] = [...distinct(sinkhornPresets), ...edges];

export const attackedBackwards: [string, SinkhornVjpDialect][] = [
  ...distinct(sinkhornVjpPresets),
  ...edges.flatMap(([name, dialect]): [string, SinkhornVjpDialect][] => {
    const unrolled: [string, SinkhornVjpDialect] = [name, { ...dialect, derivative: 'unrolled', slopeAtZero: dialect.start === 'absolute' && dialect.epsilonInStart ? -1 : 0 }];
    return dialect.start === 'absolute' || dialect.divisor === 'threshold' ? [unrolled] : [unrolled, [`${name}, implicit`, { ...dialect, derivative: 'implicit' }]];
  }),
];

/**
 * Logits [n·n] where variants decide: ±0, signs of all kinds, exponentials whose sums lie on and next to `threshold`, and matrices whose sums
 * are off 1 by about `stopBelow` after an iteration. `scale` multiplies what is random.
 */
export function decisive(n: number, round: number, dialect: SinkhornDialect, draw: () => number): Float64Array {
  const logits = Float64Array.from({ length: n * n }, () => draw() * dialect.temperature);
  const threshold = dialect.epsilon > 0 ? dialect.epsilon : 0.5;
  for (let i = 0; i < n * n; i++) {
    if (round % 5 === 0) logits[i] = [0, -0, logits[i]!, -logits[i]!][i % 4]!;
    // row 0 sums to the threshold, or a relative 2⁻²⁰ or 2⁻⁴⁸ beside it
    if (round % 5 === 1 && i < n) {
      const sum = threshold * (1 + [0, 2 ** -20, -(2 ** -20), 2 ** -48, -(2 ** -48)][(round / 5 | 0) % 5]!);
      logits[i] = (dialect.start === 'absolute' ? sum / n : Math.log(sum / n)) * dialect.temperature;
    }
    if (round % 5 === 2) logits[i] = logits[i]! * dialect.stopBelow; // nearly constant: the first sums decide
    if (round % 5 === 3 && i % n === 0) logits[i] = logits[i]! - 20 * dialect.temperature; // a small column
    if (round % 5 === 4 && i < n) logits[i] = dialect.start === 'absolute' ? 0 : logits[i]! - 14 * dialect.temperature; // a small row
  }
  return logits;
}
