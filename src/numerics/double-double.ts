/**
 * Double-double arithmetic: a number is the unevaluated sum hi + lo of two f64 with |lo| ≤ ulp(hi)/2, about 106 bits.
 * It decides borderline verdicts, one token at a time, so values are small immutable objects.
 *
 * Relative error bounds, with u = 2⁻⁵³, for finite operands and results of magnitude in [2⁻⁹⁶⁰, 2¹⁰²³] and zero:
 *   add, sub  3u² + 13u³   AccurateDWPlusDW, algorithm 6 of Joldes, Muller & Popescu, "Tight and rigorous error bounds
 *                          for basic building blocks of double-word arithmetic", ACM TOMS 44(2), 2017
 *   mul       7u²          DWTimesDW1, algorithm 10, ibidem (5u² by Muller & Rideau 2022)
 *   div       15u² + 56u³  DWDivDW2, algorithm 17, ibidem
 *   sqrt      2⁻¹⁰²        one Newton correction of Math.sqrt: the square of its error (≤ 1 ulp) plus four roundings
 *   exp       2⁻¹⁰⁰        r = x − k·ln 2 with a three-part ln 2, expm1(r/512) to ten terms (remainder < 2⁻¹¹³), doubled nine
 *                          times as e ← 2e + e²; each doubling adds ≤ 10u² to e, which is ≤ 0.42 of the result
 *   log       2⁻¹⁰⁰        x = 2ᵏ·m with m in [√½, √2], 2·atanh((m−1)/(m+1)) to 24 terms (remainder < 2⁻¹¹⁹), plus k·ln 2
 * The last three do not rest on the accuracy of Math.exp and Math.log, which ECMAScript leaves open. JavaScript has no fused
 * multiply-add, so products split as Dekker (1971) does. Infinities and NaN behave as in f64, with lo = 0.
 */
export interface DoubleDouble {
  readonly hi: number;
  readonly lo: number;
}

const zero: DoubleDouble = { hi: 0, lo: 0 };
const one: DoubleDouble = { hi: 1, lo: 0 };
const splitter = 2 ** 27 + 1;
const splitLimit = 2 ** 995;

/** ln 2 in 31 bits and 32 bits, whose products with an 11-bit integer are exact, and the rest. */
const ln2First = 1488522235 * 2 ** -31;
const ln2Second = 3907501269 * 2 ** -63;
const ln2Rest: DoubleDouble = { hi: 9.69618645217517e-20, lo: 5.0289226778706387e-36 };

/** The f64 as a double-double; exact. */
export function of(x: number): DoubleDouble {
  return { hi: x, lo: 0 };
}

/** The nearest f64. */
export function toNumber(a: DoubleDouble): number {
  return a.hi;
}

/** a + b exactly, for any a and b (Knuth's TwoSum). */
export function twoSum(a: number, b: number): DoubleDouble {
  const hi = a + b;
  return { hi, lo: sumError(a, b, hi) };
}

/** a·b exactly, unless the product over- or underflows (Dekker's TwoProduct). */
export function twoProduct(a: number, b: number): DoubleDouble {
  const hi = a * b;
  return { hi, lo: productError(a, b, hi) };
}

/** a + b − sum exactly, where sum = fl(a + b); 0 when that is not finite. */
export function sumError(a: number, b: number, sum: number): number {
  if (!Number.isFinite(sum)) return 0;
  const bRounded = sum - a;
  return a - (sum - bRounded) + (b - bRounded);
}

/** a·b − product exactly, where product = fl(a·b) ≥ 2⁻⁹⁶⁸; 0 when that is not finite. */
export function productError(a: number, b: number, product: number): number {
  if (!Number.isFinite(product) || product === 0) return 0;
  if (Math.abs(a) > splitLimit) return productError(a * 2 ** -60, b, product * 2 ** -60) * 2 ** 60;
  if (Math.abs(b) > splitLimit) return productError(a, b * 2 ** -60, product * 2 ** -60) * 2 ** 60;
  const aScaled = splitter * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = splitter * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

export function add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const s = a.hi + b.hi;
  const t = a.lo + b.lo;
  const v = fast(s, sumError(a.hi, b.hi, s) + t);
  return fast(v.hi, sumError(a.lo, b.lo, t) + v.lo);
}

export function sub(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  return add(a, negate(b));
}

