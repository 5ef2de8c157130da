/**
 * Operators that give a matrix a structure for which kernels and their derivatives have paths of their own, or keep the one it has: lines of one number, masks, one entry alone, symmetry, and
 * what one input of a problem has from another (a gradient that picks the entry where the logits are largest or smallest).
 */
import type { Random } from '../generate/random.ts';

/** A port's numbers as rows × columns, flat; operators change them in place. */
export interface Matrix {
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** Another input of the same problem with as many numbers. */
  readonly beside?: Float64Array | undefined;
}

/** Others to cross with, of the same shape. */
export type Mate = Float64Array;
export type Operator = (matrix: Matrix, random: Random, mate: Mate | undefined) => void;

/** What is added to logits to take a line out of reach: beyond the ends of the exponential of f32, and usual round numbers. */
const masks = [88.8, 104, 110, 150, 1e3, 1e4];

/** Visits the places of a row or a column. */
export function alongLine({ rows, columns }: Matrix, random: Random, visit: (at: number) => void): void {
  const row = rows === 1 || (columns > 1 && random.below(2) === 0);
  const line = random.below(row ? rows : columns);
  const [first, step, length] = row ? [line * columns, 1, columns] : [line, columns, rows];
  for (let k = 0; k < length; k++) visit(first + k * step);
}

/** The places of one line, a row or a column. */
function lineOf(matrix: Matrix, random: Random): number[] {
  const places: number[] = [];
  alongLine(matrix, random, (at) => places.push(at));
  return places;
}

/** A place drawn, or where another input is largest or smallest. */
function placeOf({ values, beside }: Matrix, random: Random): number {
  if (beside === undefined || random.below(3) === 0) return random.below(values.length);
  const sign = random.sign();
  let place = 0;
  for (let k = 1; k < beside.length; k++) if (sign * beside[k]! > sign * beside[place]!) place = k;
  return place;
}

/** Zero in all places that are not to be kept. */
function mask(values: Float64Array, keeps: (at: number) => boolean): void {
  for (let at = 0; at < values.length; at++) if (!keeps(at)) values[at] = 0;
}

export const patterns: readonly Operator[] = [
  // a line of one of its numbers
  (matrix, random) => {
    const places = lineOf(matrix, random);
    const value = matrix.values[random.pick(places)]!;
    for (const at of places) matrix.values[at] = value;
  },
  // one entry alone, or one alone in its line
  (matrix, random) => {
    const { values } = matrix;
    const kept = placeOf(matrix, random);
    const value = values[kept] === 0 ? random.sign() : random.below(2) === 0 ? values[kept]! : -values[kept]!;
    const line = random.below(4) === 0 ? new Set(lineOf(matrix, random)) : undefined;
    mask(values, (at) => at === kept || line?.has(at) === false);
    values[kept] = value;
  },
  // a mask: some places, the diagonal or what is not on it, a triangle, the zeros of another input
  ({ values, rows, columns, beside }, random) => {
    const on = (at: number): number => Math.floor(at / columns) - (at % columns);
    switch (random.below(beside === undefined ? 4 : 5)) {
      case 0: return mask(values, () => random.below(2) === 0);
      case 1: return rows === columns ? mask(values, (at) => on(at) === 0) : undefined;
      case 2: return rows === columns ? mask(values, (at) => on(at) !== 0) : undefined;
      case 3: return mask(values, (at) => on(at) >= 0);
      default: return mask(values, (at) => beside![at] !== 0);
    }
  },
  // a line out of reach of the others, as a mask is added to logits: below them, or above
  (matrix, random) => {
    const by = (random.below(4) === 0 ? 1 : -1) * random.pick(masks);
    for (const at of lineOf(matrix, random)) matrix.values[at] = matrix.values[at]! + by;
  },
  // two entries across the diagonal, or a line and the column that it meets there, become equal
  ({ values, rows, columns }, random) => {
    if (rows !== columns || rows < 2) return;
    const i = random.below(rows);
    const one = random.below(2) === 0 ? random.below(rows) : -1;
    for (let j = 0; j < rows; j++) if (one === -1 || j === one) values[j * rows + i] = values[i * rows + j]!;
  },
  // an entry and the one across the diagonal become the same power of two or a number that is there
  ({ values, rows, columns }, random) => {
    if (rows !== columns) return;
    const [i, j] = [random.below(rows), random.below(rows)];
    const value = random.below(2) === 0 ? values[random.below(values.length)]! : random.sign() * 2 ** random.integer(-4, 7);
    values[i * rows + j] = values[j * rows + i] = value;
  },
  // what another input has, with its sign or the other, in a line or everywhere
  (matrix, random) => {
    const { values, beside } = matrix;
    if (beside === undefined) return;
    const sign = random.sign();
    for (const at of random.below(2) === 0 ? lineOf(matrix, random) : values.keys()) values[at] = sign * beside[at]!;
  },
];
