/**
 * The pieces that Sinkhorn–Knopp is made of, on one n×n matrix: the start M⁰ (paper, Eq. 9; softmax in TileKernels' mhc.py, |M| in mHC-triton),
 * one half-step, which divides every line of one side by its sum, and the early stop. In the log domain the matrix holds logarithms.
 */
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { firstNormalised } from '../../operations/sinkhorn/dialect.ts';
import type { Round } from './kernel.ts';

export type Side = 'rows' | 'columns';

/** Entries of line `l` of a side stand at l·lineStride(side, n) + k·entryStride(side, n). */
export const lineStride = (side: Side, n: number): number => (side === 'rows' ? n : 1);
export const entryStride = (side: Side, n: number): number => (side === 'rows' ? 1 : n);

/** x ← L/τ minus the declared maximum of it. `logits` starts at `offset`. */
export function subtractMaximum(logits: Float64Array | Float32Array, offset: number, x: Float64Array, n: number, dialect: SinkhornDialect, round: Round): void {
  const { stabilisation, temperature } = dialect;
  const scaled = (at: number): number => (temperature === 1 ? logits[at]! : round(logits[at]! / temperature));
  const line = lineStride(firstNormalised(dialect), n);
  const entry = entryStride(firstNormalised(dialect), n);
  const matrixMax = stabilisation === 'matrix-max' ? largest(logits, offset, n * n, 1) : 0;
  for (let l = 0; l < n; l++) {
    const most = stabilisation === 'line-max' ? largest(logits, offset + l * line, n, entry) : matrixMax;
    const max = temperature === 1 ? most : round(most / temperature); // the maximum of the quotients, which are as ordered
    for (let k = 0; k < n; k++) {
      const at = l * line + k * entry;
      x[at] = stabilisation === 'none' ? scaled(offset + at) : round(scaled(offset + at) - max);
    }
  }
}

/** The matrix that enters the loop, linear domain: exp(x), |x|, or softmax(x) over the first side (+ ε, which `addEpsilon` adds). */
export function exponentiate(x: Float64Array, n: number, dialect: SinkhornDialect, round: Round): void {
  exponentials(x, dialect, round);
  if (dialect.start !== 'softmax') return;
  const line = lineStride(firstNormalised(dialect), n);
  const entry = entryStride(firstNormalised(dialect), n);
  for (let l = 0; l < n; l++) {
    const sum = sumOfLine(x, l * line, n, entry, round);
    for (let k = 0; k < n; k++) x[l * line + k * entry] = round(x[l * line + k * entry]! / sum);
  }
}

/** exp(x) or |x|. */
export function exponentials(x: Float64Array, { start }: SinkhornDialect, round: Round): void {
  for (let at = 0; at < x.length; at++) x[at] = start === 'absolute' ? Math.abs(x[at]!) : round(Math.exp(x[at]!));
}

export function addEpsilon(x: Float64Array, n: number, dialect: SinkhornDialect, round: Round): void {
  if (!dialect.epsilonInStart) return;
  for (let at = 0; at < n * n; at++) x[at] = round(x[at]! + dialect.epsilon);
}

/**
 * Divides every line of `side` by its divisor and stores the divisors at `divisors[at…at+n)`: the sum plus ε, the sum but at
 * least ε, the sum, or the sum if it exceeds ε and else 1 (the line is kept) or ∞ (it becomes zero). A divisor that does not
 * move with its sum is stored with a minus, because its derivative is another.
 */
export function normalise(x: Float64Array, n: number, side: Side, dialect: SinkhornDialect, round: Round, divisors: Float64Array, at: number): void {
  const { divisor, epsilon } = dialect;
  const small = side === 'rows' ? dialect.smallRows : dialect.smallColumns;
  const line = lineStride(side, n);
  const entry = entryStride(side, n);
  for (let l = 0; l < n; l++) {
    const sum = sumOfLine(x, l * line, n, entry, round);
    const clamped = divisor === 'clamp' && sum < epsilon;
    const undivided = divisor === 'threshold' && !(sum > epsilon);
    const by = divisor === 'add' ? round(sum + epsilon) : clamped ? round(epsilon) : undivided ? (small === 'zeroed' ? Infinity : 1) : sum;
    for (let k = 0; k < n; k++) x[l * line + k * entry] = round(x[l * line + k * entry]! / by);
    divisors[at + l] = clamped || undivided ? -by : by;
  }
}

/** Whether all sums of x, or of exp(x) in the log domain, are off 1 by less than the dialect's early stop asks for. */
export function mayStop(x: Float64Array, n: number, dialect: SinkhornDialect, round: Round): boolean {
  if (dialect.stopBelow === 0) return false;
  const values = dialect.domain === 'linear' ? x : x.map((value) => round(Math.exp(value)));
  for (let l = 0; l < n; l++) {
    const row = sumOfLine(values, l * n, n, 1, round);
    const column = sumOfLine(values, l, n, n, round);
    if (!(Math.abs(round(row - 1)) < dialect.stopBelow && Math.abs(round(column - 1)) < dialect.stopBelow)) return false;
  }
  return true;
}

/** The same half-step on logarithms: subtracts log Σ exp from every line of `side`. */
export function normaliseLog(x: Float64Array, n: number, side: Side, round: Round): void {
  const line = lineStride(side, n);
  const entry = entryStride(side, n);
  for (let l = 0; l < n; l++) {
    const max = largest(x, l * line, n, entry);
    let sum = 0;
    for (let k = 0; k < n; k++) sum = round(sum + round(Math.exp(round(x[l * line + k * entry]! - max))));
    const logSum = round(max + round(Math.log(sum)));
    for (let k = 0; k < n; k++) x[l * line + k * entry] = round(x[l * line + k * entry]! - logSum);
  }
}

function sumOfLine(x: Float64Array, start: number, n: number, stride: number, round: Round): number {
  let sum = 0;
  for (let k = 0; k < n; k++) sum = round(sum + x[start + k * stride]!);
  return sum;
}

/** The largest of `count` entries; NaN if one of them is NaN. */
function largest(x: Float64Array | Float32Array, start: number, count: number, stride: number): number {
  let max = x[start]!;
  for (let k = 1; k < count; k++) max = Math.max(max, x[start + k * stride]!);
  return max;
}
