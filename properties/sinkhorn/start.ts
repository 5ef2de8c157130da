/**
 * The matrix A that enters the loop of half-steps, in f64, with the errors that a kernel's declared arithmetic allows it there (MATHS.md §6.1, §6.2).
 * It needs one exponential and at most one softmax, so it is a closed form of the logits, not an oracle for Sinkhorn.
 */
import type { Arithmetic } from '../../src/numerics/arithmetic.ts';
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { exponentials } from '../../src/operations/sinkhorn/reference.ts';
import { localErrors, type LocalErrors } from '../../src/operations/sinkhorn/rounding.ts';
import { stepsOf, type Step } from '../../src/operations/sinkhorn/steps.ts';
import { smallArray } from '../../src/tensor/small.ts';

export type HalfStep = Extract<Step, { kind: 'normalise' }>;

export interface Start {
  readonly n: number;
  /** The half-steps that follow, in order. */
  readonly steps: readonly HalfStep[];
  readonly matrix: Float64Array;
  /** log A; without an ε in the start up to a constant for each line of the first side, which no cross ratio sees, and finite for all finite logits. */
  readonly logs: Float64Array;
  /** What was added to every entry of the softmax. */
  readonly epsilon: number;
  /** Bound of the logarithmic error that a kernel's entry has of its own. */
  readonly own: Float64Array;
  /** Bound of the logarithmic error that the entries of a line share. */
  readonly line: number;
  readonly local: LocalErrors;
}

/** The start of one token's logits [n·n] under a dialect that exponentiates, and an arithmetic. */
export function startOf(dialect: SinkhornDialect, arithmetic: Arithmetic, logits: Float64Array, n: number): Start {
  const { local, steps, lineOf, added } = frameOf(dialect, arithmetic, n);
  const size = n * n;
  const matrix = smallArray(size);
  const shifts = new Float64Array(n);
  exponentials(dialect, logits, matrix, 0, n, shifts);
  const kernelShifts = declaredShifts(dialect, logits, n, lineOf);
  const quotient = dialect.temperature === 1 ? 0 : local.quotient;
  const logs = smallArray(size);
  const own = smallArray(size);
  const lost = smallArray(size); // absolute error by underflow, relative to the entry
  for (let i = 0; i < size; i++) {
    const scaled = logits[i]! / dialect.temperature;
    const line = lineOf[i]!;
    const shift = kernelShifts[line]!;
    const argument = scaled - shift;
    logs[i] = scaled - shifts[line]!;
    own[i] = local.expConstant + local.expSlope * Math.abs(argument) + quotient * (Math.abs(scaled) + Math.abs(shift)) * (1 + 2 ** -10);
    lost[i] = local.underflow / (shift === shifts[line]! ? matrix[i]! : Math.exp(argument));
  }
  let line = 0;
  if (dialect.start === 'softmax') {
    const lineErrors = normaliseStart(matrix, own, lost, n, lineOf, local);
    if (added === undefined) line = Math.max(...lineErrors);
    else {
      for (let i = 0; i < size; i++) {
        const entry = matrix[i]!;
        matrix[i] = entry + added;
        const share = entry / matrix[i]!;
        own[i] = logError(share * Math.expm1(own[i]! + lineErrors[lineOf[i]!]!) + (entry * lost[i]! + local.underflow) / matrix[i]!) + local.addition;
        lost[i] = 0;
        logs[i] = Math.log(matrix[i]!);
      }
    }
  }
  if (added === undefined) for (let i = 0; i < size; i++) own[i] = own[i]! + logError(lost[i]!);
  return { n, steps, matrix, logs, epsilon: added ?? 0, own, line, local };
}

/** What the starts of all tokens of a kernel have in common. */
interface Frame {
  readonly dialect: SinkhornDialect;
  readonly arithmetic: Arithmetic;
  readonly n: number;
  readonly local: LocalErrors;
  /** The half-steps after the start. */
  readonly steps: readonly HalfStep[];
  /** What is added to every entry of a softmax. */
  readonly added: number | undefined;
  /** The line of the first side that an entry is in. */
  readonly lineOf: Uint8Array;
}

let latest: Frame | undefined;

/** The frame of a kernel; remembered, since one token follows the other. */
function frameOf(dialect: SinkhornDialect, arithmetic: Arithmetic, n: number): Frame {
  if (latest?.dialect === dialect && latest.arithmetic === arithmetic && latest.n === n) return latest;
  const rows = firstNormalised(dialect) === 'rows';
  const steps = stepsOf(dialect).slice(dialect.start === 'softmax' ? 1 : 0);
  const add = dialect.start === 'softmax' ? steps[0] : undefined;
  latest = {
    dialect, arithmetic, n,
    local: localErrors(arithmetic, n, dialect.stabilisation !== 'none'),
    steps: steps.filter((step) => step.kind === 'normalise'),
    added: add?.kind === 'add' ? add.epsilon : undefined,
    lineOf: Uint8Array.from({ length: n * n }, (_, i) => (rows ? Math.floor(i / n) : i % n)),
  };
  return latest;
}

/** A relative error as a bound of |log(1 + error)|. */
export function logError(relative: number): number {
  return relative < 1 ? -Math.log1p(-relative) : Infinity;
}

/** Bound of the logarithmic error that one division gives one entry. */
export function divisionEntryError(local: LocalErrors): number {
  return local.divisionExcess + logError(local.divisionRounding);
}

/** Largest cross ratio max |log A_ij + log A_kl − log A_il − log A_kj| from logarithms, rounded up. */
export function crossRatioSpan(logs: Float64Array, n: number): number {
  let span = 0;
  let size = 0;
  for (const value of logs) size = Math.max(size, Math.abs(value));
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      let low = Infinity;
      let high = -Infinity;
      for (let j = 0; j < n; j++) {
        const difference = logs[i * n + j]! - logs[k * n + j]!;
        low = Math.min(low, difference);
        high = Math.max(high, difference);
      }
      span = Math.max(span, high - low);
    }
  }
  return span + 8 * size * 2 ** -53;
}

/** What the declared stabilisation subtracts, by line of the first side. */
function declaredShifts(dialect: SinkhornDialect, logits: Float64Array, n: number, lineOf: Uint8Array): Float64Array {
  if (dialect.stabilisation === 'none') return new Float64Array(n);
  const shifts = new Float64Array(n).fill(-Infinity);
  for (let i = 0; i < n * n; i++) {
    const line = lineOf[i]!;
    shifts[line] = Math.max(shifts[line]!, logits[i]! / dialect.temperature);
  }
  return dialect.stabilisation === 'matrix-max' ? shifts.fill(Math.max(...shifts)) : shifts;
}

/** Softmax in place. Entries gain a division's own error; returned is what each line shares: its sum, and the division's part for lines. */
function normaliseStart(matrix: Float64Array, own: Float64Array, lost: Float64Array, n: number, lineOf: Uint8Array, local: LocalErrors): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i < n * n; i++) sums[lineOf[i]!] = sums[lineOf[i]!]! + matrix[i]!;
  const errors = new Float64Array(n);
  const division = divisionEntryError(local);
  for (let i = 0; i < n * n; i++) {
    const line = lineOf[i]!;
    matrix[i] = matrix[i]! / sums[line]!;
    errors[line] = errors[line]! + matrix[i]! * (Math.expm1(own[i]!) + Math.min(lost[i]!, Number.MAX_VALUE));
    own[i] = own[i]! + division;
  }
  for (let line = 0; line < n; line++) errors[line] = logError(errors[line]!) + local.line;
  return errors;
}
