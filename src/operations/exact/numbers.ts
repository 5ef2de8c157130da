/** Numbers of 100 decimal digits (mathjs), and small matrices of them. */
import { bignumberDependencies, create, type BigNumber } from 'mathjs';

const math = create({ bignumberDependencies: bignumberDependencies! }, { precision: 100 });

export type Matrix = readonly (readonly BigNumber[])[];

const words = new DataView(new ArrayBuffer(8));
const two = math.bignumber(2);
export const zero = math.bignumber(0);

/** The f64 itself, to 100 digits (integers below 2³³² are exact). The library's own conversion reads the shortest decimal that rounds to it, which is another number. */
export function exactly(x: number): BigNumber {
  if (Number.isSafeInteger(x) || !Number.isFinite(x)) return math.bignumber(String(x));
  words.setFloat64(0, x);
  const high = words.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  const fraction = (high & 0xfffff) * 2 ** 32 + words.getUint32(4);
  const mantissa = math.bignumber(String(biased === 0 ? fraction : fraction + 2 ** 52));
  const magnitude = mantissa.times(two.pow(Math.max(biased, 1) - 1075));
  return x < 0 ? magnitude.neg() : magnitude;
}

export function sum(terms: readonly BigNumber[]): BigNumber {
  return terms.reduce((total, term) => total.plus(term), zero);
}

export function largest(values: readonly BigNumber[]): BigNumber {
  return values.reduce((most, value) => (value.gt(most) ? value : most));
}

/** rows × columns numbers of a flat row-major array, from `at`. */
export function matrixFrom(values: Float64Array, rows: number, columns: number, at = 0): Matrix {
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (__, c) => exactly(values[at + r * columns + c]!)));
}

export function map(matrix: Matrix, change: (value: BigNumber, row: number, column: number) => BigNumber): Matrix {
  return matrix.map((row, r) => row.map((value, c) => change(value, r, c)));
}

export function transpose(matrix: Matrix): Matrix {
  return (matrix[0] ?? []).map((_, c) => matrix.map((row) => row[c]!));
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  const columns = transpose(b);
  return a.map((row) => columns.map((column) => sum(row.map((value, k) => value.times(column[k]!)))));
}

export function plus(a: Matrix, b: Matrix): Matrix {
  return map(a, (value, r, c) => value.plus(b[r]![c]!));
}
