/**
 * The exponential with directed rounding, from + − × ÷ alone: ECMAScript leaves Math.exp "implementation-approximated", so no bound may rest on it.
 *
 * For x ≥ 0: r = x/2^k ≤ 1/8 exactly; e^r lies between its Taylor polynomial of degree m and that plus r^(m+1)/(m+1)!·1/(1 − r/(m+2)), all terms positive; k squarings lead back, each
 * rounded outwards. For x < 0: 1/e^−x. The result is above (below) the truth by less than 2^k·2^−48 of it.
 */
import { addDown, addUp, divDown, divUp, mulDown, mulUp } from './directed.ts';

const degree = 12;
/** (degree + 1)!, exact in f64. */
const factorial = 6227020800;
/** e^x is below the smallest f64, and above the largest, beyond these. */
const underflow = -746;
const overflow = 710;

/** An f64 that is at least e^x; Infinity where e^x exceeds every f64. NaN for NaN. */
export function expUp(x: number): number {
  if (x < underflow) return Number.MIN_VALUE;
  if (x > overflow) return Infinity;
  if (x < 0) return divUp(1, expDown(-x));
  const k = halvings(x);
  const r = x / 2 ** k;
  let sum = addUp(1, divUp(r, degree));
  for (let i = degree - 1; i >= 1; i--) sum = addUp(1, mulUp(divUp(r, i), sum));
  let power = r;
  for (let i = 1; i <= degree; i++) power = mulUp(power, r);
  let result = addUp(sum, divUp(mulUp(power, 1 + 2 ** -6), factorial)); // 1/(1 − r/14) < 1 + 2⁻⁶
  for (let i = 0; i < k; i++) result = mulUp(result, result);
  return result;
}

/** A non-negative f64 that is at most e^x. NaN for NaN. */
export function expDown(x: number): number {
  if (x < underflow) return 0;
  if (x > overflow) return x === Infinity ? Infinity : Number.MAX_VALUE;
  if (x < 0) return divDown(1, expUp(-x));
  const k = halvings(x);
  const r = x / 2 ** k;
  let sum = addDown(1, divDown(r, degree));
  for (let i = degree - 1; i >= 1; i--) sum = addDown(1, mulDown(divDown(r, i), sum));
  for (let i = 0; i < k; i++) sum = mulDown(sum, sum);
  return sum;
}

function halvings(x: number): number {
  return x <= 2 ** -3 ? 0 : Math.max(0, Math.ceil(Math.log2(x)) + 3);
}
