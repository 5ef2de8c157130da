/** Roundings to binary formats by their definition: the nearest multiple of the unit in the last place, in exact arithmetic. */
import type { BigNumber } from 'mathjs';

import { exactly } from './numbers.ts';

type Ties = 'even' | 'away';

/** Smallest exponent of a normal number of f32 and TF32. */
const leastExponent = -126;

/** x as TF32: first an f32 (a kernel's operands are), then 11 significant bits. */
export function exactTf32(x: BigNumber, ties: Ties): BigNumber {
  return nearest(nearest(x, 24, 'even'), 11, ties);
}

/** The nearest number of `digits` significant bits, with f32's range of exponents. */
function nearest(x: BigNumber, digits: number, ties: Ties): BigNumber {
  if (x.isZero()) return x;
  const unit = exactly(2 ** (Math.max(exponentOf(x), leastExponent) - digits + 1));
  // a subnormal number has more than 100 digits: without the last of them a tie is one again
  const units = x.abs().div(unit).toSignificantDigits(80);
  const below = units.floor();
  const rest = units.minus(below);
  const tie = rest.eq(0.5);
  const up = tie ? ties === 'away' || !below.mod(2).isZero() : rest.gt(0.5);
  const rounded = (up ? below.plus(1) : below).times(unit);
  return x.isNegative() ? rounded.neg() : rounded;
}

/** ⌊log₂|x|⌋. */
function exponentOf(x: BigNumber): number {
  const size = x.abs();
  let exponent = Math.floor(Math.log2(size.toNumber()));
  while (size.lt(exactly(2 ** exponent))) exponent--;
  while (size.gte(exactly(2 ** (exponent + 1)))) exponent++;
  return exponent;
}
