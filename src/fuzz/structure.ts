/**
 * The structure of a problem, in a few numbers each: what sort of lines a matrix has, how sparse and how near to symmetric it is, and what two inputs of one shape have to do with each other. Kernels
 * have paths for such structure (a row of one number, a mask, a gradient that picks one entry), and each number grades the way there: one more line of a sort, one zero more, one pair less that
 * is unequal, so that the pool keeps every step.
 */
import { few } from './grades.ts';

/** What is read off the entries of a matrix. */
export interface Structure {
  /** Numbers that are not zero: exact while they are few, then in steps. */
  nonZero: number;
  /** Signs among them: 1 positive, 2 negative, 3 both. */
  signs: number;
  /** Of a square matrix: pairs across the diagonal that differ, and entries off it that are not zero, at most 7 each. */
  unequal: number;
  offDiagonal: number;
}

const found: Structure = { nonZero: 0, signs: 0, unequal: 0, offDiagonal: 0 };

/** The structure of a rows × columns matrix at `at`, whose rows are `stride` apart. The record is reused by the next call. */
export function structureOf(values: Float64Array, at: number, rows: number, columns: number, stride: number): Structure {
  let [nonZero, signs, unequal, off] = [0, 0, 0, 0];
  const square = rows === columns && rows > 1;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = values[at + i * stride + j]!;
      if (value !== 0) {
        nonZero++;
        signs |= value > 0 ? 1 : 2;
        if (i !== j) off++;
      }
      if (square && j < i && value !== values[at + j * stride + i]) unequal++;
    }
  }
  found.nonZero = few(nonZero);
  found.signs = signs;
  found.unequal = square ? Math.min(unequal, 7) : 7;
  found.offDiagonal = square ? Math.min(off, 7) : 7;
  return found;
}

/**
 * What the numbers b have to do with as many numbers a: whether b is largest in magnitude where a is largest (1) or smallest (2), whether both are zero in the same places (4) or nowhere at once
 * with zeros in both (8), and how many of b are zero except there (16: all of them).
 */
export function relationOf(a: Float64Array, atA: number, b: Float64Array, atB: number, length: number): number {
  let [high, low, most, peak] = [-Infinity, Infinity, -1, 0];
  let [bothZero, zeroA, zeroB, nonZeroB] = [0, 0, 0, 0];
  for (let k = 0; k < length; k++) {
    const [x, y] = [a[atA + k]!, b[atB + k]!];
    if (x > high) high = x;
    if (x < low) low = x;
    if (Math.abs(y) > most) {
      most = Math.abs(y);
      peak = k;
    }
    if (x === 0) zeroA++;
    if (y === 0) zeroB++;
    else nonZeroB++;
    if (x === 0 && y === 0) bothZero++;
  }
  const there = a[atA + peak]!;
  const zeros = zeroA === 0 || zeroB === 0 ? 0 : bothZero === zeroA && bothZero === zeroB ? 4 : bothZero === 0 ? 8 : 0;
  return (there === high ? 1 : 0) + (there === low ? 2 : 0) + zeros + (nonZeroB === 1 ? 16 : 0);
}
