import type { SinkhornDialect } from './dialect.ts';
import { halfSteps, firstNormalised } from './dialect.ts';

export type Side = 'rows' | 'columns';

/** One step after the exponential. `epsilon` is what enters the divisor, by the dialect's rule. */
export type Step =
  | { readonly kind: 'normalise'; readonly side: Side; readonly divisor: 'add' | 'clamp' | 'plain'; readonly epsilon: number }
  | { readonly kind: 'add'; readonly epsilon: number };

/** The dialect as the list of steps that every implementation of it in this folder walks: reference, dual numbers, bound, derivative. */
export function stepsOf(dialect: SinkhornDialect): Step[] {
  const steps: Step[] = [];
  if (dialect.start === 'softmax') {
    steps.push({ kind: 'normalise', side: firstNormalised(dialect), divisor: 'plain', epsilon: 0 });
    if (dialect.epsilonInStart && dialect.epsilon > 0) steps.push({ kind: 'add', epsilon: dialect.epsilon });
  }
  const plain = dialect.divisor === 'plain' || dialect.epsilon === 0;
  for (const side of halfSteps(dialect)) {
    steps.push({ kind: 'normalise', side, divisor: plain ? 'plain' : dialect.divisor, epsilon: plain ? 0 : dialect.epsilon });
  }
  return steps;
}

/** True when the result does not depend on a common factor of the starting matrix, so that any shift may be taken off the logits. */
export function isScaleFree(dialect: SinkhornDialect): boolean {
  return dialect.start === 'softmax' || dialect.divisor === 'plain' || dialect.epsilon === 0;
}

/** What the dialect subtracts from each line of the logits before the exponential; `line` counts lines of the first side. */
export function shiftsOf(dialect: SinkhornDialect, logits: Float64Array, offset: number, n: number, shifts: Float64Array): void {
  for (let line = 0; line < n; line++) shifts[line] = 0;
  // where a common factor cancels, the reference subtracts the line's maximum whatever the kernel does: it is the same function
  if (dialect.stabilisation === 'none' && !isScaleFree(dialect)) return;
  const [lineStride, entryStride] = firstNormalised(dialect) === 'rows' ? [n, 1] : [1, n];
  let largest = -Infinity;
  for (let line = 0; line < n; line++) {
    let max = -Infinity;
    for (let k = 0, index = offset + line * lineStride; k < n; k++, index += entryStride) {
      const value = logits[index]!;
      if (value > max) max = value;
    }
    shifts[line] = max;
    if (max > largest) largest = max;
  }
  if (dialect.stabilisation === 'matrix-max' && !isScaleFree(dialect)) shifts.fill(largest, 0, n);
}
