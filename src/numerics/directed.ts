/**
 * Outward rounding. JavaScript rounds to nearest only, so a result is stepped one f64 outwards, which encloses the exact one
 * because + − × ÷ are correctly rounded (ECMAScript requires it; it leaves Math.sqrt open, so a root is verified by squaring).
 * An exact result is not stepped where that can be seen from the error term, so that 1 + 1 stays 2.
 */
import { productError, sumError } from './double-double.ts';

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);
/** Where the last and the first digits are, as this machine orders them. */
const [lowWord, highWord] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? ([0, 1] as const) : ([1, 0] as const);
const smallest = 2 ** -1074;
/** Below this a product's error term may itself underflow. */
const errorTermLimit = 2 ** -960;
/** Below this an argument of a root is scaled up (exactly), so that its square's error term is exact. */
const squareLimit = 2 ** -900;

/** The next larger f64. Infinity and NaN stay. */
export function nextUp(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x === 0) return smallest;
  bits[0] = x; // 64-bit integers would do it in one step and take ten times as long
  const digits = words[lowWord]!;
  if (x > 0) {
    if (digits === 0xffffffff) words[highWord]!++;
    words[lowWord] = digits + 1;
  } else {
    if (digits === 0) words[highWord]!--;
    words[lowWord] = digits - 1;
  }
  return bits[0];
}

/** The next smaller f64. −Infinity and NaN stay. */
export function nextDown(x: number): number {
  return -nextUp(-x);
}

/** An f64 that is at least a + b. */
export function addUp(a: number, b: number): number {
  const sum = a + b;
  if (!Number.isFinite(sum)) return sum === -Infinity && Number.isFinite(a) && Number.isFinite(b) ? -Number.MAX_VALUE : sum;
  return sumError(a, b, sum) > 0 ? nextUp(sum) : sum;
}

/** An f64 that is at most a + b. */
export function addDown(a: number, b: number): number {
  return -addUp(-a, -b);
}

/** An f64 that is at least a·b. */
export function mulUp(a: number, b: number): number {
  const product = a * b;
  if (a === 0 || b === 0) return product;
  if (!Number.isFinite(product)) return product === -Infinity && Number.isFinite(a) && Number.isFinite(b) ? -Number.MAX_VALUE : product;
  if (Math.abs(product) < errorTermLimit) return nextUp(product);
  return productError(a, b, product) > 0 ? nextUp(product) : product;
}

/** An f64 that is at most a·b. */
export function mulDown(a: number, b: number): number {
  return -mulUp(-a, b);
}

/** An f64 that is at least a/b, for finite non-zero b. */
export function divUp(a: number, b: number): number {
  const quotient = a / b;
  if (a === 0 || Math.abs(a) < errorTermLimit || Math.abs(quotient) < errorTermLimit) return a === 0 ? quotient : nextUp(quotient);
  const product = quotient * b;
  const remainder = a - product - productError(quotient, b, product);
  return remainder === 0 || remainder > 0 !== b > 0 ? quotient : nextUp(quotient); // a NaN remainder steps
}

/** An f64 that is at most a/b, for finite non-zero b. */
export function divDown(a: number, b: number): number {
  return -divUp(-a, b);
}

/** An f64 whose square is at least a ≥ 0. */
export function sqrtUp(a: number): number {
  if (a > 0 && a < squareLimit) return sqrtUp(a * 2 ** 200) * 2 ** -100;
  let root = Math.sqrt(a);
  while (mulDown(root, root) < a) root = nextUp(root);
  return root;
}

/** A non-negative f64 whose square is at most a ≥ 0. */
export function sqrtDown(a: number): number {
  if (a > 0 && a < squareLimit) return sqrtDown(a * 2 ** 200) * 2 ** -100;
  let root = Math.sqrt(a);
  while (root > 0 && mulUp(root, root) > a) root = nextDown(root);
  return root;
}

/** An f64 that is at least a^(2^−k) for a ≥ 0. */
export function rootUp(a: number, k: number): number {
  let root = a;
  for (let i = 0; i < k; i++) root = sqrtUp(root);
  return root;
}
