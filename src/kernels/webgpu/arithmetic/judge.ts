/**
 * One result of an adapter against the true one, in f64. A result is `outside` only where that is certain: the error that is compared is less by all that the reference may be off (`referenceError`), and
 * at a power of two the larger of its two ULPs counts. + − × are exact in f64 or off by 2⁻⁵³ of the result, ÷ by as much.
 *
 * Two things are compared with: WGSL's table, and what the bounds of this project take from it, the preset `wgsl-f32`. An ULP is between u and 2u of its value, and the preset has 2u for each: a driver can leave the
 * table where its ULP are small and still be within all that the bounds assume. Then they hold, and a kernel that leaves them is wrong by itself. The other way round, WGSL lets + − × round to either
 * neighbour, and the bounds take the nearer.
 *
 * Subnormals: WGSL lets operands and results that are subnormal be replaced by zero (§15.7.2), so each is judged also as if they had been. NaN and infinities: WGSL lets a driver assume that there are
 * none, so what it does with them is `special`: as IEEE 754 has it, or not.
 */
import { arithmeticPresets, computeUnit, underflowUnit } from '../../../numerics/arithmetic.ts';
import { allowedUlps, logAbsolute, sqrtRelative, tanhAbsolute, type MeasuredName } from './functions.ts';
import { exponentOf, expOf, inverseSqrtOf, logOf, referenceError, sqrtOf, tanhOf } from './reference.ts';

/**
 * `regular`: operands and result are normal numbers. `subnormal`: an operand or the result is below them. `overflow`: the true result exceeds them. `special`: NaN, an infinity, a pole or no real result.
 * `free`: WGSL says nothing, and there is nothing to compare with.
 */
export type ResultClass = 'regular' | 'subnormal' | 'overflow' | 'special' | 'free';

export interface Judgement {
  readonly class: ResultClass;
  /** In ULP, or in units of the allowance where that is absolute or relative; for results that are normal numbers. Infinite for what is no number, or an infinity that should not be. */
  readonly error: number;
  /** By WGSL, in the unit of `error`. */
  readonly allowed: number;
  /** The error in u of the result; where the preset has an absolute error, in units of what that allows. */
  readonly units: number;
  /** Certainly beyond what WGSL allows; of `special`: not as IEEE 754 has it. */
  readonly outside: boolean;
  /** Certainly beyond what the bounds assume of `wgsl-f32`. */
  readonly beyondAssumed: boolean;
  /** A subnormal operand or result that was taken as zero, where that makes a difference; undefined where it makes none. */
  readonly flushed: boolean | undefined;
}

// built in one place, so that all have one shape: hundreds of thousands are
function judgement(kind: ResultClass, error: number, allowed: number, units: number, outside: boolean, beyondAssumed: boolean, flushed?: boolean): Judgement {
  return { class: kind, error, allowed, units, outside, beyondAssumed, flushed };
}

const preset = arithmeticPresets['wgsl-f32']!;
const u = computeUnit(preset);
const minNormal = underflowUnit(preset);
const maxFinite = (2 - 2 ** -23) * 2 ** 127;

/** f(operands) in f64, and how far off relative to itself; as IEEE 754 has it for what is no normal operand. */
function trueValue(name: MeasuredName, a: number, b: number, c: number): { value: number; relative: number } {
  const normal = Number.isFinite(a) && a !== 0;
  switch (name) {
    case 'exp':
      return Math.abs(a) <= 200 ? { value: expOf(a), relative: referenceError } : { value: a > 0 ? Infinity : a < 0 ? 0 : NaN, relative: 0 };
    case 'log':
      return normal && a > 0 ? { value: logOf(a), relative: referenceError } : { value: Math.log(a), relative: 0 };
    case 'tanh':
      return normal ? { value: tanhOf(a), relative: referenceError } : { value: Math.tanh(a), relative: 0 };
    case 'inverseSqrt':
      return normal && a > 0 ? { value: inverseSqrtOf(a), relative: referenceError } : { value: 1 / Math.sqrt(a), relative: 0 };
    case 'sqrt':
      return normal && a > 0 ? { value: sqrtOf(a), relative: referenceError } : { value: Math.sqrt(a), relative: 0 };
    case 'reciprocal':
      return { value: 1 / a, relative: 2 ** -53 };
    case 'divide':
      return { value: a / b, relative: 2 ** -53 };
    case 'add':
      return { value: a + b, relative: 2 ** -53 };
    case 'subtract':
      return { value: a - b, relative: 2 ** -53 };
    case 'multiply':
      return { value: a * b, relative: 0 };
    case 'fma':
      return { value: a * b + c, relative: 2 ** -53 };
  }
}

/** The error that the bounds assume at most, of a result that is a normal number. */
function assumedError(name: MeasuredName, x: number, value: number): number {
  const size = Math.abs(value);
  switch (name) {
    case 'exp':
      return (preset.exp.constant + preset.exp.slope * Math.abs(x)) * u * size;
    case 'log':
      return Math.max(preset.log.relative * u * size, preset.log.absolute);
    case 'tanh':
      return preset.tanh.relative * u * size + preset.tanh.absolute;
    case 'inverseSqrt':
      return preset.inverseSqrt * u * size;
    case 'sqrt':
      return (preset.inverseSqrt + preset.division.perEntry + preset.division.perLine) * u * size;
    case 'reciprocal':
    case 'divide':
      return Math.max(preset.division.perEntry, preset.division.perLine) * u * size;
    default:
      return u * size;
  }
}

const isSubnormal = (x: number): boolean => x !== 0 && Math.abs(x) < minNormal;
const flush = (x: number): number => (isSubnormal(x) ? 0 : x);
const ulpOf = (value: number): number => 2 ** (Math.max(value === 0 ? -126 : exponentOf(value), -126) - 23);

