/**
 * The batched f64 Sinkhorn of every dialect. Linear iteration wherever f64 carries it; logarithms where the logits are so wide
 * that a line could underflow and the dialect has no ε to catch it. n = 4 runs two matrices at a time in WebAssembly SIMD (simd.ts),
 * bit-identical to the loop here; dialects with a threshold or an early stop take the loop.
 */
import { firstNormalised, type SinkhornDialect } from './dialect.ts';
import { matricesPerCall, pairRunner, type PairRunner } from './simd.ts';
import { deviationOf, divisorOf, endsIteration, shiftsOf, stepsOf, type Side, type Step } from './steps.ts';

/** Logits whose range is above this leave the linear iteration when there is no ε: e^−300 squared is still a normal number. */
const linearRange = 300;

/** Residual mappings [tokens, n, n] of logits [tokens, n, n]. */
export function sinkhornReference(logits: Float64Array, tokens: number, n: number, dialect: SinkhornDialect): Float64Array {
  const out = new Float64Array(tokens * n * n);
  const shifts = new Float64Array(n);
  const steps = stepsOf(dialect);
  const linear: number[] = [];
  const paired = n === 4 && dialect.divisor !== 'threshold' && dialect.stopBelow === 0;
  for (let token = 0; token < tokens; token++) {
    const offset = token * n * n;
    if (needsLogarithms(dialect, logits, offset, n)) {
      iterateLogarithms(logits, out, offset, n, steps, dialect);
      continue;
    }
    exponentials(dialect, logits, out, offset, n, shifts);
    if (paired) linear.push(offset);
    else iterate(out, offset, n, steps, dialect);
  }
  if (linear.length > 0) iteratePairs(out, linear, dialect);
  return out;
}

const runners = new Map<string, PairRunner>();
/** Each runner holds a page of memory; an identification tries hundreds of dialects. */
const mostRunners = 64;

/** The 4×4 matrices at `offsets`, two by two; an odd last one is paired with itself. */
function iteratePairs(x: Float64Array, offsets: readonly number[], dialect: SinkhornDialect): void {
  const key = JSON.stringify([dialect.start, dialect.epsilonInStart, dialect.divisor, dialect.lastNormalised, dialect.iterations, dialect.epsilon]);
  const runner = runners.get(key) ?? pairRunner(dialect);
  if (runners.size >= mostRunners) runners.clear();
  runners.set(key, runner);
  const { memory } = runner;
  for (let from = 0; from < offsets.length; from += matricesPerCall) {
    const count = Math.min(matricesPerCall, offsets.length - from);
    const pairs = Math.ceil(count / 2);
    for (let p = 0; p < pairs; p++) {
      const a = offsets[from + 2 * p]!;
      const b = offsets[from + Math.min(2 * p + 1, count - 1)]!;
      for (let k = 0, place = 32 * p; k < 16; k++, place += 2) {
        memory[place] = x[a + k]!;
        memory[place + 1] = x[b + k]!;
      }
    }
    runner.run(pairs);
    for (let p = 0; p < pairs; p++) {
      const a = offsets[from + 2 * p]!;
      const b = offsets[from + Math.min(2 * p + 1, count - 1)]!;
      for (let k = 0, place = 32 * p; k < 16; k++, place += 2) {
        x[a + k] = memory[place]!;
        x[b + k] = memory[place + 1]!;
      }
    }
  }
}

/** What enters the loop, of one matrix: exp(L/τ − shift), or |L/τ| + ε. A softmax's division is a step. */
export function exponentials(dialect: SinkhornDialect, logits: Float64Array, out: Float64Array, offset: number, n: number, shifts: Float64Array): void {
  const { temperature } = dialect;
  shiftsOf(dialect, logits, offset, n, shifts);
  if (dialect.start === 'absolute') {
    const added = dialect.epsilonInStart ? dialect.epsilon : 0;
    for (let k = offset; k < offset + n * n; k++) out[k] = Math.abs(logits[k]! / temperature) + added;
    return;
  }
  const [lineStride, entryStride] = firstNormalised(dialect) === 'rows' ? [n, 1] : [1, n];
  for (let line = 0; line < n; line++) {
    const shift = shifts[line]!;
    for (let e = 0, index = offset + line * lineStride; e < n; e++, index += entryStride) {
      const argument = logits[index]! / temperature - shift;
      // the largest entry of each line: a quarter of all at n = 4
      out[index] = argument === 0 ? 1 : Math.exp(argument);
    }
  }
}

/** True when linear f64 iteration could underflow and no ε catches it. */
export function needsLogarithms(dialect: SinkhornDialect, logits: Float64Array, offset: number, n: number): boolean {
  if (dialect.epsilon > 0 || dialect.start === 'absolute') return false;
  let min = Infinity;
  let max = -Infinity;
  for (let k = offset; k < offset + n * n; k++) {
    if (logits[k]! < min) min = logits[k]!;
    if (logits[k]! > max) max = logits[k]!;
  }
  return !((max - min) / dialect.temperature <= linearRange);
}

/** The plain loop over the steps of one matrix in place, up to an early stop. */
export function iterate(x: Float64Array, offset: number, n: number, steps: readonly Step[], dialect: SinkhornDialect): void {
  for (const step of steps) {
    if (step.kind === 'add') {
      for (let k = offset; k < offset + n * n; k++) x[k] = x[k]! + step.epsilon;
      continue;
    }
    const [lineStride, entryStride] = step.side === 'rows' ? [n, 1] : [1, n];
    for (let line = 0; line < n; line++) {
      const first = offset + line * lineStride;
      let sum = x[first]!;
      for (let k = 1; k < n; k++) sum += x[first + k * entryStride]!;
      const divisor = divisorOf(step, sum);
      for (let k = 0; k < n; k++) x[first + k * entryStride] = x[first + k * entryStride]! / divisor;
    }
    if (dialect.stopBelow > 0 && endsIteration(step, dialect) && deviationOf(x, offset, n) < dialect.stopBelow) return;
  }
}

function iterateLogarithms(logits: Float64Array, out: Float64Array, offset: number, n: number, steps: readonly Step[], dialect: SinkhornDialect): void {
  for (let k = offset; k < offset + n * n; k++) out[k] = logits[k]! / dialect.temperature;
  for (const step of steps) {
    if (step.kind !== 'normalise') continue;
    normaliseLogarithms(out, offset, n, step.side);
    if (dialect.stopBelow > 0 && endsIteration(step, dialect) && deviationOf(out.slice(offset, offset + n * n).map(Math.exp), 0, n) < dialect.stopBelow) break;
  }
  for (let k = offset; k < offset + n * n; k++) out[k] = Math.exp(out[k]!);
}

/** Subtracts the log-sum-exp of every line. */
export function normaliseLogarithms(z: Float64Array, offset: number, n: number, side: Side): void {
  const [lineStride, entryStride] = side === 'rows' ? [n, 1] : [1, n];
  for (let line = 0; line < n; line++) {
    const first = offset + line * lineStride;
    let max = -Infinity;
    for (let k = 0; k < n; k++) max = Math.max(max, z[first + k * entryStride]!);
    let sum = 0;
    for (let k = 0; k < n; k++) sum += Math.exp(z[first + k * entryStride]! - max);
    const logSum = max + Math.log(sum);
    for (let k = 0; k < n; k++) z[first + k * entryStride] = z[first + k * entryStride]! - logSum;
  }
}
