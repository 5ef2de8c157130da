/**
 * The bounds of 4×4 matrices two at a time, bit for bit those of token-forward.ts and token-vjp.ts, for linear dialects without threshold and early stop. Tokens off the
 * straight path of pair-walk.ts and pair-backward.ts are left to these.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { instantiate, type WasmInstance } from '../../numerics/webassembly.ts';
import type { SinkhornDialect, SinkhornVjpDialect } from './dialect.ts';
import { dobrushinHalf } from './dobrushin.ts';
import { excessSlack, inverseFactorials, smallExponent } from './exponential-excess.ts';
import { adjoint } from './pair-adjoint.ts';
import { backward } from './pair-backward.ts';
import { constantAt, place, record, type Constant } from './pair-layout.ts';
import { innerError, tangent } from './pair-tangent.ts';
import { walk } from './pair-walk.ts';
import { needsLogarithms } from './reference.ts';
import { constantError, localErrors, type LocalErrors } from './rounding.ts';
import { computeStart, emptyStart } from './start-errors.ts';
import { isStraight, loopOf, stepsOf } from './steps.ts';
import { compounded, vjpUnits } from './vjp-bound.ts';
import { certifiedError, certifiedUnderflow, jensen, largestStart } from './trajectory.ts';

const n = 4;
const size = n * n;

/** Whether gradients can be looked at two at a time as well. */
export function differentiatesInPairs(streams: number, dialect: SinkhornVjpDialect): boolean {
  return walksInPairs(streams, dialect) && dialect.derivative === 'unrolled' && dialect.start !== 'absolute' && dialect.temperature === 1;
}

/** Whether pairs can be looked at for matrices of this size and dialect. */
export function walksInPairs(streams: number, dialect: SinkhornDialect): boolean {
  return streams === n && isStraight(dialect);
}

export type Purpose = 'forward' | 'vjp';

export class PairBound {
  private readonly dialect: SinkhornDialect;
  private readonly arithmetic: Arithmetic;
  private readonly purpose: Purpose;
  private readonly local: LocalErrors;
  private readonly epsilonError: number;
  private readonly largest: number;
  private readonly loops: number;
  private readonly lastRecord: number;
  private readonly instance: WasmInstance;
  private readonly numbers: Float64Array;
  private readonly masks: Int32Array;
  private readonly start = emptyStart(n);

  /** `purpose` says which bound. */
  constructor(dialect: SinkhornDialect, arithmetic: Arithmetic, purpose: Purpose) {
    this.arithmetic = arithmetic;
    this.purpose = purpose;
    this.dialect = dialect;
    this.local = localErrors(arithmetic, n, dialect.stabilisation !== 'none');
    this.epsilonError = constantError(arithmetic, dialect.epsilon);
    this.largest = largestStart(arithmetic, n);
    this.loops = dialect.iterations - 1;
    const steps = stepsOf(dialect);
    this.lastRecord = place.stages + steps.length * record.size;
    this.instance = instanceOf(dialect, purpose);
    this.numbers = new Float64Array(this.instance.memory);
    this.masks = new Int32Array(this.instance.memory);
  }

  /** Call before a batch: others may have used the same memory for another arithmetic. */
  begin(): void {
    const { local, numbers } = this;
    this.write({
      one: 1, half: 0.5, two: 2, four: 4, jensen, certifiedError, certifiedUnderflow,
      underflowGrowth: 1 + 2 * certifiedUnderflow,
      contractionSlack: 2 ** -40,
      dobrushinHalf: dobrushinHalf(n),
      adjointSlack: 1 + 2 ** -30,
      epsilon: this.dialect.epsilon,
      epsilonError: this.epsilonError,
      line: local.line,
      addition: local.addition,
      divisionExcess: local.divisionExcess,
      divisionRate: local.divisionRate,
      underflow: local.underflow,
    });
    if (this.purpose === 'vjp') this.writeVjpConstants();
    this.masks.set([0, 0x7ff00000, 0, 0x7ff00000], constantAt('exponent') / 4);
    numbers.fill(1, place.impulse / 8, place.impulse / 8 + 2);
    if (this.purpose === 'forward') numbers.fill(NaN, place.targets / 8, place.targets / 8 + 2 * size);
  }

  private writeVjpConstants(): void {
    const { sumError, ownError, unit, slopeLimit, gradientLimit } = vjpUnits(this.arithmetic, n);
    const { underflow } = this.local;
    const [inverse2, inverse6, inverse24, inverse120, inverse720, inverse5040] = inverseFactorials;
    const inverses = { inverse2, inverse6, inverse24, inverse120, inverse720, inverse5040 };
    this.write({ sumError, ownError, unit, slopeLimit, gradientLimit, compounded, smallExponent, excessSlack, ...inverses, lineUnderflow: (n + 3) * underflow, twoUnderflow: 2 * underflow });
  }

  private write(constants: Readonly<Partial<Record<Constant, number>>>): void {
    for (const [name, value] of Object.entries(constants)) this.numbers.fill(value, constantAt(name as Constant) / 8, constantAt(name as Constant) / 8 + 2);
  }

