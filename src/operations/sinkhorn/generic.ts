/**
 * Sinkhorn over any field: f64 for checks, dual numbers for exact derivatives, double-double for borderline verdicts.
 * One matrix, no batching, written for reading.
 */
import type { Field } from '../../numerics/field.ts';
import { firstNormalised, type SinkhornDialect } from './dialect.ts';
import { endsIteration, isScaleFree, stepsOf, type Normalisation } from './steps.ts';

/** The residual mapping [n·n] of the logits [n·n] of one token. The shift before the exponential is a constant: it carries no derivative. */
export function sinkhornOver<F>(field: Field<F>, logits: readonly F[], n: number, dialect: SinkhornDialect): F[] {
  const scaled = dialect.temperature === 1 ? logits : logits.map((value) => field.div(value, field.of(dialect.temperature)));
  if (isScaleFree(dialect) && dialect.epsilon === 0) return overLogarithms(field, scaled, n, dialect);
  let x = startOver(field, scaled, n, dialect);
  for (const step of stepsOf(dialect)) {
    if (step.kind === 'add') {
      x = x.map((value) => field.add(value, field.of(step.epsilon)));
      continue;
    }
    const line = (index: number): number => (step.side === 'rows' ? Math.floor(index / n) : index % n);
    const divisors = lineSums(field, x, n, line).map((sum) => divisorOver(field, step, sum));
    x = x.map((value, index) => {
      const divisor = divisors[line(index)];
      return divisor === undefined ? field.of(0) : field.div(value, divisor);
    });
    if (endsIteration(step, dialect) && stops(field, x, n, dialect)) break;
  }
  return x;
}

/** What enters the loop. |L| differentiates to 1 at zero; callers with another slope there see to it. */
function startOver<F>(field: Field<F>, logits: readonly F[], n: number, dialect: SinkhornDialect): F[] {
  const zero = field.of(0);
  if (dialect.start === 'absolute') {
    const added = field.of(dialect.epsilonInStart ? dialect.epsilon : 0);
    return logits.map((value) => field.add(field.less(value, zero) ? field.sub(zero, value) : value, added));
  }
  const alongRows = firstNormalised(dialect) === 'rows';
  const shifts = shiftsOver(field, logits, n, dialect);
  return logits.map((value, index) => field.exp(field.sub(value, field.of(shifts[alongRows ? Math.floor(index / n) : index % n]!))));
}

/** undefined: the line becomes zero. */
function divisorOver<F>(field: Field<F>, step: Normalisation, sum: F): F | undefined {
  const epsilon = field.of(step.epsilon);
  if (step.divisor === 'clamp') return field.less(sum, epsilon) ? epsilon : sum;
  if (step.divisor !== 'threshold') return field.add(sum, epsilon);
  if (field.less(epsilon, sum)) return sum;
  return step.small === 'zeroed' ? undefined : field.of(1);
}

/** Whether all sums are off 1 by less than the dialect's early stop asks for. */
function stops<F>(field: Field<F>, x: readonly F[], n: number, dialect: SinkhornDialect): boolean {
  if (dialect.stopBelow === 0) return false;
  const [low, high] = [field.of(-dialect.stopBelow), field.of(dialect.stopBelow)];
  const sums = [...lineSums(field, x, n, (index) => Math.floor(index / n)), ...lineSums(field, x, n, (index) => index % n)];
  return sums.every((sum) => {
    const deviation = field.sub(sum, field.of(1));
    return field.less(low, deviation) && field.less(deviation, high);
  });
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
    if (dialect.stopBelow > 0 && endsIteration(step, dialect) && stops(field, z.map((value) => field.exp(value)), n, dialect)) break;
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
