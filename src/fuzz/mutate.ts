/**
 * Children of problems: operators on the numbers of one port, seen as a matrix, from structural ones (ties, lines, orders, mates; more of them in patterns.ts) to single bits of single floats. The dictionary holds the gaps
 * at which an exponential of f32 becomes subnormal, underflows, overflows or is lost beside 1 or ε: where kernels and their authors' assumptions part. `difference` is the step of differential
 * evolution (Storn & Price, 1997); see README.md for why it is here and no optimiser from a library.
 */
import type { Random } from '../generate/random.ts';
import { alongLine, patterns, type Mate, type Matrix, type Operator } from './patterns.ts';

const gaps = [16.635532, 17.328679, 13.815511, 18.420681, 20.723266, 87.33654, 88.02969, 88.72284, 88.72283, 89, 102.6, 103.27893, 103.97208, 103.972084, 104, 127, 128, 149, 150];
const specials = [0, -0, 1, -1, 2, 0.5, 2 ** -149, -(2 ** -149), 2 ** -126, -(2 ** -126), 2 ** -130, 2 ** -24, 1 + 2 ** -23, 1 - 2 ** -24, 1e-6, 16, 64, 88, -88, 100, 128, -128, 1000, -1000];
const float = new Float32Array(1);
const word = new Int32Array(float.buffer);

/** Changes one number. */
function one(change: (value: number, random: Random, matrix: Matrix, at: number) => number): Operator {
  return (matrix, random) => {
    const at = random.below(matrix.values.length);
    matrix.values[at] = change(matrix.values[at]!, random, matrix, at);
  };
}

/** Changes the numbers of one line, or of all of them. */
function some(change: (random: Random) => (value: number) => number): Operator {
  return (matrix, random) => {
    const to = change(random);
    const { values } = matrix;
    if (random.below(4) === 0) for (let at = 0; at < values.length; at++) values[at] = to(values[at]!);
    else alongLine(matrix, random, (at) => (values[at] = to(values[at]!)));
  };
}

function rowMaximum({ values, columns }: Matrix, at: number, without: number): number {
  const first = at - (at % columns);
  let max = -Infinity;
  for (let k = first; k < first + columns; k++) if (k !== without && values[k]! > max) max = values[k]!;
  return max === -Infinity ? 0 : max;
}

function span(values: Float64Array): number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high > low ? high - low : Math.max(1, Math.abs(high));
}

function bitsOf(value: number, change: (bits: number) => number): number {
  float[0] = value;
  word[0] = change(word[0]!);
  return float[0];
}

const step = (random: Random): number => random.sign() * random.integer(1, 4);

const numbers: readonly Operator[] = [
  one((_, random) => random.pick(specials)),
  one((_, random, { values }) => values[random.below(values.length)]!),
  one((_, _random, matrix, at) => rowMaximum(matrix, at, at)),
  one((_, random, matrix, at) => bitsOf(rowMaximum(matrix, at, at) - random.pick(gaps), (bits) => bits + (random.below(2) === 0 ? 0 : step(random)))),
  one((_, random, matrix, at) => rowMaximum(matrix, at, at) - random.uniform() * 110),
  one((value, random, { values }) => value + span(values) * random.normal() * 2 ** -random.integer(0, 12)),
  one((value, random) => bitsOf(value, (bits) => (bits & ~(255 << 23)) | (random.integer(0, 143) << 23))), // any exponent up to 2¹⁶
  one((value) => -value),
  one((value, _random, { values, columns }, at) => {
    const first = at - (at % columns);
    return value - values.subarray(first, first + columns).reduce((sum, other) => sum + other, 0);
  }),
];

const bitsAlone: readonly Operator[] = [
  one((value, random) => bitsOf(value, (bits) => bits + step(random))),
  one((value, random) => bitsOf(value, (bits) => bits ^ (1 << random.below(31)))),
  one((value, random) => bitsOf(value, (bits) => bits & ~((1 << random.integer(1, 22)) - 1))),
  one((value, random) => bitsOf(value, (bits) => bits | ((1 << random.integer(1, 23)) - 1))), // where rounding to fewer bits carries
];

