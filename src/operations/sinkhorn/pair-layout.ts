/**
 * Where the bounds of two 4×4 matrices at a time (pair-walk.ts, pair-adjoint.ts, pair-backward.ts, pair-tangent.ts) keep their numbers: a header of constants, what goes
 * in and comes out, then one record a stage.
 */
import { loadAt, type Code } from '../../numerics/webassembly.ts';

/** Pairs of the header, in both lanes the same. `impulse` is the middle of 31 places: λ of output o starts with the sixteen from impulse − o. */
const header = [
  'one', 'half', 'two', 'jensen', 'certifiedError', 'certifiedUnderflow', 'underflowGrowth', 'contractionSlack', 'dobrushinHalf', 'adjointSlack', 'four',
  'epsilon', 'line', 'addition', 'epsilonError', 'divisionExcess', 'divisionRate', 'underflow', 'exponent',
  // of the derivative
  'sumError', 'ownError', 'unit', 'lineUnderflow', 'twoUnderflow', 'slopeLimit', 'gradientLimit', 'compounded', 'smallExponent', 'excessSlack',
  'inverse2', 'inverse6', 'inverse24', 'inverse120', 'inverse720', 'inverse5040',
] as const;
export type Constant = (typeof header)[number];

const after = (pairs: number): number => 16 * (header.length + 31 + pairs);
export const place = {
  impulse: 16 * (header.length + 15),
  /** All bits set in the lanes whose bound holds. */
  holds: after(0),
  propagation: after(1),
  /** D of vjp-bound.ts. */
  inner: after(2),
  /** Sixteen bounds, of the forward or the gradient. */
  totals: after(3),
  cotangent: after(19),
  /** Of the forward: where the sixteen bounds are large enough. */
  targets: after(19),
  seedError: after(35),
  gradient: after(51),
  /** The start in the kernel's own scale. */
  scale: after(67),
  stages: after(83),
} as const;

/**
 * Bytes into a stage's record k: matrices[k], own[k], absolute[k], shared[k]; entryErrors, lineErrors, divisors of the step that led to it; and of the backward of that step
 * the errors `forward`, `rounding`, `sensitivity`.
 */
export const record = { matrix: 0, own: 256, absolute: 512, entries: 768, lines: 1024, divisors: 1088, shared: 1152, forward: 1168, rounding: 1424, sensitivity: 1680, size: 1936 } as const;

/** Byte address of a constant. */
export function constantAt(name: Constant): number {
  return 16 * header.indexOf(name);
}

/** A constant as an expression. */
export function known(name: Constant): Code {
  return loadAt(constantAt(name));
}

/** The entries of line `line` of a 4×4 matrix. */
export function entriesOf(side: 'rows' | 'columns', line: number): readonly number[] {
  return [0, 1, 2, 3].map((e) => (side === 'rows' ? 4 * line + e : 4 * e + line));
}
