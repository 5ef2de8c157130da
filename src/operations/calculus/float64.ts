/** The calculus in f64: the reference. */
import { sinkhornReference } from '../sinkhorn/reference.ts';
import { referenceVjp } from '../sinkhorn/vjp-batch.ts';
import { float64Algebra } from '../streams/algebra.ts';
import type { Calculus } from './calculus.ts';
import { tf32 } from './tf32.ts';

export const float64Calculus: Calculus<Float64Array> = {
  ...float64Algebra,
  close: () => undefined,
  store: () => undefined,
  tensorCore(x, at, count, rounding) {
    for (let i = at; i < at + count; i++) x[i] = tf32(x[i]!, rounding);
  },
  multiply(out, outAt, a, aAt, b, bAt, count) {
    for (let i = 0; i < count; i++) out[outAt + i]! += a[aAt + i]! * b[bAt + i]!;
  },
  scale(out, outAt, factor, sAt, x, xAt, count) {
    const s = factor[sAt]!;
    for (let i = 0; i < count; i++) out[outAt + i]! += s * x[xAt + i]!;
  },
  add(out, outAt, x, xAt, count, c = 1) {
    for (let i = 0; i < count; i++) out[outAt + i]! += c * x[xAt + i]!;
  },
  shift(x, at, count, c) {
    for (let i = 0; i < count; i++) x[at + i]! += c;
  },
  apply(out, outAt, x, xAt, count, f) {
    for (let i = 0; i < count; i++) out[outAt + i] = f.float64(x[xAt + i]!);
  },
  sinkhorn(out, outAt, logits, logitsAt, n, dialect) {
    out.set(sinkhornReference(logits.subarray(logitsAt, logitsAt + n * n), 1, n, dialect), outAt);
  },
  sinkhornVjp(out, outAt, logits, logitsAt, cotangent, cotangentAt, n, dialect) {
    const size = n * n;
    out.set(referenceVjp(logits.subarray(logitsAt, logitsAt + size), cotangent.subarray(cotangentAt, cotangentAt + size), 1, n, dialect), outAt);
  },
};
