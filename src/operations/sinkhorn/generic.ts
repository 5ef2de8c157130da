/**
 * Sinkhorn over any field: f64 for checks, dual numbers for exact derivatives, double-double for borderline verdicts.
 * One matrix, no batching, written for reading.
 */
import type { Field } from '../../numerics/field.ts';
import { firstNormalised, type SinkhornDialect } from './dialect.ts';
import { isScaleFree, stepsOf } from './steps.ts';

/** The residual mapping [n·n] of the logits [n·n] of one token. The shift before the exponential is a constant: it carries no derivative. */
export function sinkhornOver<F>(field: Field<F>, logits: readonly F[], n: number, dialect: SinkhornDialect): F[] {
  if (isScaleFree(dialect) && dialect.epsilon === 0) return overLogarithms(field, logits, n, dialect);
  const alongRows = firstNormalised(dialect) === 'rows';
  const shifts = shiftsOver(field, logits, n, dialect);
  let x = logits.map((value, index) => field.exp(field.sub(value, field.of(shifts[alongRows ? Math.floor(index / n) : index % n]!))));
  for (const step of stepsOf(dialect)) {
    if (step.kind === 'add') {
      x = x.map((value) => field.add(value, field.of(step.epsilon)));
      continue;
    }
    const line = (index: number): number => (step.side === 'rows' ? Math.floor(index / n) : index % n);
    const divisors = lineSums(field, x, n, line).map((sum) => {
      if (step.divisor === 'clamp') return field.less(sum, field.of(step.epsilon)) ? field.of(step.epsilon) : sum;
      return field.add(sum, field.of(step.epsilon));
    });
    x = x.map((value, index) => field.div(value, divisors[line(index)]!));
  }
  return x;
}

/** Without ε the iteration may run on logarithms, which no logits overflow. */
function overLogarithms<F>(field: Field<F>, logits: readonly F[], n: number, dialect: SinkhornDialect): F[] {
  let z = [...logits];
  for (const step of stepsOf(dialect)) {
    if (step.kind === 'add') continue;
    const line = (index: number): number => (step.side === 'rows' ? Math.floor(index / n) : index % n);
    const shift = Array.from({ length: n }, () => -Infinity);
    z.forEach((value, index) => (shift[line(index)] = Math.max(shift[line(index)]!, field.toNumber(value))));
    const exponentials = z.map((value, index) => field.exp(field.sub(value, field.of(shift[line(index)]!))));
    const logSums = lineSums(field, exponentials, n, line).map((sum, l) => field.add(field.log(sum), field.of(shift[l]!)));
    z = z.map((value, index) => field.sub(value, logSums[line(index)]!));
  }
  return z.map((value) => field.exp(value));
}

function shiftsOver<F>(field: Field<F>, logits: readonly F[], n: number, dialect: SinkhornDialect): number[] {
  const alongRows = firstNormalised(dialect) === 'rows';
  if (dialect.stabilisation === 'none' && !isScaleFree(dialect)) return Array.from({ length: n }, () => 0);
  const shifts = Array.from({ length: n }, () => -Infinity);
  logits.forEach((value, index) => {
    const line = alongRows ? Math.floor(index / n) : index % n;
    shifts[line] = Math.max(shifts[line]!, field.toNumber(value));
  });
  const largest = Math.max(...shifts);
  return dialect.stabilisation === 'matrix-max' && !isScaleFree(dialect) ? shifts.map(() => largest) : shifts;
}

function lineSums<F>(field: Field<F>, x: readonly F[], n: number, line: (index: number) => number): F[] {
  const sums = Array.from({ length: n }, (): F | undefined => undefined);
  x.forEach((value, index) => {
    const sum = sums[line(index)];
    sums[line(index)] = sum === undefined ? value : field.add(sum, value);
  });
  return sums as F[];
}
