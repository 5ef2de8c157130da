/**
 * Of a batch of 4×4 matrices the reference, for which tokens a bound exists for certain (pair-quick.ts), and a lower bound of each entry's bound that needs nothing but the result.
 *
 * Proof of the latter: forward-bound.ts adds non-negative terms |λ|·δ and |line sums of λ|·θ for every step; those of the last two are taken here. λ is 1 at the entry o before the last step, which gives
 * θ + δ_o; then −W_k along its line, 1 − W_o at o, which every line of the other side has one of: Σ|…|·θ. θ is at least the rounding of a line, δ_o at least divisionExcess + divisionRate·2^⌊log₂ x⌋/x, and
 * that quotient is above 1/2. e^Λ − 1 ≥ Λ; the factor 1 − 2⁻³⁰ covers the roundings here. Holds on the straight path, where every divisor follows its sum: where pair-quick.ts holds.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { firstNormalised, type SinkhornDialect } from './dialect.ts';
import { LightBound } from './pair-light.ts';
import { at, matricesPerCall, quickRunner, type QuickRunner } from './pair-quick.ts';
import { needsLogarithms, sinkhornReference } from './reference.ts';
import { constantError, localErrors, type LocalErrors } from './rounding.ts';
import { computeStart, emptyStart } from './start-errors.ts';
import { stepsOf } from './steps.ts';
import { certifiedError, largestStart } from './trajectory.ts';

const n = 4;
const size = n * n;

/** Bounds of more than so many roundings of one line are not hoped for. */
const hope = 64;

/** What the batches of a kernel have in common. */
interface Frame {
  readonly arithmetic: Arithmetic;
  readonly runner: QuickRunner;
  readonly local: LocalErrors;
  readonly epsilonError: number;
  readonly largest: number;
  /** Whether the step before the last normalises the other side. */
  readonly twoSteps: boolean;
  /** Whether `enterUsual` knows the start. */
  readonly usual: boolean;
  /** Between lines of the first side, and between the entries of one. */
  readonly line: number;
  readonly entry: number;
  light?: LightBound;
}

const frames = new WeakMap<SinkhornDialect, Frame>();

function frameOf(dialect: SinkhornDialect, arithmetic: Arithmetic): Frame {
  const known = frames.get(dialect);
  if (known?.arithmetic === arithmetic) return known;
  const local = localErrors(arithmetic, n, dialect.stabilisation !== 'none');
  const epsilonError = constantError(arithmetic, dialect.epsilon);
  const before = stepsOf(dialect).at(-2);
  const frame: Frame = {
    arithmetic, local, epsilonError,
    runner: quickRunner(dialect, local, epsilonError),
    largest: largestStart(arithmetic, n),
    usual: dialect.start !== 'absolute' && dialect.domain === 'linear' && dialect.temperature === 1 && dialect.stabilisation === 'line-max' && dialect.epsilon > 0,
    line: firstNormalised(dialect) === 'rows' ? n : 1,
    entry: firstNormalised(dialect) === 'rows' ? 1 : n,
    twoSteps: before?.kind === 'normalise' && before.side === firstNormalised(dialect),
  };
  frames.set(dialect, frame);
  return frame;
}

export class QuickForward {
  /** The f64 reference [tokens, 4, 4]. */
  readonly values: Float64Array;
  /** 1 for tokens that have a bound for certain [tokens]. */
  readonly sure: Uint8Array;
  private readonly dialect: SinkhornDialect;
  private readonly frame: Frame;
  private readonly start = emptyStart(n);

  /** For logits [tokens, 4, 4] and a dialect that `walksInPairs`. */
  constructor(logits: Float64Array, tokens: number, dialect: SinkhornDialect, arithmetic: Arithmetic) {
    this.values = new Float64Array(size * tokens);
    this.sure = new Uint8Array(tokens);
    this.dialect = dialect;
    this.frame = frameOf(dialect, arithmetic);
    for (let from = 0; from < tokens; from += matricesPerCall) this.run(logits, from, Math.min(matricesPerCall, tokens - from));
  }

  private run(logits: Float64Array, from: number, count: number): void {
    const { dialect, values, sure, frame: { runner, usual } } = this;
    const { numbers } = runner;
    for (let m = 0; m < count; m++) sure[from + m] = usual ? this.enterUsual(logits, from + m, at(m)) : this.enter(logits, from + m, at(m));
    runner.run(count);
    for (let m = 0; m < count; m++) {
      const token = from + m;
      const place = at(m);
      if (!runner.holds(m)) sure[token] = 0;
      for (let k = 0; k < size; k++) values[size * token + k] = numbers[place + 2 * k]!;
      if (!usual && needsLogarithms(dialect, logits, size * token, n)) values.set(sinkhornReference(logits.subarray(size * token, size * (token + 1)), 1, n, dialect), size * token);
    }
  }