export function negate(a: DoubleDouble): DoubleDouble {
  return { hi: -a.hi, lo: -a.lo };
}

export function mul(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const product = a.hi * b.hi;
  if (!Number.isFinite(product) || product === 0) return of(product);
  return fast(product, productError(a.hi, b.hi, product) + (a.hi * b.lo + a.lo * b.hi));
}

export function div(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const quotient = a.hi / b.hi;
  if (!Number.isFinite(quotient) || quotient === 0 || !Number.isFinite(b.hi)) return of(quotient);
  const back = timesNumber(b, quotient);
  return fast(quotient, (a.hi - back.hi + (a.lo - back.lo)) / b.hi);
}

/** Square root; NaN for negative numbers. */
export function sqrt(a: DoubleDouble): DoubleDouble {
  const root = Math.sqrt(a.hi);
  if (!Number.isFinite(root) || root === 0) return of(root);
  const square = root * root;
  return fast(root, (a.hi - square - productError(root, root, square) + a.lo) / (2 * root));
}

export function exp(a: DoubleDouble): DoubleDouble {
  if (Number.isNaN(a.hi)) return of(a.hi);
  if (Math.abs(a.hi) > 800) return of(a.hi > 0 ? Infinity : 0);
  const k = Math.round(a.hi / Math.LN2);
  let reduced = sub(sub(a, of(k * ln2First)), of(k * ln2Second));
  reduced = scale(sub(reduced, timesNumber(ln2Rest, k)), -9);
  // expm1(r) = r·(1 + r/2·(1 + r/3·(1 + …)))
  let tail = one;
  for (let i = 10; i >= 2; i--) tail = add(one, div(mul(reduced, tail), of(i)));
  let expm1 = mul(reduced, tail);
  for (let i = 0; i < 9; i++) expm1 = add(scale(expm1, 1), mul(expm1, expm1));
  return scale(add(one, expm1), k);
}

/** Natural logarithm; −∞ for 0, NaN for negative numbers. */
export function log(a: DoubleDouble): DoubleDouble {
  if (!(a.hi > 0) || a.hi === Infinity) return of(Math.log(a.hi));
  const k = exponentOf(a.hi * Math.SQRT2);
  const m = scale(a, -k);
  const s = div(sub(m, one), add(m, one));
  const square = mul(s, s);
  // atanh(s) = s·(1 + s²/3 + s⁴/5 + …)
  let series = zero;
  for (let i = 23; i >= 0; i--) series = add(div(one, of(2 * i + 1)), mul(square, series));
  const logM = scale(mul(s, series), 1);
  if (k === 0) return logM;
  return add(add(of(k * ln2First), of(k * ln2Second)), add(timesNumber(ln2Rest, k), logM));
}

/** Compares values; false when either is NaN. */
export function less(a: DoubleDouble, b: DoubleDouble): boolean {
  return a.hi < b.hi || (a.hi === b.hi && a.lo < b.lo);
}

/** a·2ᵏ; exact unless it under- or overflows. */
export function scale(a: DoubleDouble, k: number): DoubleDouble {
  const half = Math.trunc(k / 2);
  const first = 2 ** half;
  const second = 2 ** (k - half);
  return { hi: a.hi * first * second, lo: a.lo * first * second };
}

/** |lo| ≤ ulp(hi)/2 again, given |hi| ≥ |lo| (Dekker's Fast2Sum). */
function fast(hi: number, lo: number): DoubleDouble {
  const sum = hi + lo;
  return Number.isFinite(sum) ? { hi: sum, lo: lo - (sum - hi) } : of(sum);
}

/** DWTimesFP1, algorithm 7: relative error ≤ 3/2·u² + 4u³. */
function timesNumber(a: DoubleDouble, y: number): DoubleDouble {
  const product = a.hi * y;
  if (!Number.isFinite(product) || product === 0) return of(product);
  const t = fast(product, a.lo * y);
  return fast(t.hi, t.lo + productError(a.hi, y, product));
}

const words = new DataView(new ArrayBuffer(8));

/** ⌊log₂ x⌋ for positive finite x. */
function exponentOf(x: number): number {
  if (x < 2 ** -1022) return exponentOf(x * 2 ** 64) - 64;
  words.setFloat64(0, x);
  return (words.getUint16(0) >> 4) - 1023;
}
