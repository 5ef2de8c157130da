/** Pre and post mappings: n numbers between 0 and a limit. */
import type { CoefficientFamily } from './family.ts';

const uniform: CoefficientFamily = (out, offset, n, limit, random) => {
  for (let i = offset; i < offset + n; i++) out[i] = limit * random.uniform();
};

const oneHot: CoefficientFamily = (out, offset, n, _limit, random) => {
  out.fill(0, offset, offset + n);
  out[offset + random.below(n)] = 1;
};

/** limit·2⁰ … limit·2⁻⁴: products with small integers are exact. */
const powersOfTwo: CoefficientFamily = (out, offset, n, limit, random) => {
  for (let i = offset; i < offset + n; i++) out[i] = limit * 2 ** -random.integer(0, 4);
};

const zeros: CoefficientFamily = (out, offset, n) => {
  out.fill(0, offset, offset + n);
};

export const coefficientFamilies: Readonly<Record<string, CoefficientFamily>> = {
  uniform,
  'one-hot': oneHot,
  'powers-of-two': powersOfTwo,
  zeros,
};
