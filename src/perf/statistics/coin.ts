/**
 * Numbers of heads in n throws of a fair coin: which side of the true median each of n pairs falls on. Probabilities come from one product, P(k + 1) = P(k)·(n − k)/(k + 1),
 * so that each is off by at most 2n roundings; `roundingOf` covers those and the sums.
 */
export const mostThrows = 1000; // 2⁻¹⁰⁰⁰ is still a normal number

/** P(k heads), k = 0 … n. */
export function headsOf(n: number): Float64Array {
  if (!(Number.isInteger(n) && n >= 0 && n <= mostThrows)) throw new RangeError(`${n} throws; there can be 0 to ${mostThrows}`);
  const chances = new Float64Array(n + 1);
  chances[0] = 2 ** -n;
  for (let k = 0; k < n; k++) chances[k + 1] = (chances[k]! * (n - k)) / (k + 1);
  return chances;
}

/** P(k heads or more), k = 0 … n + 1. Summed from the smallest. */
export function atLeastHeads(n: number): Float64Array {
  const chances = headsOf(n);
  const tails = new Float64Array(n + 2);
  for (let k = n; k >= 0; k--) tails[k] = tails[k + 1]! + chances[k]!;
  return tails;
}

/** What to multiply a probability with that was computed from n throws, so that it is no smaller than the true one. */
export function roundingOf(n: number): number {
  return 1 + 8 * (n + 1) * 2 ** -53;
}
