/** Logits with a structure that makes the result known, or known to be equal in places. */
import { dyadic, dyadicStep, type LogitsFamily } from './family.ts';
import { normal } from './logits-spread.ts';

/** Small multiples of a power of two, so that adding such a number to a row is exact. */
export const dyadicNumbers: LogitsFamily = (out, offset, n, scale, random) => {
  const step = dyadicStep(scale);
  for (let i = offset; i < offset + n * n; i++) out[i] = dyadic(random, scale, step);
};

/** Integers. */
export const integer: LogitsFamily = (out, offset, n, scale, random) => {
  for (let i = offset; i < offset + n * n; i++) out[i] = dyadic(random, scale, 1);
};

/** One number everywhere: the result is uniform. */
export const constant: LogitsFamily = (out, offset, n, scale, random) => {
  out.fill(scale * random.normal(), offset, offset + n * n);
};

/** L_ij = a_i + b_j, dyadic: the result is uniform after one iteration. */
export const rankOne: LogitsFamily = (out, offset, n, scale, random) => {
  const step = dyadicStep(scale);
  for (let j = 0; j < n; j++) out[offset + j] = dyadic(random, scale / 2, step);
  for (let i = n - 1; i >= 0; i--) {
    const a = dyadic(random, scale / 2, step);
    for (let j = 0; j < n; j++) out[offset + i * n + j] = out[offset + j]! + a;
  }
};

/** Each row is the one above, shifted by one: the result is the softmax of the first row, shifted alike. */
export const circulant: LogitsFamily = (out, offset, n, scale, random) => {
  for (let j = 0; j < n; j++) out[offset + j] = scale * random.normal();
  for (let i = 1; i < n; i++) for (let j = 0; j < n; j++) out[offset + i * n + j] = out[offset + ((j - i + n) % n)]!;
};

/** The table of a group over a first row: L_ij = r(i XOR j) when n is a power of two, else r(i + j mod n). */
export const latinSquare: LogitsFamily = (out, offset, n, scale, random) => {
  const powerOfTwo = (n & (n - 1)) === 0;
  for (let j = 0; j < n; j++) out[offset + j] = scale * random.normal();
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < n; j++) out[offset + i * n + j] = out[offset + (powerOfTwo ? i ^ j : (i + j) % n)]!;
  }
};

/** β on a permutation, 0 elsewhere; β from scale/2 to 3·scale/2: the result is e^β/(e^β + n − 1) on it. */
export const permutationSpikes: LogitsFamily = (out, offset, n, scale, random) => {
  out.fill(0, offset, offset + n * n);
  const beta = scale * (0.5 + random.uniform());
  random.permutation(n).forEach((j, i) => (out[offset + i * n + j] = beta));
};

/** Permutation spikes of `scale` over noise of at most 1: a nearly hard assignment. */
export const nearPermutation: LogitsFamily = (out, offset, n, scale, random) => {
  normal(out, offset, n, Math.min(scale, 1), random, 0);
  random.permutation(n).forEach((j, i) => (out[offset + i * n + j]! += scale));
};

/** L_(ik)(jl) = A_ij + B_kl with n = p·q, p the smallest prime factor, dyadic: the result is a Kronecker product. Rank one when n is 1 or prime. */
export const kronecker: LogitsFamily = (out, offset, n, scale, random, token) => {
  const p = smallestFactor(n);
  if (p === n) return rankOne(out, offset, n, scale, random, token);
  const q = n / p;
  const step = dyadicStep(scale);
  const draw = (): number => dyadic(random, scale / 2, step);
  const a = Array.from({ length: p * p }, draw);
  const b = Array.from({ length: q * q }, draw);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      out[offset + i * n + j] = a[Math.floor(i / q) * p + Math.floor(j / q)]! + b[(i % q) * q + (j % q)]!;
    }
  }
};

/** L = Lᵀ. */
export const symmetric: LogitsFamily = (out, offset, n, scale, random) => {
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) out[offset + i * n + j] = out[offset + j * n + i] = scale * random.normal();
};

/** Two rows are equal, when there are two. */
export const duplicateRows: LogitsFamily = (out, offset, n, scale, random) => {
  normal(out, offset, n, scale, random, 0);
  const [from = 0, to = 0] = random.permutation(n);
  for (let j = 0; j < n; j++) out[offset + to * n + j] = out[offset + from * n + j]!;
};

/** Two columns are equal, when there are two. */
export const duplicateColumns: LogitsFamily = (out, offset, n, scale, random) => {
  normal(out, offset, n, scale, random, 0);
  const [from = 0, to = 0] = random.permutation(n);
  for (let i = 0; i < n; i++) out[offset + i * n + to] = out[offset + i * n + from]!;
};

/** At most three distinct values, so that the largest entry of a line is rarely alone. */
export const ties: LogitsFamily = (out, offset, n, scale, random) => {
  const step = dyadicStep(scale);
  const values = [dyadic(random, scale, step), dyadic(random, scale, step), dyadic(random, scale, step)];
  for (let i = offset; i < offset + n * n; i++) out[i] = random.pick(values);
};

function smallestFactor(n: number): number {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return p;
  return n;
}
