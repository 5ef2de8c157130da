/**
 * Running error analysis (Higham, Accuracy and Stability, §3.3): every number carries how far a kernel's may be from ours, step by step.
 *
 *   product    |âb̂ − ab| ≤ |a|·Δb + |b|·Δa + Δa·Δb, and the kernel's term is at most (|a| + Δa)·(|b| + Δb): its magnitude
 *   sum        closed with k roundings: Δ += ((1+u)^k·(1+2⁻⁵³)^k − 1)·Σ magnitudes, in any order, with or without fused multiply-adds (ours rounds as often),
 *              fewer for the kernel where it declares how many additions a term passes,
 *              and k·U for underflow, U the arithmetic's smallest result (twice where results are flushed: the products', the sums')
 *   store      Δ += u_s·(|x| + Δ) + U_s where the arithmetic's storage is coarser than what it computes in
 *   TF32       where the dialect says how a number is rounded, what the ends of x ± Δ are rounded to: roundings are monotone, so most Δ vanish and few become a
 *              step of 2⁻¹⁰; else a unit of 2⁻¹⁰: both numbers rounded to nearest, or one of them cut
 *   function   its own error and its largest difference over x ± Δ (elementary.ts)
 *   Sinkhorn   its own bound with logits that are off by Δ (trajectory.ts), its derivative's with cotangents that are off as well (token-vjp.ts)
 *
 * Nothing is dropped, so there is no second-order term to argue about; what is lost is cancellation between errors, which in these short chains costs a
 * small factor. The f64 evaluation of the bound itself is covered by 1 + 2⁻³⁰ at every close (fewer than 2²⁰ terms, each of some roundings of 2⁻⁵³).
 * An infinite error claims nothing: where a magnitude passes what the arithmetic can hold, where a function has no bound, and all that follows from it.
 */
