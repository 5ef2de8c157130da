/** The contractions in double-double, on pairs of arrays; see `Accumulator` for the error. */
import { Accumulator } from '../../numerics/accumulator.ts';
import type { Values } from '../operation.ts';
import type { Algebra } from './algebra.ts';

/** Numbers hi[i] + lo[i]. */
export interface Pairs {
  readonly hi: Float64Array;
  readonly lo: Float64Array;
}

const accumulator = new Accumulator();

function start(s: Pairs, at: number): void {
  accumulator.clear();
  accumulator.addDoubleProduct(s.hi[at]!, s.lo[at]!, 1, 0);
}

function finish(s: Pairs, at: number): void {
  s.lo[at] = accumulator.lo;
  s.hi[at] = accumulator.hi;
}

export const preciseAlgebra: Algebra<Pairs> = {
  zeros: (length) => ({ hi: new Float64Array(length), lo: new Float64Array(length) }),
  fill(s, value) {
    s.hi.fill(value);
    s.lo.fill(0);
  },
  copy(from, fromAt, to, toAt, count) {
    to.hi.set(from.hi.subarray(fromAt, fromAt + count), toAt);
    to.lo.set(from.lo.subarray(fromAt, fromAt + count), toAt);
  },

  mix(out, outAt, rows, matrix, inner, x, xAt, channels) {
    const { data, at, row, column } = matrix;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < channels; c++) {
        start(out, outAt + r * channels + c);
        for (let j = 0; j < inner; j++) {
          const m = at + r * row + j * column;
          const s = xAt + j * channels + c;
          accumulator.addDoubleProduct(data.hi[m]!, data.lo[m]!, x.hi[s]!, x.lo[s]!);
        }
        finish(out, outAt + r * channels + c);
      }
    }
  },

  gram(out, a, aAt, rows, b, bAt, columns, channels) {
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < columns; k++) {
        const target = out.at + r * out.row + k * out.column;
        start(out.data, target);
        for (let c = 0; c < channels; c++) {
          const left = aAt + r * channels + c;
          const right = bAt + k * channels + c;
          accumulator.addDoubleProduct(a.hi[left]!, a.lo[left]!, b.hi[right]!, b.lo[right]!);
        }
        finish(out.data, target);
      }
    }
  },
};

/** Inputs as pairs; exact. */
export function toPairs(inputs: Values): Readonly<Record<string, Pairs>> {
  return Object.fromEntries(Object.entries(inputs).map(([name, hi]) => [name, { hi, lo: new Float64Array(hi.length) }]));
}

/** Outputs rounded to f64. */
export function fromPairs(outputs: Readonly<Record<string, Pairs>>): Values {
  return Object.fromEntries(Object.entries(outputs).map(([name, pairs]) => [name, pairs.hi]));
}