  /** Writes what enters the loop for a token, and its largest errors. 0 where nothing is certain. */
  private enter(logits: Float64Array, token: number, place: number): 0 | 1 {
    const { dialect, start, frame: { runner: { numbers }, local, epsilonError, largest } } = this;
    const offset = size * token;
    const linear = !needsLogarithms(dialect, logits, offset, n);
    const holds = computeStart(start, logits, offset, n, dialect, local, epsilonError, largest);
    let [own, absolute] = [0, 0];
    for (let k = 0; k < size; k++) {
      numbers[place + 2 * k] = start.matrix[k]!;
      own = Math.max(own, start.own[k]!);
      absolute = Math.max(absolute, start.absolute[k]!);
    }
    numbers[place + 2 * size] = own;
    numbers[place + 2 * size + 2] = absolute;
    return linear && holds && epsilonError < certifiedError ? 1 : 0;
  }

  /** The same where each line's maximum is subtracted, nothing is divided by a temperature, and an ε keeps all in reach of linear iteration: a line's largest error is that of its smallest entry. */
  private enterUsual(logits: Float64Array, token: number, place: number): 0 | 1 {
    const { frame: { runner: { numbers }, local, epsilonError, largest, line, entry } } = this;
    let deepest = 0;
    let holds = 1 < largest && epsilonError < certifiedError;
    for (let l = 0; l < n; l++) {
      const first = size * token + l * line;
      let max = -Infinity;
      let min = Infinity;
      for (let e = 0; e < n; e++) {
        const value = logits[first + e * entry]!;
        if (value > max) max = value;
        if (value < min) min = value;
        if (!(Math.abs(value) < Infinity)) holds = false;
      }
      if (max - min > deepest) deepest = max - min;
      for (let e = 0, to = place + 2 * l * line; e < n; e++, to += 2 * entry) {
        const argument = logits[first + e * entry]! - max;
        numbers[to] = argument === 0 ? 1 : Math.exp(argument);
      }
    }
    numbers[place + 2 * size] = local.expConstant + local.expSlope * deepest;
    numbers[place + 2 * size + 2] = local.underflow;
    return holds ? 1 : 0;
  }

  /** The same for tokens that `covers` left, by the iterates (pair-light.ts). Returns those that are left. */
  coversMore(list: readonly number[], logits: Float64Array, values: Float64Array, needed: Float64Array, errors: Float64Array): number[] {
    const { sure, frame } = this;
    const tried = list.filter((token) => sure[token] === 1 && this.mayCover(token, values, needed));
    if (tried.length === 0) return [...list];
    const light = (frame.light ??= new LightBound(this.dialect, frame.local));
    const covered = new Set<number>();
    for (let k = 0; k < tried.length; k += 2) {
      const two = tried.slice(k, k + 2);
      for (const [lane, token] of two.entries()) light.load(lane, logits, size * token, values, needed);
      if (two.length === 1) light.load(1, logits, size * two[0]!, values, needed);
      light.run();
      for (const [lane, token] of two.entries()) if (light.covers(lane, size * token, values, needed, errors)) covered.add(token);
    }
    return list.filter((token) => !covered.has(token));
  }

  /** Whether it is worth trying: a hopeless try costs a third of the whole bound. */
  private mayCover(token: number, values: Float64Array, needed: Float64Array): boolean {
    const { local: { line, divisionExcess, divisionRate } } = this.frame;
    const most = hope * (line + divisionExcess + divisionRate / 2);
    for (let index = size * token; index < size * (token + 1); index++) if (!(needed[index]! <= most * values[index]!)) return false;
    return true;
  }

  /** Writes lower bounds of a token's errors where all of them are at least what is needed; false where they are not, or nothing is certain. `values` is the reference. */
  covers(token: number, values: Float64Array, needed: Float64Array, errors: Float64Array): boolean {
    if (this.sure[token] === 0) return false;
    const { dialect: { lastNormalised }, frame: { local: { line, divisionExcess, divisionRate }, twoSteps } } = this;
    const [lineStride, entryStride] = lastNormalised === 'rows' ? [n, 1] : [1, n];
    const once = line + divisionExcess + divisionRate / 2;
    for (let l = 0; l < n; l++) {
      const first = size * token + l * lineStride;
      let sum = 0;
      for (let e = 0; e < n; e++) sum += values[first + e * entryStride]!;
      for (let e = 0; e < n; e++) {
        const index = first + e * entryStride;
        const x = values[index]!;
        const others = twoSteps ? Math.abs(1 - x) + Math.max(0, sum - x) : 0;
        const error = x > 2 ** -900 ? x * (once + line * others) * (1 - 2 ** -30) : 0;
        if (!(error >= needed[index]!)) return false;
        errors[index] = error;
      }
    }
    return true;
  }
}
