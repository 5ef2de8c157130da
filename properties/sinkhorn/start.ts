/**
 * The matrix A that enters the loop of half-steps, in f64, with the errors that a kernel's declared arithmetic allows it there (MATHS.md §6.1, §6.2).
 * It needs one exponential and at most one softmax, so it is a closed form of the logits, not an oracle for Sinkhorn.
 */
import type { Arithmetic } from '../../src/numerics/arithmetic.ts';
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { exponentialExcess } from '../../src/operations/sinkhorn/exponential-excess.ts';
import { exponentials } from '../../src/operations/sinkhorn/reference.ts';
import { constantError, localErrors, type LocalErrors } from '../../src/operations/sinkhorn/rounding.ts';
import { stepsOf, type Step } from '../../src/operations/sinkhorn/steps.ts';
import { largestStart } from '../../src/operations/sinkhorn/trajectory.ts';
import { smallArray } from '../../src/tensor/small.ts';

export type HalfStep = Extract<Step, { kind: 'normalise' }>;

export interface Start {
  readonly n: number;
  /** The half-steps that follow, in order. */
  readonly steps: readonly HalfStep[];
  readonly matrix: Float64Array;
  /** log A; without an ε in the start up to a constant for each line of the first side, which no cross ratio sees, and finite for all finite logits. */
  readonly logs: Float64Array;
  /** Largest cross ratio of log A, rounded up. */
  readonly span: number;
  /** What was added to every entry of the softmax. */
  readonly epsilon: number;
  /** Bound of the logarithmic error that a kernel's entry has of its own. */
  readonly own: Float64Array;
  /** Bound of the logarithmic error that the entries of a line share. */
  readonly line: number;
  readonly local: LocalErrors;
  /** Whether no line of a kernel's exponentials adds up to more than its largest number, and the constant ε is off by one rounding at most. */
  readonly inRange: boolean;
}

/** The start of one token's logits [n·n] under a dialect that exponentiates, and an arithmetic. */
export function startOf(dialect: SinkhornDialect, arithmetic: Arithmetic, logits: Float64Array, n: number): Start {
  const start = new TokenStart(dialect, arithmetic, n);
  start.compute(logits, 0);
  return start;
}

/** The start of one token after the other, in the same memory. */
export class TokenStart implements Start {
  readonly n: number;
  readonly steps: readonly HalfStep[];
  readonly matrix: Float64Array;
  readonly epsilon: number;
  readonly own: Float64Array;
  line = 0;
  readonly local: LocalErrors;
  inRange = false;
  private readonly frame: Frame;
  /** L/τ less what the reference subtracts. */
  private readonly centred: Float64Array;
  private knownLogs: Float64Array | undefined;

  constructor(dialect: SinkhornDialect, arithmetic: Arithmetic, n: number) {
    const frame = frameOf(dialect, arithmetic, n);
    this.frame = frame;
    this.n = n;
    this.steps = frame.steps;
    this.epsilon = frame.added;
    this.local = frame.local;
    this.matrix = smallArray(n * n);
    this.own = smallArray(n * n);
    this.centred = smallArray(n * n);
  }

  /** Looks at the logits at `offset`. */
  compute(logits: Float64Array, offset: number): void {
    const { n, matrix, own, centred, epsilon, local, frame: { dialect, lineOf, lost, shifts, kernelShifts, largestArgument, epsilonError } } = this;
    const { temperature } = dialect;
    const size = n * n;
    for (let i = 0; i < size; i++) centred[i] = logits[offset + i]!;
    exponentials(dialect, centred, matrix, 0, n, shifts);
    declaredShifts(dialect, centred, lineOf, kernelShifts);
    const quotient = temperature === 1 ? 0 : local.quotient;
    let largest = -Infinity;
    for (let i = 0; i < size; i++) {
      const scaled = centred[i]! / temperature;
      const line = lineOf[i]!;
      const shift = kernelShifts[line]!;
      const argument = scaled - shift;
      centred[i] = scaled - shifts[line]!;
      own[i] = local.expConstant + local.expSlope * Math.abs(argument) + quotient * (Math.abs(scaled) + Math.abs(shift)) * (1 + 2 ** -10);
      largest = Math.max(largest, argument + own[i]!);
      lost[i] = shift === shifts[line]! ? local.underflow : local.underflow * Math.exp(shift - shifts[line]!);
    }
    this.inRange = largest < largestArgument && epsilonError <= local.unit;
    this.line = 0;
    this.knownLogs = undefined;
    if (dialect.start === 'softmax') this.normalise();
    if (epsilon === 0) for (let i = 0; i < size; i++) own[i] = own[i]! + logError(lost[i]! / matrix[i]!);
  }

  get logs(): Float64Array {
    if (this.epsilon === 0) return this.centred;
    this.knownLogs ??= this.matrix.map(Math.log);
    return this.knownLogs;
  }

  get span(): number {
    return this.epsilon === 0 ? crossRatioSpan(this.centred, this.n) : Math.log(largestCrossRatio(this.matrix, this.n)) * (1 + 2 ** -50) + 2 ** -50;
  }

  /** Softmax in place, and its ε. */
  private normalise(): void {
    const { matrix, own, epsilon, local, frame: { lineOf, lost, lineErrors, epsilonError } } = this;
    normaliseStart(this.frame, matrix, own);
    if (epsilon === 0) {
      this.line = Math.max(...lineErrors);
      return;
    }
    for (let i = 0; i < matrix.length; i++) {
      const entry = matrix[i]!;
      const sum = entry + epsilon;
      matrix[i] = sum;
      const relative = exponentialExcess(own[i]! + lineErrors[lineOf[i]!]!);
      own[i] = logError((entry * relative + lost[i]! * (1 + relative)) / sum) + (epsilon / sum) * epsilonError + local.addition;
    }
  }
}

