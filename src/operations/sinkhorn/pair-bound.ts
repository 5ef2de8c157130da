/**
 * The forward bound of 4×4 matrices two at a time, bit for bit that of token-forward.ts, for linear dialects without threshold and early stop. Tokens off the straight
 * path of pair-walk.ts are left to token-forward.ts.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { instantiate, type WasmInstance } from '../../numerics/webassembly.ts';
import type { SinkhornDialect } from './dialect.ts';
import { adjoint } from './pair-adjoint.ts';
import { constantAt, place, record, type Constant } from './pair-layout.ts';
import { walk } from './pair-walk.ts';
import { needsLogarithms } from './reference.ts';
import { constantError, localErrors, type LocalErrors } from './rounding.ts';
import { computeStart, emptyStart } from './start-errors.ts';
import { stepsOf } from './steps.ts';
import { certifiedError, certifiedUnderflow, jensen, largestStart } from './trajectory.ts';

const n = 4;
const size = n * n;

/** Whether pairs can be looked at for matrices of this size and dialect. */
export function walksInPairs(streams: number, dialect: SinkhornDialect): boolean {
  return streams === n && dialect.domain === 'linear' && dialect.divisor !== 'threshold' && dialect.stopBelow === 0;
}

export class PairBound {
  private readonly dialect: SinkhornDialect;
  private readonly local: LocalErrors;
  private readonly epsilonError: number;
  private readonly largest: number;
  private readonly loops: number;
  private readonly lastRecord: number;
  private readonly instance: WasmInstance;
  private readonly numbers: Float64Array;
  private readonly masks: Int32Array;
  private readonly start = emptyStart(n);

  constructor(dialect: SinkhornDialect, arithmetic: Arithmetic) {
    this.dialect = dialect;
    this.local = localErrors(arithmetic, n, dialect.stabilisation !== 'none');
    this.epsilonError = constantError(arithmetic, dialect.epsilon);
    this.largest = largestStart(arithmetic, n);
    // a softmax start leaves an odd number of half-steps: the odd one belongs to the prefix
    this.loops = dialect.start === 'softmax' ? dialect.iterations - 1 : dialect.iterations;
    const steps = stepsOf(dialect);
    this.lastRecord = place.stages + steps.length * record.size;
    this.instance = instanceOf(dialect);
    this.numbers = new Float64Array(this.instance.memory);
    this.masks = new Int32Array(this.instance.memory);
  }

  /** Call before a batch: others may have used the same memory for another arithmetic. */
  begin(): void {
    const { local, numbers } = this;
    const constants: Readonly<Record<Exclude<Constant, 'exponent'>, number>> = {
      one: 1, half: 0.5, two: 2, four: 4, jensen, certifiedError, certifiedUnderflow,
      underflowGrowth: 1 + 2 * certifiedUnderflow,
      contractionSlack: 2 ** -40,
      adjointSlack: 1 + 2 ** -30,
      epsilon: this.dialect.epsilon,
      epsilonError: this.epsilonError,
      line: local.line,
      addition: local.addition,
      divisionExcess: local.divisionExcess,
      divisionRate: local.divisionRate,
      underflow: local.underflow,
    };
    for (const [name, value] of Object.entries(constants)) numbers.fill(value, constantAt(name as Constant) / 8, constantAt(name as Constant) / 8 + 2);
    this.masks.set([0, 0x7ff00000, 0, 0x7ff00000], constantAt('exponent') / 4);
    numbers.fill(1, place.impulse / 8, place.impulse / 8 + 2);
  }

  /** The matrix of logits at `offset` becomes the one in `lane` 0 or 1. False when token-forward.ts has to look at it; the lane then holds something else. */
  load(lane: number, logits: Float64Array, offset: number): boolean {
    const { dialect, start, numbers } = this;
    if (!(this.epsilonError < certifiedError) || needsLogarithms(dialect, logits, offset, n)) return false;
    if (!computeStart(start, logits, offset, n, dialect, this.local, this.epsilonError, this.largest)) return false;
    const { matrix, own, absolute } = start;
    const first = place.stages / 8 + lane;
    for (let k = 0, at = first; k < size; k++, at += 2) {
      numbers[at + record.matrix / 8] = matrix[k]!;
      numbers[at + record.own / 8] = own[k]!;
      numbers[at + record.absolute / 8] = absolute[k]!;
    }
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

  /** Computes the logarithmic bounds of both lanes. */
  bound(): void {
    this.instance.functions['adjoint']!(this.loops, this.lastRecord);
  }

  /** Absolute error bound of entry `out` of a lane, whose reference value is x: `TokenForward.errorOf`. */
  errorOf(lane: number, x: number, out: number): number {
    const { numbers } = this;
    const relative = Math.expm1(numbers[place.totals / 8 + 2 * out + lane]!);
    return x * relative * (1 + 2 ** -40) + numbers[(this.lastRecord + record.absolute) / 8 + 2 * out + lane]! + x * 2 ** -52;
  }
}

const instances = new Map<string, WasmInstance>();
/** An instance has a page of memory or more; an identification tries hundreds of dialects. */
const mostInstances = 64;

function instanceOf(dialect: SinkhornDialect): WasmInstance {
  const { start, divisor, lastNormalised, iterations, epsilon } = dialect;
  const key = JSON.stringify([start, dialect.epsilonInStart, divisor, lastNormalised, iterations, epsilon === 0]);
  const known = instances.get(key);
  if (known !== undefined) return known;
  const steps = stepsOf(dialect);
  const prefix = steps.slice(0, steps.length - 2 * (start === 'softmax' ? iterations - 1 : iterations));
  const body = steps.slice(prefix.length, prefix.length + 2);
  const instance = instantiate([walk(prefix, body), adjoint(prefix, body)], place.stages + (steps.length + 1) * record.size);
  if (instances.size >= mostInstances) instances.clear();
  instances.set(key, instance);
  return instance;
}
