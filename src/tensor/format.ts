/**
 * Numbers as text: the shortest decimal that reads back as the same number of the dtype, so that a printed value can be typed
 * into a kernel's own language and gives the same bits. f64 is what `String` already does; the narrower types need fewer digits.
 */
import { roundTo } from './codecs.ts';
import type { Dtype } from './dtype.ts';

/** Significant decimal digits that always suffice: ⌈1 + p·log₁₀2⌉ for p bits. */
const sufficientDigits: Record<Dtype, number> = { f64: 17, f32: 9, f16: 5, bf16: 4 };

/** The shortest decimal that rounds to `value` in the dtype; a value that is not of the dtype is written as the f64 it is. */
export function formatNumber(value: number, dtype: Dtype = 'f64'): string {
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value) || value === 0) return String(value);
  const round = roundTo[dtype];
  if (dtype === 'f64' || round(value) !== value) return String(value);
  for (let digits = 1; digits <= sufficientDigits[dtype]; digits++) {
    const text = value.toPrecision(digits);
    if (round(Number(text)) === value) return tidy(text);
  }
  return String(value);
}

/** A number that need not be of the dtype, with as many digits as the dtype can tell apart. */
export function formatLike(value: number, dtype: Dtype): string {
  if (!Number.isFinite(value) || value === 0) return formatNumber(value);
  return tidy(value.toPrecision(sufficientDigits[dtype]));
}

/** `1.500e+0` → `1.5`: what JavaScript prints for the same decimal. */
function tidy(text: string): string {
  return String(Number(text));
}