/** What the starts of all tokens of a kernel have in common, and room for what is forgotten with the token. */
interface Frame {
  readonly dialect: SinkhornDialect;
  readonly arithmetic: Arithmetic;
  readonly n: number;
  readonly local: LocalErrors;
  /** Logarithmic error of a division. */
  readonly division: number;
  /** The half-steps after the start. */
  readonly steps: readonly HalfStep[];
  /** What is added to every entry of a softmax; 0 for nothing. */
  readonly added: number;
  /** The line of the first side that an entry is in. */
  readonly lineOf: Uint8Array;
  readonly largestArgument: number;
  /** Logarithmic error of the constant ε. */
  readonly epsilonError: number;
  /** What underflow can leave in an entry [n·n]. */
  readonly lost: Float64Array;
  /** What reference and kernel subtract, by line [n]; what each line of a softmax adds up to, and the logarithmic error that it shares. */
  readonly shifts: Float64Array;
  readonly kernelShifts: Float64Array;
  readonly sums: Float64Array;
  readonly lineErrors: Float64Array;
}

let latest: Frame | undefined;

/** The frame of a kernel; remembered, since one token follows the other. */
function frameOf(dialect: SinkhornDialect, arithmetic: Arithmetic, n: number): Frame {
  if (latest?.dialect === dialect && latest.arithmetic === arithmetic && latest.n === n) return latest;
  const rows = firstNormalised(dialect) === 'rows';
  const steps = stepsOf(dialect).slice(dialect.start === 'softmax' ? 1 : 0);
  const add = dialect.start === 'softmax' ? steps[0] : undefined;
  const local = localErrors(arithmetic, n, dialect.stabilisation !== 'none');
  latest = {
    dialect, arithmetic, n, local,
    division: divisionEntryError(local),
    steps: steps.filter((step) => step.kind === 'normalise'),
    added: add?.kind === 'add' ? add.epsilon : 0,
    lineOf: Uint8Array.from({ length: n * n }, (_, i) => (rows ? Math.floor(i / n) : i % n)),
    largestArgument: Math.log(largestStart(arithmetic, n)) * (1 - 2 ** -50),
    epsilonError: constantError(arithmetic, dialect.epsilon),
    lost: smallArray(n * n),
    shifts: smallArray(n),
    kernelShifts: smallArray(n),
    sums: smallArray(n),
    lineErrors: smallArray(n),
  };
  return latest;
}

/**
 * A relative error x ≥ 0 as a bound of |log(1 + error)|. Up to 2⁻⁸: −log(1 − x) = x + x²/2 + x³/3 + … ≤ x + x²/2·(1 + (2/3)·x/(1 − x)) ≤ x·(1 + 0.502·x), and
 * 1 + 2⁻⁴⁹ covers four roundings here and as many of x; 1 + 2⁻⁵⁰ the ULP of `Math.log1p`.
 */
export function logError(relative: number): number {
  if (relative <= 2 ** -8) return relative * (1 + 0.502 * relative) * (1 + 2 ** -49);
  return relative < 1 ? -Math.log1p(-relative) * (1 + 2 ** -50) : Infinity;
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

/** The same of positive entries before the logarithm: max A_ij·A_kl / (A_il·A_kj), with less than three roundings. */
function largestCrossRatio(matrix: Float64Array, n: number): number {
  let largest = 1;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      let low = Infinity;
      let high = 0;
      for (let j = 0; j < n; j++) {
        const ratio = matrix[i * n + j]! / matrix[k * n + j]!;
        low = Math.min(low, ratio);
        high = Math.max(high, ratio);
      }
      largest = Math.max(largest, high / low);
    }
  }
  return largest;
}

/** What the declared stabilisation subtracts, by line of the first side. */
function declaredShifts({ temperature, stabilisation }: SinkhornDialect, logits: Float64Array, lineOf: Uint8Array, shifts: Float64Array): void {
  shifts.fill(stabilisation === 'none' ? 0 : -Infinity);
  if (stabilisation === 'none') return;
  for (let i = 0; i < logits.length; i++) {
    const line = lineOf[i]!;
    const scaled = logits[i]! / temperature;
    shifts[line] = Math.max(shifts[line]!, scaled);
  }
  if (stabilisation === 'matrix-max') shifts.fill(Math.max(...shifts));
}

/** Softmax in place. Entries gain a division's own error; what each line shares goes to `lineErrors`: its sum, and the division's part for lines. */
function normaliseStart({ local, division, lineOf, lost, sums, lineErrors }: Frame, matrix: Float64Array, own: Float64Array): void {
  sums.fill(0);
  lineErrors.fill(0);
  for (let i = 0; i < matrix.length; i++) sums[lineOf[i]!] = sums[lineOf[i]!]! + matrix[i]!;
  for (let i = 0; i < matrix.length; i++) {
    const line = lineOf[i]!;
    const entry = matrix[i]! / sums[line]!;
    matrix[i] = entry;
    const share = lost[i]! / sums[line]!;
    lineErrors[line] = lineErrors[line]! + entry * exponentialExcess(own[i]!) + share;
    own[i] = own[i]! + division;
    lost[i] = share + local.underflow;
  }
  for (let line = 0; line < sums.length; line++) lineErrors[line] = logError(lineErrors[line]!) + local.line;
}
