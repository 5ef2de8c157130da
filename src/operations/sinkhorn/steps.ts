import type { SinkhornDialect } from './dialect.ts';
import { halfSteps, firstNormalised } from './dialect.ts';

export type Side = 'rows' | 'columns';

/** One step after the start. `epsilon` is what enters the divisor, by the dialect's rule; `small` what happens below a threshold. */
export type Step =
  | {
      readonly kind: 'normalise';
      readonly side: Side;
      readonly divisor: SinkhornDialect['divisor'];
      readonly epsilon: number;
      readonly small: SinkhornDialect['smallRows'];
    }
  | { readonly kind: 'add'; readonly epsilon: number };
export type Normalisation = Extract<Step, { kind: 'normalise' }>;

const known = new WeakMap<SinkhornDialect, readonly Step[]>();

/** The dialect as the list of steps that every implementation of it in this folder walks: reference, dual numbers, bound, derivative. One list for a dialect: closed forms ask for it token by token. */
export function stepsOf(dialect: SinkhornDialect): readonly Step[] {
  const steps = known.get(dialect) ?? listOf(dialect);
  known.set(dialect, steps);
  return steps;
}

function listOf(dialect: SinkhornDialect): Step[] {
  const steps: Step[] = [];
  if (dialect.start === 'softmax') {
    steps.push({ kind: 'normalise', side: firstNormalised(dialect), divisor: 'plain', epsilon: 0, small: 'divided' });
    if (dialect.epsilonInStart && dialect.epsilon > 0) steps.push({ kind: 'add', epsilon: dialect.epsilon });
  }
  const plain = dialect.divisor === 'plain' || dialect.epsilon === 0;
  for (const side of halfSteps(dialect)) {
    const small = side === 'rows' ? dialect.smallRows : dialect.smallColumns;
    steps.push({ kind: 'normalise', side, divisor: plain ? 'plain' : dialect.divisor, epsilon: plain ? 0 : dialect.epsilon, small });
  }
  return steps;
}

/** Whether all matrices go through the same half-steps: linear, without a threshold and an early stop. */
export function isStraight({ domain, divisor, stopBelow }: SinkhornDialect): boolean {
  return domain === 'linear' && divisor !== 'threshold' && stopBelow === 0;
}

/** The steps as straight-line code has them: `prefix` once, then `body`, two half-steps, so many `times`. A softmax leaves an odd number of half-steps, and the odd one belongs to the prefix. */
export function loopOf(dialect: SinkhornDialect): { prefix: readonly Step[]; body: readonly Step[]; times: number } {
  const steps = stepsOf(dialect);
  const times = dialect.iterations - 1;
  const prefix = steps.slice(0, steps.length - 2 * times);
  return { prefix, body: steps.slice(prefix.length, prefix.length + 2), times };
}

/** What a line is divided by: 1 keeps it, ∞ makes it zero. */
export function divisorOf(step: Normalisation, sum: number): number {
  switch (step.divisor) {
    case 'clamp':
      return Math.max(sum, step.epsilon);
    case 'threshold':
      return sum > step.epsilon ? sum : step.small === 'zeroed' ? Infinity : 1;
    default:
      return sum + step.epsilon;
  }
}

/** Whether a line's divisor moves with its sum. */
export function followsSum(step: Normalisation, sum: number): boolean {
  return (step.divisor !== 'clamp' && step.divisor !== 'threshold') || sum > step.epsilon;
}

/** The largest distance of a row or column sum from 1: what an early stop looks at. NaN where a sum is. */
export function deviationOf(x: Float64Array, offset: number, n: number): number {
  let largest = 0;
  for (let line = 0; line < n; line++) {
    let row = 0;
    let column = 0;
    for (let e = 0; e < n; e++) {
      row += x[offset + line * n + e]!;
      column += x[offset + e * n + line]!;
    }
    largest = Math.max(largest, Math.abs(row - 1), Math.abs(column - 1));
  }
  return largest;
}

/** Whether an iteration ends with this step, so that an early stop may follow. */
export function endsIteration(step: Step, dialect: SinkhornDialect): boolean {
  return step.kind === 'normalise' && step.side === dialect.lastNormalised;
}

/** True when the result does not depend on a common factor of the lines of exp(L), so that any shift may be taken off the logits. */
export function isScaleFree(dialect: SinkhornDialect): boolean {
  if (dialect.start === 'absolute') return false;
  return dialect.start === 'softmax' || dialect.divisor === 'plain' || dialect.epsilon === 0;
}

/** What the dialect subtracts from each line of the logits, divided by the temperature, before the exponential; `line` counts lines of the first side. */
export function shiftsOf(dialect: SinkhornDialect, logits: Float64Array, offset: number, n: number, shifts: Float64Array): void {
  for (let line = 0; line < n; line++) shifts[line] = 0;
  // where a common factor cancels, the reference subtracts the line's maximum whatever the kernel does: it is the same function
  if (dialect.start === 'absolute' || (dialect.stabilisation === 'none' && !isScaleFree(dialect))) return;
  const [lineStride, entryStride] = firstNormalised(dialect) === 'rows' ? [n, 1] : [1, n];
  let largest = -Infinity;
  for (let line = 0; line < n; line++) {
    let max = -Infinity;
    for (let k = 0, index = offset + line * lineStride; k < n; k++, index += entryStride) {
      const value = logits[index]!;
      if (value > max) max = value;
    }
    shifts[line] = max / dialect.temperature;
    if (max > largest) largest = max;
  }
  if (dialect.stabilisation === 'matrix-max' && !isScaleFree(dialect)) shifts.fill(largest / dialect.temperature, 0, n);
}
