/**
 * The matrix A that enters the loop of half-steps, in f64, with the errors that a kernel's declared arithmetic allows it there (MATHS.md §6.1, §6.2).
 * It needs one exponential and at most one softmax, so it is a closed form of the logits, not an oracle for Sinkhorn.
 */
import type { Arithmetic } from '../../src/numerics/arithmetic.ts';
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { exponentials } from '../../src/operations/sinkhorn/reference.ts';
import { localErrors, type LocalErrors } from '../../src/operations/sinkhorn/rounding.ts';
import { stepsOf, type Step } from '../../src/operations/sinkhorn/steps.ts';

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
  const local = localErrors(arithmetic, n, dialect.stabilisation !== 'none');
  const matrix = new Float64Array(n * n);
  const shifts = new Float64Array(n);
  exponentials(dialect, logits, matrix, 0, n, shifts);
  const rows = firstNormalised(dialect) === 'rows';
  const lineOf = (index: number): number => (rows ? Math.floor(index / n) : index % n);
  const kernelShifts = declaredShifts(dialect, logits, n, lineOf);
  const quotient = dialect.temperature === 1 ? 0 : local.quotient;
  const scaled = logits.map((value) => value / dialect.temperature);
  const logs = scaled.map((value, index) => value - shifts[lineOf(index)]!);
  const own = new Float64Array(n * n);
  const lost = new Float64Array(n * n); // absolute error by underflow, relative to the entry
  for (let i = 0; i < n * n; i++) {
    const shift = kernelShifts[lineOf(i)]!;
    const argument = scaled[i]! - shift;
    own[i] = local.expConstant + local.expSlope * Math.abs(argument) + quotient * (Math.abs(scaled[i]!) + Math.abs(shift)) * (1 + 2 ** -10);
    lost[i] = local.underflow / Math.exp(argument);
  }
  let line = 0;
  let steps = stepsOf(dialect);
  let epsilon = 0;
  if (dialect.start === 'softmax') {
    const lineErrors = normaliseStart(matrix, own, lost, n, lineOf, local);
    line = Math.max(...lineErrors);
    steps = steps.slice(1);
    const add = steps[0];
    if (add?.kind === 'add') {
      steps = steps.slice(1);
      epsilon = add.epsilon;
      line = 0;
      for (let i = 0; i < n * n; i++) {
        const entry = matrix[i]!;
        matrix[i] = entry + epsilon;
        const share = entry / matrix[i]!;
        own[i] = logError(share * Math.expm1(own[i]! + lineErrors[lineOf(i)]!) + (entry * lost[i]! + local.underflow) / matrix[i]!) + local.addition;
        lost[i] = 0;
        logs[i] = Math.log(matrix[i]!);
      }
    }
  }
  for (let i = 0; i < n * n; i++) own[i] = own[i]! + logError(lost[i]!);
  return { n, steps: steps.filter((step) => step.kind === 'normalise'), matrix, logs, epsilon, own, line, local };
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
function declaredShifts(dialect: SinkhornDialect, logits: Float64Array, n: number, lineOf: (index: number) => number): Float64Array {
  const shifts = new Float64Array(n).fill(-Infinity);
  logits.forEach((value, index) => (shifts[lineOf(index)] = Math.max(shifts[lineOf(index)]!, value / dialect.temperature)));
  if (dialect.stabilisation === 'none') return shifts.fill(0);
  return dialect.stabilisation === 'matrix-max' ? shifts.fill(Math.max(...shifts)) : shifts;
}

/** Softmax in place. Entries gain a division's own error; returned is what each line shares: its sum, and the division's part for lines. */
function normaliseStart(matrix: Float64Array, own: Float64Array, lost: Float64Array, n: number, lineOf: (index: number) => number, local: LocalErrors): Float64Array {
  const sums = new Float64Array(n);
  matrix.forEach((value, index) => (sums[lineOf(index)] = sums[lineOf(index)]! + value));
  const errors = new Float64Array(n);
  for (let i = 0; i < n * n; i++) {
    const l = lineOf(i);
    errors[l] = errors[l]! + (matrix[i]! / sums[l]!) * (Math.expm1(own[i]!) + Math.min(lost[i]!, Number.MAX_VALUE));
    matrix[i] = matrix[i]! / sums[l]!;
    own[i] = own[i]! + divisionEntryError(local);
  }
  return errors.map((error) => logError(error) + local.line);
}
