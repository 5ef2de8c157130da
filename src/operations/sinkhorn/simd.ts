/**
 * Sinkhorn on pairs of 4×4 matrices in WebAssembly SIMD: one matrix in each f64 lane, sixteen vectors in locals, the steps as straight-line
 * code in a loop over the iterations. f64x2 addition, division and maximum are those of IEEE 754 and in the order of `iterate`, so the bits are
 * the same; tests/unit/operations proves it. The time of a matrix is its 624 divisions, and two lanes halve it.
 */
import { get, instantiate, loadAt, pair, set, type Code } from '../../numerics/webassembly.ts';
import type { SinkhornDialect } from './dialect.ts';
import { all, divisor, entry, matrixBytes, matrixLoop } from './matrix-loop.ts';
import { entriesOf } from './pair-layout.ts';
import type { Step } from './steps.ts';

/** Matrices of one call. */
export const matricesPerCall = 512;

/** Runs pairs of interleaved matrices in `memory`: entry k of matrices 2p and 2p + 1 at 32·p + 2·k and the place after. */
export interface PairRunner {
  readonly memory: Float64Array;
  run(pairs: number): void;
}

/** Where ε is, in both lanes, behind the matrices. */
const epsilonAt = (matricesPerCall / 2) * matrixBytes;
const epsilon = loadAt(epsilonAt);

/** A runner for a linear dialect without threshold and early stop. */
export function pairRunner(dialect: SinkhornDialect): PairRunner {
  const { run, times } = matrixLoop(dialect, stepCode);
  const { memory, functions } = instantiate([run], epsilonAt + 16);
  const numbers = new Float64Array(memory);
  numbers.fill(dialect.epsilon, epsilonAt / 8, epsilonAt / 8 + 2);
  return { memory: numbers, run: (count) => functions['run']!(count, times) };
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
