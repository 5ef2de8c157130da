/**
 * Bounds without directed rounding: a result whose rounding errors are counted is enlarged once, by more than they can be. u = 2⁻⁵³.
 * Only + − × ÷ of IEEE 754 are relied on; a root is verified by squaring, since ECMAScript leaves Math.sqrt open.
 */
import { sumError } from '../../numerics/double-double.ts';
import { sqrtUp } from '../../numerics/directed.ts';

export const u = 2 ** -53;
export const eta = 2 ** -1074;

/** At least the next f64 above x ≥ 0: x(1 + 2u) is a whole ulp above x at least, and rounding is monotone. NaN and Infinity stay. */
export function stepUp(x: number): number {
  return x * (1 + 2 * u) + eta;
}

/** At least √x for x ≥ 0: fl(r²) ≥ x(1 + 2u) gives r² ≥ x(1 + 2u)(1 − u) > x. */
export function rootUp(x: number): number {
  const root = Math.sqrt(x) * (1 + 4 * u);
  return root * root >= x * (1 + 2 * u) && x > 2 ** -1000 ? root : sqrtUp(x);
}

/**
 * At least Σ|a_k| of `count` numbers, `stride` apart. TwoSum gives Σ = s + Σe_k exactly; the e_k are added in f64, which is off by at most
 * γ_count·Σ|e_k|, and the last sum by half an ulp. An exact sum stays as it is. The larger of it and `most`: where the plain sum, off by at most γ_(count−1)·Σ, cannot exceed
 * `most`, no error is looked at.
 */
export function magnitudeSumUp(a: Float64Array, offset: number, count: number, stride: number, most = 0): number {
  const end = offset + count * stride;
  let plain = 0;
  for (let at = offset; at < end; at += stride) plain += Math.abs(a[at]!);
  if (plain * (1 + 2 * count * u) <= most) return most;
  let sum = 0;
  let rest = 0;
  let lost = 0;
  for (let at = offset; at < end; at += stride) {
    const x = Math.abs(a[at]!);
    const next = sum + x;
    const error = sumError(sum, x, next);
    rest += error;
    lost += Math.abs(error);
    sum = next;
  }
  const whole = lost === 0 ? sum : stepUp(sum + (rest + 2 * count * u * lost));
  return Math.max(most, whole);
}

/** At least |Σa_k − 1|, in the same way: the sum begins at −1, and the plain one is off by at most γ_count·(1 + Σ|a_k|). */
export function deviationUp(a: Float64Array, offset: number, count: number, stride: number, most = 0): number {
  const end = offset + count * stride;
  let plain = -1;
  let magnitudes = 1;
  for (let at = offset; at < end; at += stride) {
    plain += a[at]!;
    magnitudes += Math.abs(a[at]!);
  }
  if (Math.abs(plain) + 2 * (count + 1) * u * magnitudes <= most) return most;
  let sum = -1;
  let rest = 0;
  let lost = 0;
  for (let at = offset; at < end; at += stride) {
    const x = a[at]!;
    const next = sum + x;
    const error = sumError(sum, x, next);
    rest += error;
    lost += Math.abs(error);
    sum = next;
  }
  const whole = lost === 0 ? Math.abs(sum) : stepUp(stepUp(Math.abs(sum + rest)) + 2 * (count + 1) * u * lost);
  return Math.max(most, whole);
}

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);
const high = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** The largest power of two that is at most x > 0; 2⁻¹⁰²² for subnormal numbers. */
export function powerBelow(x: number): number {
  number[0] = x;
  words[high] = Math.max(words[high]! & 0x7ff00000, 0x00100000);
  words[1 - high] = 0;
  return number[0];
}
