/**
 * Lower bounds of the bounds of two 4×4 matrices at a time: forward-bound.ts with the least errors that a half-step can have, which need the iterates alone and neither their errors nor contractions.
 *
 * Proof: the bound of an entry is e^Λ − 1 ≥ Λ times its value x, and more; Λ is a sum of |λ|·δ over entries and |line sums of λ|·θ over lines, of every step, and of the start's. λ depends on the iterates alone, and these are
 * those of pair-walk.ts, by the same operations. There θ is `line` and what is added to it, so at least `line`; δ is divisionExcess + divisionRate·min(1, q·g) with g ≥ 1 and q = 2^⌊log₂ x⌋/x, above 1/2 for normal numbers:
 * at least divisionExcess + divisionRate/2 where no iterate has an entry below 2⁻¹⁰⁰⁰, which is asked for here. Adding ε and the start count as 0. So what pair-adjoint.ts finds from these is at most Λ: rounding is monotone, and
 * the factor 1 − 2⁻³⁰ covers where the whole bound is summed in another order. It holds on the straight path, where pair-quick.ts is certain.
 */
import { advance, get, instantiate, integer, load, pair, repeat, set, storeAt, store, type Code, type WasmFunction, type WasmInstance } from '../../numerics/webassembly.ts';
import type { SinkhornDialect } from './dialect.ts';
import { adjoint } from './pair-adjoint.ts';
import { constantAt, entriesOf, known, place, record } from './pair-layout.ts';
import { exponentials } from './reference.ts';
import type { LocalErrors } from './rounding.ts';
import { loopOf, stepsOf, type Step } from './steps.ts';

const { add, divide, smaller } = pair;
const size = 16;
/** No entry may be smaller on the way. */
const leastEntry = 2 ** -1000;
const all: readonly number[] = [...Array.from({ length: size }).keys()];

/** Locals: the parameter, the address of the stage that is read, the entries of the iterate, the least of all so far, and a divisor. */
const [loops, at, least, divisor] = [0, 1, 18, 19];
const entry = (k: number): number => 2 + k;

function iterates(prefix: readonly Step[], body: readonly Step[]): WasmFunction {
  return {
    name: 'iterates',
    parameters: 1,
    integers: 1,
    pairs: 18,
    body: [
      ...set(at, integer(place.stages)),
      ...all.flatMap((k) => set(entry(k), load(at, record.matrix + 16 * k))),
      ...set(least, known('one')),
      ...prefix.flatMap(stepCode),
      ...(body.length === 0 ? [] : repeat(loops, body.flatMap(stepCode))),
      ...storeAt(place.propagation, get(least)),
    ],
  };
}

function stepCode(step: Step): Code {
  return [
    ...(step.kind === 'add' ? all.flatMap((k) => set(entry(k), add(get(entry(k)), known('epsilon')))) : [0, 1, 2, 3].flatMap((line) => {
      const entries = entriesOf(step.side, line);
      const sum = entries.map((k) => get(entry(k))).reduce((a, b) => add(a, b));
      return [...set(divisor, step.divisor === 'add' ? add(sum, known('epsilon')) : sum), ...entries.flatMap((k) => set(entry(k), divide(get(entry(k)), get(divisor))))];
    })),
    ...all.flatMap((k) => store(at, record.size + record.matrix + 16 * k, get(entry(k)))),
    ...all.flatMap((k) => set(least, smaller(get(least), get(entry(k))))),
    ...advance(at, record.size),
  ];
}

export class LightBound {
  private readonly dialect: SinkhornDialect;
  private readonly loops: number;
  private readonly lastRecord: number;
  private readonly instance: WasmInstance;
  private readonly numbers: Float64Array;
  private readonly matrix = new Float64Array(size);
  private readonly logits = new Float64Array(size);
  private readonly shifts = new Float64Array(4);

  /** For a straight dialect. */
  constructor(dialect: SinkhornDialect, local: LocalErrors) {
    const { prefix, body, times } = loopOf(dialect);
    const steps = stepsOf(dialect);
    this.dialect = dialect;
    this.loops = times;
    this.lastRecord = place.stages + steps.length * record.size;
    this.instance = instantiate([iterates(prefix, body), adjoint(prefix, body)], this.lastRecord + record.size);
    this.numbers = new Float64Array(this.instance.memory);
    const constants = { one: 1, epsilon: dialect.epsilon, adjointSlack: 1 } as const;
    for (const name of ['one', 'epsilon', 'adjointSlack'] as const) this.fill(constantAt(name), 1, constants[name]);
    this.fill(place.impulse, 1, 1);
    for (const [index, step] of steps.entries()) {
      if (step.kind === 'add') continue;
      const stage = place.stages + (index + 1) * record.size;
      this.fill(stage + record.entries, size, local.divisionExcess + local.divisionRate / 2);
      this.fill(stage + record.lines, 4, local.line);
    }
  }

  /** The matrix of logits at `offset` becomes the one in `lane` 0 or 1, of which so much is needed of the bounds of entries whose reference values are given, at the same offset. */
  load(lane: number, logits: Float64Array, offset: number, values: Float64Array, needed: Float64Array): void {
    const { numbers, matrix } = this;
    for (let k = 0; k < size; k++) this.logits[k] = logits[offset + k]!;
    exponentials(this.dialect, this.logits, matrix, 0, 4, this.shifts);
    for (let k = 0; k < size; k++) {
      numbers[(place.stages + record.matrix) / 8 + 2 * k + lane] = matrix[k]!;
      const need = needed[offset + k]!;
      // pair-adjoint.ts may leave an entry there; above what `bounded` takes off
      numbers[place.targets / 8 + 2 * k + lane] = need === 0 ? 0 : (need / values[offset + k]!) * (1 + 2 ** -29);
    }
  }

  /** Computes both lanes. */
  run(): void {
    this.instance.functions['iterates']!(this.loops);
    this.instance.functions['adjoint']!(this.loops, this.lastRecord);
  }

  /** Writes lower bounds of the errors of the lane's entries, if all are as large as is needed. */
  covers(lane: number, offset: number, values: Float64Array, needed: Float64Array, errors: Float64Array): boolean {
    const { numbers } = this;
    if (!(numbers[place.propagation / 8 + lane]! >= leastEntry)) return false;
    for (let k = 0; k < size; k++) {
      const x = values[offset + k]!;
      const error = x > 2 ** -900 ? x * numbers[place.totals / 8 + 2 * k + lane]! * (1 - 2 ** -30) : 0;
      if (!(error >= needed[offset + k]!)) return false;
      errors[offset + k] = error;
    }
    return true;
  }

  private fill(address: number, pairs: number, value: number): void {
    this.numbers.fill(value, address / 8, address / 8 + 2 * pairs);
  }
}
