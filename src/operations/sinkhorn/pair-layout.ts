/** Where the bound of two 4×4 matrices at a time (pair-walk.ts, pair-adjoint.ts) keeps its numbers: a header of constants, the results, then one record a stage. */
import { loadAt, type Code } from '../../numerics/webassembly.ts';

/** Pairs of the header, in both lanes the same. `impulse` is the middle of 31 places: λ of output o starts with the sixteen from impulse − o. */
const header = [
  'one', 'half', 'two', 'jensen', 'certifiedError', 'certifiedUnderflow', 'underflowGrowth', 'contractionSlack', 'adjointSlack', 'four',
  'epsilon', 'line', 'addition', 'epsilonError', 'divisionExcess', 'divisionRate', 'underflow', 'exponent',
] as const;
export type Constant = (typeof header)[number];

export const place = {
  impulse: 16 * (header.length + 15),
  /** All bits set in the lanes whose bound holds; sixteen bounds. */
  holds: 16 * (header.length + 31),
  propagation: 16 * (header.length + 32),
  totals: 16 * (header.length + 33),
  stages: 16 * (header.length + 49),
} as const;

/** Bytes into a stage's record k: matrices[k], own[k], absolute[k], shared[k]; and entryErrors, lineErrors, divisors of the step that led to it. */
export const record = { matrix: 0, own: 256, absolute: 512, entries: 768, lines: 1024, divisors: 1088, shared: 1152, size: 1168 } as const;

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
