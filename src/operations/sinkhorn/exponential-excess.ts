/**
 * e^x − 1 for bounds, with x ≥ 0: never below, and at most 2⁻⁴⁷ of it above. Up to 2⁻⁸ the first seven terms of the series, whose rest is below 2⁻⁷⁰ of it; all are
 * positive, so their evaluation is off by less than 4u of the sum (the additions and products inside are weighed down by 2⁻⁸ each), which 1 + 2⁻⁴⁸ covers
 * together with the error below one ULP of `Math.expm1`. It has no call and no branch, so pair-backward.ts has the same bits.
 */

export const smallExponent = 2 ** -8;
export const excessSlack = 1 + 2 ** -48;
/** 1/k! for k = 2 … 7. */
export const inverseFactorials = [1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040] as const;
const [c2, c3, c4, c5, c6, c7] = inverseFactorials;

export function exponentialExcess(x: number): number {
  if (!(x <= smallExponent)) return Math.expm1(x);
  return x * (1 + x * (c2 + x * (c3 + x * (c4 + x * (c5 + x * (c6 + x * c7)))))) * excessSlack;
}