/** Judges f(operands) = `result`; all are f32. */
export function judge(name: MeasuredName, operands: readonly number[], result: number): Judgement {
  const [a = 0, b = 0, c = 0] = operands;
  const plain = judgeAt(name, a, b, c, result);
  if (!operands.some(isSubnormal)) return plain;
  const zeroed = judgeAt(name, flush(a), flush(b), flush(c), result);
  const flushed = plain.outside === zeroed.outside ? undefined : plain.outside;
  if (plain.class === 'special') return judgement('special', 0, 0, 0, plain.outside && zeroed.outside, false, flushed);
  // where zero is a pole, WGSL says nothing
  if (plain.class === 'free' || zeroed.class === 'free' || zeroed.class === 'special') return judgement('free', 0, plain.allowed, 0, false, false, flushed);
  return judgement('subnormal', plain.error, plain.allowed, plain.units, plain.outside && zeroed.outside, plain.beyondAssumed && zeroed.beyondAssumed, flushed);
}

function judgeAt(name: MeasuredName, a: number, b: number, c: number, result: number): Judgement {
  const { value, relative } = trueValue(name, a, b, c);
  // a product may be rounded before the sum is taken, and overflow
  const also = name === 'fma' ? Math.fround(a * b) + c : value;
  // §15.7.4 says nothing of quotients by what is larger or smaller; zero and infinity are as IEEE 754 has them
  const divisor = name === 'divide' ? Math.abs(b) : name === 'reciprocal' ? Math.abs(a) : 1;
  if ((divisor < minNormal && divisor > 0) || (divisor > 2 ** 126 && divisor < Infinity)) return judgement('free', 0, 2.5, 0, false, false);
  if (!Number.isFinite(a) || !Number.isFinite(b) || !Number.isFinite(c) || !Number.isFinite(value)) return specially(value, also, result);
  if (name === 'fma') return fused(a, b, c, result);
  return against(name, a, value, Math.abs(value) * relative, result);
}

/** NaN for NaN, the infinity for the infinity, zero of either sign for zero. */
function specially(value: number, also: number, result: number): Judgement {
  const same = Number.isNaN(result) ? Number.isNaN(value) || Number.isNaN(also) : result === value || result === also;
  return judgement('special', 0, 0, 0, !same, false);
}

/** `off`: how far the value may be from the true one. */
function against(name: MeasuredName, x: number, value: number, off: number, result: number): Judgement {
  const size = Math.abs(value);
  const { unit, allowed } = scaleOf(name, x, value);
  const assumed = assumedError(name, x, value);
  const room = allowed * unit + off;
  if (size - off > maxFinite || (Math.abs(result) === Infinity && size + room > maxFinite)) {
    const right = result === Math.sign(value) * Infinity || Math.abs(result - value) <= room;
    return judgement('overflow', 0, allowed, 0, !right, !right);
  }
  const distance = Math.abs(result - value); // NaN or infinite for what is no number here
  const isNumber = distance < Infinity;
  const least = isNumber ? Math.max(0, distance - off) : Infinity;
  const error = isNumber ? distance / unit : Infinity;
  const units = isNumber ? distance / (isAbsolute(name, x) ? assumed : u * size) : Infinity;
  const outside = !(least <= allowed * unit);
  if (!(size < minNormal || (result === 0 && size - room < minNormal))) return judgement('regular', error, allowed, units, outside, !(least <= assumed));
  const flushed = result === 0;
  return judgement('subnormal', error, allowed, units, outside && !flushed, !(least <= assumed + minNormal), size > ulpOf(0) ? flushed : undefined);
}

const isAbsolute = (name: MeasuredName, x: number): boolean => name === 'tanh' || (name === 'log' && x >= 0.5 && x <= 2);

function scaleOf(name: MeasuredName, x: number, value: number): { unit: number; allowed: number } {
  if (isAbsolute(name, x)) return { unit: name === 'tanh' ? tanhAbsolute : logAbsolute, allowed: 1 };
  const unit = ulpOf(value);
  return { unit, allowed: name === 'sqrt' ? (sqrtRelative * Math.abs(value)) / unit : allowedUlps(name, x) };
}

/** x·y + z, rounded once or twice: WGSL has it inherit from a product and a sum, each of which may be rounded either way. */
function fused(a: number, b: number, c: number, result: number): Judgement {
  const product = a * b; // exact
  const near = Math.fround(product);
  const one = rounded(a, product, c, result);
  const two = rounded(a, near, c, result);
  const best = one.error <= two.error ? one : two;
  const outside = one.outside && two.outside && rounded(a, neighbour(near, product), c, result).outside;
  return judgement(best.class, best.error, best.allowed, best.units, outside, one.beyondAssumed && two.beyondAssumed, best.flushed);
}

function rounded(a: number, product: number, c: number, result: number): Judgement {
  return against('fma', a, product + c, Math.abs(product + c) * 2 ** -53, result);
}

const float = new Float32Array(1);
const pattern = new Int32Array(float.buffer);

/** The f32 on the other side of `exact`; `near` itself where that is exact. */
function neighbour(near: number, exact: number): number {
  if (near === exact || !Number.isFinite(near)) return near;
  float[0] = near;
  if (near === 0) return Math.sign(exact) * 2 ** -149;
  pattern[0]! += Math.abs(near) < Math.abs(exact) ? 1 : -1;
  return float[0];
}

/** The f32 with these bits. */
export function floatOf(bits: number): number {
  pattern[0] = bits;
  return float[0]!;
}

/** Bits of an f32. */
export function bitsOf(value: number): number {
  float[0] = value;
  return pattern[0]! >>> 0;
}
