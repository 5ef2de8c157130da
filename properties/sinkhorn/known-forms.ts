/**
 * Logits whose Sinkhorn iterates have a closed form at every T and ε: a half-step keeps their structure, so that a few numbers stand for the matrix.
 * Each function verifies the structure exactly and returns undefined without it.
 */
import { gamma } from '../../src/numerics/arithmetic.ts';
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { exponentials } from '../../src/operations/sinkhorn/reference.ts';
import { deviationOf, divisorOf, endsIteration, isScaleFree, stepsOf } from '../../src/operations/sinkhorn/steps.ts';
import { smallArray } from '../../src/tensor/small.ts';
import type { Known } from './agreement.ts';

/** f64 roundings of the recursions below: n + 3 for each of `steps`, the exponential, and the argument's size in units. */
function evaluationRoundings(steps: number, n: number, argument: number): number {
  return gamma(steps * (n + 3) + 4 + argument, 2 ** -53);
}

/** All lines of both sides hold the same numbers (constant, circulant, Latin squares, permutation spikes): all line sums are equal, every step is one division. */
export function equalLines(logits: Float64Array, n: number, dialect: SinkhornDialect): Known | undefined {
  const first = smallArray(n);
  const line = smallArray(n);
  for (let k = 0; k < n; k++) insert(first, k, logits[k]!);
  for (let l = 0; l < 2 * n; l++) {
    for (let k = 0; k < n; k++) insert(line, k, logits[l < n ? l * n + k : k * n + l - n]!);
    for (let k = 0; k < n; k++) if (line[k] !== first[k]) return undefined;
  }
  const values = new Float64Array(n * n);
  exponentials(dialect, logits, values, 0, n, new Float64Array(n));
  const steps = stepsOf(dialect);
  // one number divides all, so that the first line stands for the others; the question when to stop is about all of them
  const count = dialect.stopBelow > 0 ? n * n : n;
  for (const step of steps) {
    if (step.kind === 'add') {
      for (let i = 0; i < count; i++) values[i] = values[i]! + step.epsilon;
      continue;
    }
    let sum = 0;
    for (let j = 0; j < n; j++) sum += values[j]!;
    const divisor = divisorOf(step, sum);
    for (let i = 0; i < count; i++) values[i] = values[i]! / divisor;
    if (count > n && endsIteration(step, dialect) && deviationOf(values, 0, n) < dialect.stopBelow) break;
  }
  for (let i = count; i < n * n; i++) {
    let same = 0;
    while (logits[same] !== logits[i]) same++;
    values[i] = values[same]!;
  }
  const [least, most] = [first[0]!, first[n - 1]!];
  const argument = (2 * (most - least + Math.max(Math.abs(least), Math.abs(most)))) / dialect.temperature;
  return { values, relative: evaluationRoundings(steps.length, n, argument), absolute: 0 };
}

/** Puts a number among the first `count` of a sorted list. */
function insert(sorted: Float64Array, count: number, value: number): void {
  let at = count;
  for (; at > 0 && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!;
  sorted[at] = value;
}

/** L_ij = a_i + b_j: every iterate is α_i·β_j, because a half-step scales one of the two vectors. Without ε the result is 1/n. */
export function rankOne(logits: Float64Array, n: number, dialect: SinkhornDialect): Known | undefined {
  const given = (i: number, j: number): number => logits[i * n + j]!;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (given(i, j) - given(0, j) !== given(i, 0) - given(0, 0)) return undefined;
  const at = (i: number, j: number): number => given(i, j) / dialect.temperature;
  const values = new Float64Array(n * n).fill(1 / n);
  if (dialect.epsilon === 0) return { values, relative: 2 ** -53, absolute: 0 };
  const rows = firstNormalised(dialect) === 'rows';
  // α runs over lines of the first side, β along them
  const a = Float64Array.from({ length: n }, (_, l) => (rows ? at(l, 0) : at(0, l)));
  const b = Float64Array.from({ length: n }, (_, k) => (rows ? at(0, k) : at(k, 0)) - at(0, 0));
  const [top, side] = [Math.max(...a), Math.max(...b)];
  const lineShifted = isScaleFree(dialect) || dialect.stabilisation === 'line-max';
  const unshifted = !lineShifted && dialect.stabilisation === 'none';
  let alpha = a.map((value) => (lineShifted ? 1 : Math.exp(unshifted ? value : value - top)));
  let beta = b.map((value) => Math.exp(unshifted ? value : value - side));
  const total = (vector: Float64Array): number => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += vector[k]!;
    return sum;
  };
  const steps = stepsOf(dialect);
  for (const step of steps) {
    if (step.kind === 'add') {
      beta = beta.map((value) => alpha[0]! * value + step.epsilon); // after a softmax all α are equal
      alpha = alpha.fill(1);
    } else if (step.side === firstNormalised(dialect)) {
      const sum = total(beta);
      for (let k = 0; k < n; k++) alpha[k] = alpha[k]! / divisorOf(step, alpha[k]! * sum);
    } else {
      const sum = total(alpha);
      for (let k = 0; k < n; k++) beta[k] = beta[k]! / divisorOf(step, beta[k]! * sum);
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) values[i * n + j] = alpha[rows ? i : j]! * beta[rows ? j : i]!;
  return { values, relative: evaluationRoundings(2 * steps.length, n, (8 * Math.max(...logits.map(Math.abs))) / dialect.temperature), absolute: 0 };
}
