/**
 * The functions of one operand in f64, from + − × ÷ alone: ECMAScript leaves Math.exp, log and tanh "implementation-approximated", and Math.sqrt is used to 20 bits only. For operands that are f32, with
 * u = 2⁻⁵³; every result is within `referenceError` = 2⁻⁴⁶ of itself (tanh: of 1).
 *
 *   exp   k = round(x/ln 2), r = (x − k·A) − k·B, ln 2 = A + B·(1 + u) with A in 32 bits: k·A is exact, and so is x − k·A: where k ≠ 0 both are multiples of 2⁻³², and the difference is below 2⁻¹.
 *         So r is off by one rounding of itself and 2·|k|·B·u < 2⁻²³·u: |r − r*| < 0.36u, and |r| ≤ 0.3467. Taylor to degree 13: remainder < 0.3467¹⁴/14!·1.03 < 2⁻⁵⁷. Horner: a step has 3 roundings (÷ × +),
 *         and hands on r/i of what came before: < 5u. Scaling by 2^k is exact where the result is a normal f64.
 *   log   x = 2^k·m, m in [√½, √2) (its ends are off by an ulp at most), s = (m − 1)/(m + 1): m − 1 is exact (Sterbenz), so s has 2 roundings and a sum: 3u; |s| ≤ 0.1716. 2·atanh(s) to s²³: remainder < 2·0.1716²⁵/25/(1 − s²)
 *         < 2⁻⁶⁶ of s; Horner < 4u; in all 8u of log m. With k ≠ 0 |k·ln 2| ≥ 0.693 and |log m| ≤ 0.3466, so that the sum is at least half of the first term: at most 3·(8u + 4u) = 36u < 2⁻⁴⁷.
 *   √     from s = √x·(1 + ε) a step s + (x − s²)/(2s) leads to √x·(1 + ε²/2·(1 + …)), and rounds thrice what is at most ε + u: two steps from |ε| ≤ 2⁻²⁰ leave u of the last sum and less than u besides.
 *   1/√x  1/s': 1 rounding more.
 *   tanh  (1 − v)/(1 + v), v = e^(−2|x|): absolute error ≤ 2·2⁻⁴⁸ + 4u.
 */
export const referenceError = 2 ** -46;

const ln2High = 2977044471 * 2 ** -32; // 32 bits of ln 2, so that its product with an integer below 2¹¹ is exact
const ln2Low = 1.9082149292705877e-10; // the rest, in f64
const inverseLn2 = 1 / (ln2High + ln2Low);

/** e^x, for |x| ≤ 200. */
export function expOf(x: number): number {
  const k = Math.round(x * inverseLn2);
  const r = x - k * ln2High - k * ln2Low;
  let sum = 1;
  for (let i = 13; i >= 1; i--) sum = 1 + (r / i) * sum;
  return sum * 2 ** k;
}

const words = new Float64Array(1);
const halves = new Uint32Array(words.buffer);

/** ⌊log₂ |v|⌋ of a normal f64. */
export function exponentOf(v: number): number {
  words[0] = v;
  return ((halves[1]! >>> 20) & 0x7ff) - 1023;
}

/** ln x, for positive f32. */
export function logOf(x: number): number {
  let k = exponentOf(x);
  let m = x * 2 ** -k;
  if (m > Math.SQRT2) {
    m /= 2;
    k++;
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let series = 1 / 23;
  for (let i = 21; i >= 1; i -= 2) series = 1 / i + square * series;
  return k * ln2High + (k * ln2Low + 2 * s * series);
}

/** √x, for positive f32. */
export function sqrtOf(x: number): number {
  let s = Math.sqrt(x);
  for (let step = 0; step < 2; step++) s += (x - s * s) / (2 * s);
  return s;
}

/** 1/√x, for positive f32. */
export function inverseSqrtOf(x: number): number {
  return 1 / sqrtOf(x);
}

/** tanh x; absolute error at most `referenceError`. */
export function tanhOf(x: number): number {
  const v = expOf(-2 * Math.min(Math.abs(x), 60));
  return (Math.sign(x) * (1 - v)) / (1 + v);
}