  /** The matrix of logits at `offset` becomes the one in `lane` 0 or 1. False when token-forward.ts has to look at it; the lane then holds something else. */
  load(lane: number, logits: Float64Array, offset: number): boolean {
    const { dialect, start, numbers } = this;
    if (!(this.epsilonError < certifiedError) || needsLogarithms(dialect, logits, offset, n)) return false;
    if (!computeStart(start, logits, offset, n, dialect, this.local, this.epsilonError, this.largest)) return false;
    const { matrix, own, absolute, scale } = start;
    const first = place.stages / 8 + lane;
    for (let k = 0, at = first; k < size; k++, at += 2) {
      numbers[at + record.matrix / 8] = matrix[k]!;
      numbers[at + record.own / 8] = own[k]!;
      numbers[at + record.absolute / 8] = absolute[k]!;
    }
    if (this.purpose === 'vjp') this.fill(place.scale, lane, scale, 0);
    return true;
  }

  /** Looks at both lanes. Call before `holds`, `bound` and the rest. */
  walk(): void {
    this.instance.functions['walk']!(this.loops);
  }

  /** Whether the lane was on the straight path, which is certified. */
  holds(lane: number): boolean {
    return this.masks[place.holds / 4 + 2 * lane] !== 0;
  }

  /**
   * Says how large the bound of entry `out` of a lane, whose reference value is x, has to be known: `bound` then goes on until `errorOf` is at least `needed`, or is the whole bound. For NaN
   * it is. Lasts until the next `begin`; lanes that do not hold must be given 0.
   *
   * errorOf ≥ x·expm1(Λ) with e^Λ − 1 ≥ Λ, two roundings and one ULP of expm1: Λ ≥ (needed/x)·(1 + 2⁻³⁰) suffices where nothing is near underflow.
   */
  aim(lane: number, x: number, out: number, needed: number): void {
    const target = needed === 0 ? 0 : needed > 2 ** -900 && x > 2 ** -900 ? (needed / x) * (1 + 2 ** -30) : NaN;
    this.numbers[place.targets / 8 + 2 * out + lane] = target;
  }

  /** Computes the logarithmic bounds of both lanes, as far as they were aimed at. */
  bound(): void {
    this.instance.functions['adjoint']!(this.loops, this.lastRecord);
  }

  /** Absolute error bound of entry `out` of a lane, whose reference value is x: `TokenForward.errorOf`. */
  errorOf(lane: number, x: number, out: number): number {
    const { numbers } = this;
    const relative = Math.expm1(numbers[place.totals / 8 + 2 * out + lane]!);
    return x * relative * (1 + 2 ** -40) + numbers[(this.lastRecord + record.absolute) / 8 + 2 * out + lane]! + x * 2 ** -52;
  }

  /** The cotangent of a lane, at `offset`. */
  loadCotangent(lane: number, cotangent: Float64Array, offset: number): void {
    this.fill(place.cotangent, lane, cotangent, offset);
  }

  /** Computes the gradients of both lanes, whose cotangents are loaded. Call before `holds`. */
  backward(): void {
    this.instance.functions['backward']!(this.loops, this.lastRecord);
  }

  /** The same, and their bounds. */
  differentiate(): void {
    const { functions } = this.instance;
    this.backward();
    functions['innerError']!(this.loops);
    functions['tangent']!(this.loops);
  }

  /** Entry `out` of h of the start, the gradient of a lane at temperature 1. */
  gradientOf(lane: number, out: number): number {
    return this.numbers[place.gradient / 8 + 2 * out + lane]!;
  }

  /** Absolute error bound of it: `TokenVjp.errorOf`. */
  gradientErrorOf(lane: number, out: number): number {
    return this.numbers[place.totals / 8 + 2 * out + lane]! * (1 + 2 ** -30);
  }

  private fill(address: number, lane: number, values: Float64Array, offset: number): void {
    for (let k = 0, at = address / 8 + lane; k < size; k++, at += 2) this.numbers[at] = values[offset + k]!;
  }
}

const latest = new WeakMap<SinkhornDialect, { readonly arithmetic: Arithmetic; readonly purpose: Purpose; readonly pairs: PairBound }>();

/** As the constructor; the one made last for a dialect is used again. `begin` is called before each batch, and batches are not interleaved. */
export function pairBoundOf(dialect: SinkhornDialect, arithmetic: Arithmetic, purpose: Purpose): PairBound {
  const known = latest.get(dialect);
  if (known?.arithmetic === arithmetic && known.purpose === purpose) return known.pairs;
  const pairs = new PairBound(dialect, arithmetic, purpose);
  latest.set(dialect, { arithmetic, purpose, pairs });
  return pairs;
}

const instances = new Map<string, WasmInstance>();
/** An instance has a page of memory or more; an identification tries hundreds of dialects. */
const mostInstances = 64;

function instanceOf(dialect: SinkhornDialect, purpose: Purpose): WasmInstance {
  const { start, divisor, lastNormalised, iterations, epsilon } = dialect;
  const key = JSON.stringify([purpose, start, dialect.epsilonInStart, divisor, lastNormalised, iterations, epsilon === 0]);
  const known = instances.get(key);
  if (known !== undefined) return known;
  const { prefix, body, times } = loopOf(dialect);
  const after = purpose === 'forward' ? [adjoint] : [backward, innerError, tangent];
  const instance = instantiate([walk, ...after].map((make) => make(prefix, body)), place.stages + (prefix.length + 2 * times + 1) * record.size);
  if (instances.size >= mostInstances) instances.clear();
  instances.set(key, instance);
  return instance;
}