import { computeUnit, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { compound } from '../../numerics/compound.ts';
import { maxFinite, minNormal } from '../../tensor/dtype.ts';
import type { SinkhornDialect, SinkhornVjpDialect } from '../sinkhorn/dialect.ts';
import { sinkhornReference } from '../sinkhorn/reference.ts';
import { TokenForward } from '../sinkhorn/token-forward.ts';
import { TokenVjp } from '../sinkhorn/token-vjp.ts';
import type { Strided } from '../streams/algebra.ts';
import { storageUnderflow, storageUnit } from '../streams/multilinear.ts';
import type { Calculus, Elementary } from './calculus.ts';
import { tf32, tf32Underflow, tf32Unit, type TensorFloat } from './tf32.ts';

const slack = 1 + 2 ** -30;

/** Numbers, how far a kernel's may be from each, and the sum of the magnitudes of the terms that it is made of. */
export interface Errors {
  readonly value: Float64Array;
  readonly radius: Float64Array;
  readonly magnitude: Float64Array;
}

export class RunningCalculus implements Calculus<Errors> {
  private readonly arithmetic: Arithmetic;
  private readonly underflow: number;
  private readonly largest: number;
  private readonly growths = new Map<string, number>();
  private readonly forwards = new Map<SinkhornDialect, TokenForward>();
  private readonly backwards = new Map<SinkhornVjpDialect, TokenVjp>();

  constructor(arithmetic: Arithmetic) {
    this.arithmetic = arithmetic;
    this.underflow = (arithmetic.flushToZero ? 2 : 1) * underflowUnit(arithmetic) + 2 ** -1074;
    this.largest = Math.min(maxFinite[arithmetic.compute], maxFinite[arithmetic.storage]) / 2;
  }

  /** Inputs are the same numbers for the kernel and for us, except that a kernel that flushes may read a subnormal one as zero. */
  input(values: Float64Array): Errors {
    const threshold = this.arithmetic.flushToZero ? minNormal[this.arithmetic.compute] : 0;
    const magnitude = values.map(Math.abs);
    return { value: values, radius: magnitude.map((size) => (size < threshold ? size : 0)), magnitude };
  }

  zeros(length: number): Errors {
    return { value: new Float64Array(length), radius: new Float64Array(length), magnitude: new Float64Array(length) };
  }

  fill(s: Errors, value: number): void {
    s.value.fill(value);
    s.radius.fill(0);
    s.magnitude.fill(Math.abs(value));
  }

  copy(from: Errors, fromAt: number, to: Errors, toAt: number, count: number): void {
    for (const part of ['value', 'radius', 'magnitude'] as const) to[part].set(from[part].subarray(fromAt, fromAt + count), toAt);
  }

  mix(out: Errors, outAt: number, rows: number, matrix: Strided<Errors>, inner: number, x: Errors, xAt: number, channels: number): void {
    const { data, at, row, column } = matrix;
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < inner; j++) this.row(out, outAt + r * channels, data, at + r * row + j * column, 0, x, xAt + j * channels, channels);
    }
  }

  gram(out: Strided<Errors>, a: Errors, aAt: number, rows: number, b: Errors, bAt: number, columns: number, channels: number): void {
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < columns; k++) this.dot(out.data, out.at + r * out.row + k * out.column, a, aAt + r * channels, b, bAt + k * channels, channels);
    }
  }

  multiply(out: Errors, outAt: number, a: Errors, aAt: number, b: Errors, bAt: number, count: number): void {
    this.row(out, outAt, a, aAt, 1, b, bAt, count);
  }

  scale(out: Errors, outAt: number, factor: Errors, sAt: number, x: Errors, xAt: number, count: number): void {
    this.row(out, outAt, factor, sAt, 0, x, xAt, count);
  }

  add(out: Errors, outAt: number, x: Errors, xAt: number, count: number, c = 1): void {
    const size = Math.abs(c);
    for (let i = 0; i < count; i++) {
      const value = x.value[xAt + i]!;
      const radius = x.radius[xAt + i]!;
      out.value[outAt + i]! += c * value;
      out.radius[outAt + i]! += size * radius;
      out.magnitude[outAt + i]! += size * (Math.abs(value) + radius);
    }
  }

  shift(x: Errors, at: number, count: number, c: number): void {
    const size = Math.abs(c);
    const rounded = size * (computeUnit(this.arithmetic) + 2 ** -53);
    for (let i = at; i < at + count; i++) {
      x.value[i]! += c;
      x.radius[i]! += rounded;
      x.magnitude[i]! += size + rounded;
    }
  }

  close(x: Errors, at: number, count: number, roundings: number, terms = 0, stores = 0): void {
    const growth = this.growth(roundings, terms, stores);
    const underflow = (roundings + terms) * this.underflow;
    for (let i = at; i < at + count; i++) {
      const magnitude = x.magnitude[i]!;
      const radius = (x.radius[i]! + growth * magnitude + underflow) * slack;
      x.radius[i] = magnitude + radius < this.largest ? radius : Infinity;
      x.magnitude[i] = Math.abs(x.value[i]!) + x.radius[i]!;
    }
  }

  store(x: Errors, at: number, count: number): void {
    const unit = storageUnit(this.arithmetic, this.arithmetic.storage);
    if (unit === 0) return;
    const underflow = storageUnderflow(this.arithmetic, this.arithmetic.storage);
    for (let i = at; i < at + count; i++) {
      x.radius[i] = (x.radius[i]! + unit * x.magnitude[i]! + underflow) * slack;
      x.magnitude[i] = Math.abs(x.value[i]!) + x.radius[i]!;
    }
  }

  tensorCore(x: Errors, at: number, count: number, rounding: TensorFloat): void {
    for (let i = at; i < at + count; i++) {
      const value = x.value[i]!;
      const radius = x.radius[i]!;
      const size = Math.abs(value) + radius;
      const rounded = tf32(value, rounding);
      x.value[i] = rounded;
      if (rounding === 'any') {
        // neither how it rounds nor which of x, x·r and x·r·w is rounded
        if (size > 0) x.radius[i] = (radius + 2 * tf32Unit * size + tf32Underflow) * slack;
      } else if (radius > 0) {
        const reach = radius + 2 ** -50 * size;
        x.radius[i] = Math.max(tf32(value + reach, rounding) - rounded, rounded - tf32(value - reach, rounding));
      }
      x.magnitude[i] = Math.abs(x.value[i]!) + x.radius[i]!;
    }
  }

  apply(out: Errors, outAt: number, x: Errors, xAt: number, count: number, f: Elementary): void {
    for (let i = 0; i < count; i++) {
      const value = x.value[xAt + i]!;
      this.set(out, outAt + i, f.float64(value), f.error(value, x.radius[xAt + i]!, this.arithmetic));
    }
  }

  sinkhorn(out: Errors, outAt: number, logits: Errors, logitsAt: number, n: number, dialect: SinkhornDialect): void {
    const bound = this.forwards.get(dialect) ?? new TokenForward(n, dialect, this.arithmetic);
    this.forwards.set(dialect, bound);
    const values = sinkhornReference(logits.value.subarray(logitsAt, logitsAt + n * n), 1, n, dialect);
    const holds = bound.prepare(logits.value, logitsAt, logits.radius, logitsAt);
    for (let i = 0; i < n * n; i++) this.set(out, outAt + i, values[i]!, holds ? bound.errorOf(values[i]!, i) : Infinity);
  }

  sinkhornVjp(out: Errors, outAt: number, logits: Errors, logitsAt: number, cotangent: Errors, cotangentAt: number, n: number, dialect: SinkhornVjpDialect): void {
    const bound = this.backwards.get(dialect) ?? new TokenVjp(n, dialect, this.arithmetic);
    this.backwards.set(dialect, bound);
    const part = (array: Float64Array, at: number): Float64Array => array.subarray(at, at + n * n);
    const holds = bound.prepare(logits.value, logitsAt, cotangent.value, cotangentAt, part(logits.radius, logitsAt), part(cotangent.radius, cotangentAt));
    for (let i = 0; i < n * n; i++) this.set(out, outAt + i, bound.gradient[i]!, holds ? bound.errorOf(i) : Infinity);
  }

  private set(out: Errors, at: number, value: number, radius: number): void {
    out.value[at] = value;
    out.radius[at] = Math.abs(value) + radius * slack < this.largest ? radius * slack : Infinity;
    out.magnitude[at] = Math.abs(value) + out.radius[at];
  }

  /** out[i] += a[i·step]·b[i]. */
  private row(out: Errors, outAt: number, a: Errors, aAt: number, step: 0 | 1, b: Errors, bAt: number, count: number): void {
    const { value, radius, magnitude } = out;
    for (let i = 0; i < count; i++) {
      const left = a.value[aAt + i * step]!;
      const leftRadius = a.radius[aAt + i * step]!;
      const right = b.value[bAt + i]!;
      const rightSize = Math.abs(right) + b.radius[bAt + i]!;
      value[outAt + i]! += left * right;
      radius[outAt + i]! += Math.abs(left) * b.radius[bAt + i]! + leftRadius * rightSize;
      magnitude[outAt + i]! += (Math.abs(left) + leftRadius) * rightSize;
    }
  }

  /** out += Σ a[c]·b[c]. */
  private dot(out: Errors, at: number, a: Errors, aAt: number, b: Errors, bAt: number, count: number): void {
    let value = 0;
    let radius = 0;
    let magnitude = 0;
    for (let c = 0; c < count; c++) {
      const left = a.value[aAt + c]!;
      const leftRadius = a.radius[aAt + c]!;
      const right = b.value[bAt + c]!;
      const rightSize = Math.abs(right) + b.radius[bAt + c]!;
      value += left * right;
      radius += Math.abs(left) * b.radius[bAt + c]! + leftRadius * rightSize;
      magnitude += (Math.abs(left) + leftRadius) * rightSize;
    }
    out.value[at]! += value;
    out.radius[at]! += radius;
    out.magnitude[at]! += magnitude;
  }

  private growth(roundings: number, terms: number, stores: number): number {
    const { arithmetic } = this;
    const kernel = roundings + Math.min(terms, arithmetic.additions ?? terms);
    const ours = roundings + terms;
    const key = `${kernel} ${ours} ${stores}`;
    const known = this.growths.get(key);
    if (known !== undefined) return known;
    const growth = compound([kernel, computeUnit(arithmetic)], [ours, 2 ** -53], [stores, storageUnit(arithmetic, arithmetic.storage)]);
    this.growths.set(key, growth);
    return growth;
  }
}
