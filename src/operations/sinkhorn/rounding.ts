/**
 * The local errors of one Sinkhorn step under a declared arithmetic, as relative (logarithmic) errors.
 * The f64 reference makes the same kinds of errors; they are added here, so that a bound is about the true value.
 */
import { arithmeticPresets, computeUnit, gamma, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { roundTo } from '../../tensor/codecs.ts';

export interface LocalErrors {
  /** Division, per entry: of an operation that is correctly rounded (perEntry = 1), and what exceeds that. */
  readonly divisionRounding: number;
  readonly divisionExcess: number;
  /** A line's sum, its ε, and what its entries share of the division. */
  readonly line: number;
  /** One rounded addition. */
  readonly addition: number;
  /** L/τ: a division, or a product with a rounded 1/τ, and τ itself rounded. */
  readonly quotient: number;
  /** exp(x) = constant + slope·|x|; `slope` includes the rounding of the shifted argument. */
  readonly expConstant: number;
  readonly expSlope: number;
  /** log(x): relative·|log x| or absolute. */
  readonly logRelative: number;
  readonly logAbsolute: number;
  /** Unit roundoff, for sums of logarithms. */
  readonly unit: number;
  /** Largest absolute error of a result below the normal numbers. */
  readonly underflow: number;
}

/** Local errors of kernel and reference together, for lines of n entries. `shifted` says whether the dialect subtracts before exp. */
export function localErrors(arithmetic: Arithmetic, n: number, shifted: boolean): LocalErrors {
  const kernel = errorsOf(arithmetic, n, shifted);
  const reference = errorsOf(arithmeticPresets['ieee-f64']!, n, true);
  const sum = (field: keyof LocalErrors): number => kernel[field] + reference[field];
  return {
    divisionRounding: sum('divisionRounding'),
    divisionExcess: sum('divisionExcess'),
    line: sum('line'),
    addition: sum('addition'),
    quotient: sum('quotient'),
    expConstant: sum('expConstant'),
    expSlope: sum('expSlope'),
    logRelative: sum('logRelative'),
    logAbsolute: sum('logAbsolute'),
    unit: sum('unit'),
    underflow: kernel.underflow,
  };
}

function errorsOf(arithmetic: Arithmetic, n: number, shifted: boolean): LocalErrors {
  const u = computeUnit(arithmetic);
  // k units in the arithmetic are k roundings in a row, so (1 + k·u) becomes at most γ_k as a logarithm
  return {
    divisionRounding: arithmetic.division.perEntry === 1 ? u : 0,
    divisionExcess: arithmetic.division.perEntry === 1 ? 0 : gamma(arithmetic.division.perEntry, u),
    line: gamma(n - 1 + 1 + arithmetic.division.perLine, u), // n − 1 additions in any order, one for ε, the shared part of the division
    addition: gamma(1, u),
    quotient: gamma(arithmetic.division.perEntry + arithmetic.division.perLine + 1, u),
    expConstant: gamma(arithmetic.exp.constant, u),
    expSlope: (arithmetic.exp.slope + (shifted ? 1 : 0)) * u * (1 + 2 ** -10),
    logRelative: arithmetic.log.relative * u,
    logAbsolute: arithmetic.log.absolute,
    unit: u,
    underflow: underflowUnit(arithmetic),
  };
}

/** Relative error of a constant that a kernel keeps in its compute dtype, as a logarithm; 0 for constants it has exactly. */
export function constantError(arithmetic: Arithmetic, value: number): number {
  if (value === 0) return 0;
  const kept = roundTo[arithmetic.compute](value);
  return kept > 0 ? Math.abs(Math.log1p((kept - value) / value)) : Infinity;
}

const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer);
const high = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * Logarithmic error of a division whose exact result is x. A correctly rounded result is off by half a unit in the last place, which is
 * u·2^⌊log₂ x⌋, between u/2 and u of x. The computed quotient may lie in the next binade when x is within `doubt` (relative) of it: then u.
 */
export function divisionError(local: LocalErrors, x: number, doubt: number): number {
  if (local.divisionRounding === 0) return local.divisionExcess;
  scratch[0] = x;
  words[1 - high] = 0;
  words[high] = words[high]! & 0xfff00000;
  const binade = scratch[0];
  const share = x * (1 + 2 * doubt) >= 2 * binade ? 1 : (binade / x) * (1 + 2 * doubt);
  // γ_1 turns a relative error into a logarithmic one
  return local.divisionExcess + (local.divisionRounding * (share <= 1 ? share : 1)) / (1 - 2 * local.divisionRounding);
}
