/**
 * The two contractions that all stream and stack operations consist of, over some storage of numbers: f64 arrays here (the
 * reference, and the magnitudes in bounds), pairs of them in `precise-algebra.ts`. Both add to what the output holds.
 */

/** A matrix inside an array: entry (r, c) is at `at` + r·`row` + c·`column`. */
export interface Strided<S> {
  readonly data: S;
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

export interface Algebra<S> {
  zeros(length: number): S;
  fill(s: S, value: number): void;
  /** Copies `count` numbers. */
  copy(from: S, fromAt: number, to: S, toAt: number, count: number): void;
  /** out[r, c] += Σ_j matrix[r, j]·x[j, c] for `rows` rows of `channels` channels. */
  mix(out: S, outAt: number, rows: number, matrix: Strided<S>, inner: number, x: S, xAt: number, channels: number): void;
  /** out[r, k] += Σ_c a[r, c]·b[k, c]. */
  gram(out: Strided<S>, a: S, aAt: number, rows: number, b: S, bAt: number, columns: number, channels: number): void;
}

/** The effective mapping of a residual mapping that starts at `at`: itself, or its transpose. */
export function oriented<S>(data: S, at: number, n: number, orientation: 'plain' | 'transposed'): Strided<S> {
  return orientation === 'plain' ? { data, at, row: n, column: 1 } : { data, at, row: 1, column: n };
}

export function transposed<S>(matrix: Strided<S>): Strided<S> {
  return { ...matrix, row: matrix.column, column: matrix.row };
}

export const float64Algebra: Algebra<Float64Array> = {
  zeros: (length) => new Float64Array(length),
  fill: (s, value) => void s.fill(value),
  copy: (from, fromAt, to, toAt, count) => to.set(from.subarray(fromAt, fromAt + count), toAt),

  mix(out, outAt, rows, matrix, inner, x, xAt, channels) {
    const { data, at, row, column } = matrix;
    for (let r = 0; r < rows; r++) {
      const target = outAt + r * channels;
      for (let j = 0; j < inner; j++) {
        const factor = data[at + r * row + j * column]!;
        const source = xAt + j * channels;
        for (let c = 0; c < channels; c++) out[target + c]! += factor * x[source + c]!;
      }
    }
  },

  gram(out, a, aAt, rows, b, bAt, columns, channels) {
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < columns; k++) {
        let sum = 0;
        const left = aAt + r * channels;
        const right = bAt + k * channels;
        for (let c = 0; c < channels; c++) sum += a[left + c]! * b[right + c]!;
        out.data[out.at + r * out.row + k * out.column]! += sum;
      }
    }
  },
};