const structure: readonly Operator[] = [
  some((random) => (random.below(2) === 0 ? (value) => value * 2 : (value) => value / 2)),
  some((random) => {
    const factor = 1 + random.normal() / 4;
    return (value) => value * factor;
  }),
  some((random) => {
    const by = random.below(2) === 0 ? random.sign() * random.pick(gaps) : 4 * random.normal();
    return (value) => value + by;
  }),
  some((random) => {
    const to = random.pick(specials);
    return () => to;
  }),
  some(() => (value) => Math.round(value)),
  some(() => (value) => bitsOf(value, (bits) => bits & ~0xffff)), // what bf16 holds
  (matrix, random) => lines(matrix, random, (a, b, values) => ([values[a], values[b]] = [values[b]!, values[a]!])),
  (matrix, random) => lines(matrix, random, (a, b, values) => (values[b] = values[a]!)),
  ({ values, rows, columns }) => {
    if (rows === columns) for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) [values[i * rows + j], values[j * rows + i]] = [values[j * rows + i]!, values[i * rows + j]!];
  },
  ({ values, rows, columns }) => {
    if (rows === columns) for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) values[i * rows + j] = values[j * rows + i]!;
  },
  ({ values }, random) => {
    const size = span(values) * 2 ** -random.integer(0, 16);
    for (let k = 0; k < values.length; k++) values[k] = values[k]! + size * random.normal();
  },
];

/** Exchanges or copies two rows or two columns. */
function lines({ values, rows, columns }: Matrix, random: Random, act: (a: number, b: number, values: Float64Array) => void): void {
  const ofRows = rows > 1 && random.below(2) === 0;
  const count = ofRows ? rows : columns;
  const [a, b] = [random.below(count), random.below(count)];
  for (let k = 0; k < (ofRows ? columns : rows); k++) act(ofRows ? a * columns + k : k * columns + a, ofRows ? b * columns + k : k * columns + b, values);
}

const crossing: readonly Operator[] = [
  (matrix, random, mate) => {
    if (mate !== undefined) alongLine(matrix, random, (at) => (matrix.values[at] = mate[at]!));
  },
  ({ values }, random, mate) => {
    if (mate !== undefined) for (let k = 0; k < values.length; k++) if (random.bits() & 1) values[k] = mate[k]!;
  },
  ({ values }, random, mate) => {
    if (mate === undefined) return;
    const share = random.uniform();
    for (let k = 0; k < values.length; k++) values[k] = values[k]! + share * (mate[k]! - values[k]!);
  },
];

const groups: readonly (readonly Operator[])[] = [numbers, numbers, structure, patterns, crossing, bitsAlone];

/** Applies one to four operators, more rarely many, and keeps every number within ±`limit`. Never leaves a number that is not finite. */
export function mutate(matrix: Matrix, random: Random, mate: Mate | undefined, limit: number): void {
  if (matrix.values.length === 0) return;
  const many = random.below(8) === 0 ? random.integer(4, 10) : random.integer(1, 3);
  for (let k = 0; k < many; k++) random.pick(random.pick(groups))(matrix, random, mate);
  hold(matrix.values, limit);
}

/** child = best + F·(a − b) in some places, the step of differential evolution. */
export function difference(child: Float64Array, a: Float64Array, b: Float64Array, random: Random, limit: number): void {
  const weight = 0.3 + 0.7 * random.uniform();
  const share = random.uniform();
  for (let k = 0; k < child.length; k++) if (random.uniform() < share) child[k] = child[k]! + weight * (a[k]! - b[k]!);
  hold(child, limit);
}

function hold(values: Float64Array, limit: number): void {
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (!(Math.abs(value) <= limit)) values[k] = value < 0 ? -limit : value > 0 ? limit : 0; // NaN becomes 0
  }
}
