/**
 * Operands to measure a function on, as bits of f32: random ones first, independent and each from the distribution that `drawn` names, so that a share may be inferred from them; then those at which
 * functions go wrong: few or all bits of a mantissa at every exponent, the ends of the range, multiples of ln 2, zero, subnormals, infinities, NaN.
 */
import { measuredFunctions, type MeasuredName } from './functions.ts';
import { bitsOf } from './judge.ts';

export interface Samples {
  /** One array for each operand, all of a length. */
  readonly operands: readonly Uint32Array[];
  /** So many of the first are random. */
  readonly random: number;
}

/** What the random operands are, in words. */
export const drawn: Readonly<Record<MeasuredName, string>> = {
  exp: 'f32 with 2⁻²⁶ ≤ |x| < 104',
  log: 'positive normal f32',
  tanh: 'f32 with 2⁻²⁶ ≤ |x| < 32',
  inverseSqrt: 'positive normal f32',
  sqrt: 'positive normal f32',
  reciprocal: 'normal f32 of at most 2¹²⁶',
  divide: 'pairs of normal f32 whose quotient is one, y of at most 2¹²⁶',
  add: 'pairs of normal f32 whose exponents differ by at most 26',
  subtract: 'pairs of normal f32 whose exponents differ by at most 26',
  multiply: 'pairs of normal f32 whose product is one',
  fma: 'normal f32 with exponents of x and y within ±60, that of z within 50 of their product’s',
};

const [one, least, infinite] = [bitsOf(1), bitsOf(2 ** -126), bitsOf(Infinity)];
const sign = 0x80000000;

/** Samples of a function; the same for the same seed. */
export function samplesOf(name: MeasuredName, random: number, seed: number, withStructured = true): Samples {
  const bits = counter(seed);
  const own = withStructured ? structured(name) : [];
  const count = measuredFunctions[name].operands;
  const operands = Array.from({ length: count }, () => new Uint32Array(random + own.length));
  for (let k = 0; k < random; k++) randomOperands(name, bits).forEach((value, at) => (operands[at]![k] = value));
  own.forEach((values, k) => values.forEach((value, at) => (operands[at]![random + k] = value)));
  return { operands, random };
}

/** 32 random bits a call: the finaliser of MurmurHash3 on a counter. */
function counter(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let h = state ^ (state >>> 16);
    h = Math.imul(h, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  };
}

function randomOperands(name: MeasuredName, bits: () => number): readonly number[] {
  const between = (from: number, to: number): number => from + Math.floor((bits() * 2 ** -32) * (to - from));
  const signed = (value: number): number => (value | (bits() & sign)) >>> 0;
  const withExponent = (exponent: number): number => signed(((exponent + 127) << 23) | (bits() >>> 9));
  switch (name) {
    case 'exp':
      return [signed(between(bitsOf(2 ** -26), bitsOf(104)))];
    case 'tanh':
      return [signed(between(bitsOf(2 ** -26), bitsOf(32)))];
    case 'log':
    case 'inverseSqrt':
    case 'sqrt':
      return [between(least, infinite)];
    case 'reciprocal':
      return [signed(between(least, bitsOf(2 ** 126) + 1))];
    case 'divide':
    case 'multiply':
      return [signed(between(least, infinite)), signed(between(least, name === 'divide' ? bitsOf(2 ** 126) + 1 : infinite))];
    case 'add':
    case 'subtract': {
      const exponent = between(-100, 101);
      return [withExponent(exponent), withExponent(exponent + between(-26, 27))];
    }
    case 'fma': {
      const [x, y] = [between(-60, 61), between(-60, 61)];
      return [withExponent(x), withExponent(y), withExponent(Math.max(-126, Math.min(127, x + y + between(-50, 51))))];
    }
  }
}

const mantissas = [0, 1, 0x7fffff, 0x7ffffe, 0x400000, 0x3fffff, 0x400001, 0x555555, 0x3504f3, 0x3504f4]; // the last two: √2
const exponents = [-126, -64, -1, 0, 1, 24, 126, 127];
const specials = [0, sign, 1, sign | 1, 0x3fffff, 0x400000, least - 1, (sign | (least - 1)) >>> 0, infinite, (sign | infinite) >>> 0, 0x7fc00000, 0x7f800001, 0xffc00000, 0xffffffff].map((value) => value >>> 0);

function structured(name: MeasuredName): (readonly number[])[] {
  const pattern = (exponent: number, mantissa: number): number => (((exponent + 127) << 23) | mantissa) >>> 0;
  if (measuredFunctions[name].operands === 1) {
    const all = Array.from({ length: 254 }, (_, k) => mantissas.map((mantissa) => pattern(k - 126, mantissa))).flat();
    const near = (value: number): number[] => Array.from({ length: 9 }, (_, k) => bitsOf(value) + k - 4);
    const around = name === 'exp' || name === 'tanh' ? [...Array.from({ length: 150 }, (_, k) => ((k + 1) * Math.LN2) / 2), 87.336544, 88.72284, 103.97208] : [1, 0.5, 2, Math.SQRT2, Math.SQRT1_2];
    return [...all, ...around.flatMap(near)].flatMap((value) => [[value], [(value | sign) >>> 0]]).concat(specials.map((value) => [value]));
  }
  const few = exponents.flatMap((exponent) => mantissas.map((mantissa) => pattern(exponent, mantissa)));
  const ends = [...specials, one, (one | sign) >>> 0, least, infinite - 1, pattern(0, 1), pattern(-1, 0x7fffff)];
  const pairs = [...few.flatMap((x) => few.map((y) => [x, (y | (x & 1 ? sign : 0)) >>> 0])), ...ends.flatMap((x) => ends.map((y) => [x, y]))];
  if (name !== 'fma') return pairs;
  // sums that cancel, so that what is left shows whether the product was rounded
  const cancelling = pairs.filter((_, k) => k % 5 === 0).map(([x, y]) => [x!, y!, productNegated(x!, y!)]);
  return [...cancelling, ...ends.flatMap((x) => ends.flatMap((y) => [[x, y, one], [x, y, infinite], [one, x, y]]))];
}

const floats = new Float32Array(3);
const patterns = new Uint32Array(floats.buffer);

function productNegated(x: number, y: number): number {
  patterns[0] = x;
  patterns[1] = y;
  floats[2] = -(floats[0]! * floats[1]!);
  return patterns[2]!;
}
