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
  /** γ_1 of divisionRounding, rounded up: what turns a share of it into a logarithmic error. */
  readonly divisionRate: number;
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
  const sum = (field: keyof Omit<LocalErrors, 'divisionRate'>): number => kernel[field] + reference[field];
  const divisionRounding = sum('divisionRounding');
  return {
    divisionRounding,
    divisionExcess: sum('divisionExcess'),
    divisionRate: (divisionRounding / (1 - 2 * divisionRounding)) * (1 + 2 ** -50),
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

function errorsOf(arithmetic: Arithmetic, n: number, shifted: boolean): Omit<LocalErrors, 'divisionRate'> {
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
/** 2^⌊log₂ x⌋ by the bits of x's exponent; 0 for subnormal x. A number put together from words that were just stored would wait for the stores. */
const binades = Float64Array.from({ length: 2048 }, (_, bits) => (bits === 0 ? 0 : 2 ** (bits - 1023)));

/**
 * Logarithmic error of a division whose exact result is x ≥ 0. A correctly rounded result is off by half a unit in the last place, which is
 * u·2^⌊log₂ x⌋, between u/2 and u of x. The computed quotient may lie in the next binade when x is within `doubt` (relative) of it: then u.
 */
export function divisionError(local: LocalErrors, x: number, doubt: number): number {
  if (local.divisionRounding === 0) return local.divisionExcess;
  scratch[0] = x;
  const binade = binades[(words[high]! >>> 20) & 2047]!;
  const growth = 1 + 2 * doubt;
  const share = x * growth >= 2 * binade ? 1 : (binade / x) * growth;
  return local.divisionExcess + local.divisionRate * (share <= 1 ? share : 1);
}
