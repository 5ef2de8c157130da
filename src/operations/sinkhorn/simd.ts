/**
 * Sinkhorn on pairs of 4×4 matrices in WebAssembly SIMD: one matrix in each f64 lane, sixteen vectors in locals, the steps as straight-line
 * code in a loop over the iterations. f64x2 addition, division and maximum are those of IEEE 754 and in the order of `iterate`, so the bits are
 * the same; tests/unit/operations proves it. The time of a matrix is its 624 divisions, and two lanes halve it.
 */
import { advance, get, instantiate, integer, load, loadAt, pair, repeat, set, store, type Code } from '../../numerics/webassembly.ts';
import type { SinkhornDialect } from './dialect.ts';
import { entriesOf } from './pair-layout.ts';
import { stepsOf, type Step } from './steps.ts';

/** Matrices of one call. */
export const matricesPerCall = 512;

/** Runs pairs of interleaved matrices in `memory`: entry k of matrices 2p and 2p + 1 at 32·p + 2·k and the place after. */
export interface PairRunner {
  readonly memory: Float64Array;
  run(pairs: number): void;
}

const pairBytes = 256;
/** Where ε is, in both lanes, behind the matrices. */
const epsilonAt = (matricesPerCall / 2) * pairBytes;
const epsilon = loadAt(epsilonAt);

/** Parameters and locals of the one function. */
const [pairs, loops, pointer, counter] = [0, 1, 2, 3];
const entry = (k: number): number => 4 + k;
const divisor = (line: number): number => 20 + line;
const all: readonly number[] = [...Array.from({ length: 16 }).keys()];

/** A runner for a linear dialect without threshold and early stop. */
export function pairRunner(dialect: SinkhornDialect): PairRunner {
  const steps = stepsOf(dialect);
  // a softmax leaves an odd number of half-steps: the odd one belongs to the prefix
  const iterations = dialect.iterations - 1;
  const prefix = steps.slice(0, steps.length - 2 * iterations);
  const body = steps.slice(prefix.length, prefix.length + 2);
  const one = [
    ...all.flatMap((k) => set(entry(k), load(pointer, 16 * k))),
    ...prefix.flatMap(stepCode),
    ...(body.length === 0 ? [] : [...set(counter, get(loops)), ...repeat(counter, body.flatMap(stepCode))]),
    ...all.flatMap((k) => store(pointer, 16 * k, get(entry(k)))),
    ...advance(pointer, pairBytes),
  ];
  const code = [...set(pointer, integer(0)), ...repeat(pairs, one)];
  const { memory, functions } = instantiate([{ name: 'run', parameters: 2, integers: 2, pairs: 20, body: code }], epsilonAt + 16);
  const numbers = new Float64Array(memory);
  numbers.fill(dialect.epsilon, epsilonAt / 8, epsilonAt / 8 + 2);
  return { memory: numbers, run: (count) => functions['run']!(count, iterations) };
}

/** One step on the sixteen locals. */
function stepCode(step: Step): Code {
  if (step.kind === 'add') return all.flatMap((k) => set(entry(k), pair.add(get(entry(k)), epsilon)));
  const lines = [0, 1, 2, 3].map((line) => entriesOf(step.side, line).map(entry));
  const finish = (sum: Code): Code => (step.divisor === 'plain' ? sum : step.divisor === 'clamp' ? pair.larger(sum, epsilon) : pair.add(sum, epsilon));
  return [
    ...lines.flatMap((entries, line) => set(divisor(line), finish(entries.map(get).reduce((a, b) => pair.add(a, b))))),
    ...lines.flatMap((entries, line) => entries.flatMap((e) => set(e, pair.divide(get(e), get(divisor(line)))))),
  ];
}
