/** Logits that differ in size and spread: where exponentials overflow, underflow, cancel or lose digits. */
import type { Random } from '../random.ts';
import { dyadic, dyadicStep, type LogitsFamily } from './family.ts';

/** Independent normal numbers with standard deviation `scale`. */
export const normal: LogitsFamily = (out, offset, n, scale, random) => random.fillNormal(out, offset, offset + n * n, scale);

/** Uniform on [−scale, scale]. */
export const uniform: LogitsFamily = (out, offset, n, scale, random) => {
  for (let i = offset; i < offset + n * n; i++) out[i] = scale * (2 * random.uniform() - 1);
};

/** Dyadic numbers plus one large common integer: a kernel that subtracts no maximum overflows. */
export const shifted: LogitsFamily = (out, offset, n, scale, random) => {
  const shift = largeShift(random);
  const step = dyadicStep(scale);
  for (let i = offset; i < offset + n * n; i++) out[i] = shift + dyadic(random, scale, step);
};

/** Dyadic numbers plus a large integer for each row: a kernel that subtracts one maximum for the matrix underflows. */
export const rowShifted: LogitsFamily = (out, offset, n, scale, random) => {
  const step = dyadicStep(scale);
  for (let i = 0; i < n; i++) {
    const shift = largeShift(random);
    for (let j = 0; j < n; j++) out[offset + i * n + j] = shift + dyadic(random, scale, step);
  }
};

/** Magnitudes from scale·10⁻⁶ to scale, evenly in the logarithm. */
export const mixedMagnitude: LogitsFamily = (out, offset, n, scale, random) => {
  for (let i = offset; i < offset + n * n; i++) out[i] = random.sign() * scale * 10 ** (-6 * random.uniform());
};

/** Zeros of both signs and numbers that are subnormal, or about to be, in f64, f32, bf16 or f16. Ignores the scale. */
export const subnormal: LogitsFamily = (out, offset, n, _scale, random) => {
  for (let i = offset; i < offset + n * n; i++) out[i] = random.sign() * random.pick(tinyMagnitudes) * random.integer(1, 3);
};
const tinyMagnitudes = [0, 2 ** -1074, 2 ** -149, 2 ** -133, 2 ** -126, 2 ** -24, 2 ** -16];

/** One entry at ±4·scale among normal numbers of scale/8. */
export const spike: LogitsFamily = (out, offset, n, scale, random) => {
  normal(out, offset, n, scale / 8, random, 0);
  out[offset + random.below(n * n)] = random.sign() * 4 * scale;
};

/** All zero. */
export const zeros: LogitsFamily = (out, offset, n) => {
  out.fill(0, offset, offset + n * n);
};

/** One column so far down that a row softmax leaves it a sum of about n·ε, for ε from 10⁻⁸ to 10⁻⁴: there epsilon decides the result. */
export const dominatedColumn: LogitsFamily = (out, offset, n, scale, random) => {
  normal(out, offset, n, Math.min(scale, 1), random, 0);
  const column = random.below(n);
  const depth = Math.log(10) * (4 + 4 * random.uniform());
  for (let i = 0; i < n; i++) out[offset + i * n + column]! -= depth;
};

function largeShift(random: Random): number {
  return random.sign() * random.pick([90, 500, 10_000]);
}
