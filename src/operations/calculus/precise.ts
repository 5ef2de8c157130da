/** The calculus in double-double, for borderline verdicts: everything but the derivative of Sinkhorn, which is exact to f64 rounding (`preciseVjp`). */
import * as dd from '../../numerics/double-double.ts';
import { doubleDoubleField } from '../../numerics/field.ts';
import { sinkhornOver } from '../sinkhorn/generic.ts';
import { preciseVjp } from '../sinkhorn/sinkhorn-vjp.ts';
import { preciseAlgebra, type Pairs } from '../streams/precise-algebra.ts';
import type { Calculus } from './calculus.ts';
import { tf32 } from './tf32.ts';

function at(s: Pairs, i: number): dd.DoubleDouble {
  return { hi: s.hi[i]!, lo: s.lo[i]! };
}

function put(s: Pairs, i: number, value: dd.DoubleDouble): void {
  s.hi[i] = value.hi;
  s.lo[i] = value.lo;
}

function increase(s: Pairs, i: number, value: dd.DoubleDouble): void {
  put(s, i, dd.add(at(s, i), value));
}

export const preciseCalculus: Calculus<Pairs> = {
  ...preciseAlgebra,
  close: () => undefined,
  store: () => undefined,
  tensorCore(x, from, count, rounding) {
    if (rounding === 'any') return;
    for (let i = from; i < from + count; i++) put(x, i, dd.of(tf32(x.hi[i]!, rounding)));
  },
  multiply(out, outAt, a, aAt, b, bAt, count) {
    for (let i = 0; i < count; i++) increase(out, outAt + i, dd.mul(at(a, aAt + i), at(b, bAt + i)));
  },
  scale(out, outAt, factor, sAt, x, xAt, count) {
    const s = at(factor, sAt);
    for (let i = 0; i < count; i++) increase(out, outAt + i, dd.mul(s, at(x, xAt + i)));
  },
  add(out, outAt, x, xAt, count, c = 1) {
    for (let i = 0; i < count; i++) increase(out, outAt + i, dd.mul(dd.of(c), at(x, xAt + i)));
  },
  shift(x, from, count, c) {
    for (let i = from; i < from + count; i++) increase(x, i, dd.of(c));
  },
  apply(out, outAt, x, xAt, count, f) {
    for (let i = 0; i < count; i++) put(out, outAt + i, f.precise(at(x, xAt + i)));
  },
  sinkhorn(out, outAt, logits, logitsAt, n, dialect) {
    const values = Array.from({ length: n * n }, (_, i) => at(logits, logitsAt + i));
    sinkhornOver(doubleDoubleField, values, n, dialect).forEach((value, i) => put(out, outAt + i, value));
  },
  sinkhornVjp(out, outAt, logits, logitsAt, cotangent, cotangentAt, n, dialect) {
    const part = (s: Pairs, from: number): Float64Array => s.hi.subarray(from, from + n * n);
    const inputs = { logits: part(logits, logitsAt), cotangent: part(cotangent, cotangentAt) };
    preciseVjp(inputs, { tokens: 1, streams: n, channels: 1, depth: 1 }, dialect).forEach((value, i) => put(out, outAt + i, dd.of(value)));
  },
};
