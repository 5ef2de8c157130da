/**
 * Sinkhorn on logits with two kinds of rows and two kinds of columns: equal lines stay equal, so four numbers u_ab stand for the matrix. A row of class a has the sum
 * Σ_b m_b·u_ab, m_b the number of columns of class b. Over any field, so that dual numbers give its derivative.
 */
import type { Random } from '../../src/generate/random.ts';
import type { Field } from '../../src/numerics/field.ts';
import { firstNormalised, type SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { divisorOf, endsIteration, followsSum, shiftsOf, stepsOf } from '../../src/operations/sinkhorn/steps.ts';

/** Class 0 or 1 of every row and of every column. */
export interface Classes {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** Random classes of n lines each, none of them empty; n ≥ 2. */
export function randomClasses(n: number, random: Random): Classes {
  const draw = (): number[] => {
    const classes = Array.from({ length: n }, () => 1);
    for (const place of random.permutation(n).slice(0, random.integer(1, n - 1))) classes[place] = 0;
    return classes;
  };
  return { rows: draw(), columns: draw() };
}

/** Index 2a + b of the class of an entry. */
export function classOf({ rows, columns }: Classes, entry: number): number {
  const n = rows.length;
  return 2 * rows[Math.floor(entry / n)]! + columns[entry % n]!;
}

/** Values by class, spread over the matrix. */
export function spread(values: ArrayLike<number>, classes: Classes): Float64Array {
  const matrix = new Float64Array(classes.rows.length ** 2);
  for (let entry = 0; entry < matrix.length; entry++) matrix[entry] = values[classOf(classes, entry)]!;
  return matrix;
}

/** The four numbers after all steps for 2×2 logits; undefined where f64 cannot carry them. */
export function fourNumbers<F>(field: Field<F>, logits: readonly F[], classes: Classes, dialect: SinkhornDialect): F[] | undefined {
  const count = (line: readonly number[], which: number): F => field.of(line.filter((c) => c === which).length);
  const sizes = { rows: [count(classes.rows, 0), count(classes.rows, 1)], columns: [count(classes.columns, 0), count(classes.columns, 1)] };
  const u = startOfClasses(field, logits, dialect);
  for (const step of stepsOf(dialect)) {
    const epsilon = field.of(step.epsilon);
    if (step.kind === 'add') {
      u.forEach((value, i) => (u[i] = field.add(value, epsilon)));
      continue;
    }
    const along = step.side === 'rows';
    const counts = along ? sizes.columns : sizes.rows;
    for (let line = 0; line < 2; line++) {
      const a = along ? 2 * line : line;
      const b = along ? a + 1 : a + 2;
      const sum = field.add(field.mul(counts[0]!, u[a]!), field.mul(counts[1]!, u[b]!));
      const moves = followsSum(step, field.toNumber(sum));
      const divisor = !moves ? field.of(divisorOf(step, field.toNumber(sum))) : step.divisor === 'add' ? field.add(sum, epsilon) : sum;
      u[a] = field.div(u[a]!, divisor);
      u[b] = field.div(u[b]!, divisor);
    }
    if (step.divisor !== 'add' && !u.every((value) => field.toNumber(value) > 2 ** -900)) return undefined;
    if (!(dialect.stopBelow > 0) || !endsIteration(step, dialect)) continue;
    const numbers = Float64Array.from(logits, (_, i) => field.toNumber(u[i]!));
    if (classDeviation(numbers, sizes, field) < dialect.stopBelow) break;
  }
  return u;
}

/** What enters the loop, of the four numbers. |L| differentiates to 1 at zero. */
function startOfClasses<F>(field: Field<F>, logits: readonly F[], dialect: SinkhornDialect): F[] {
  const scaled = dialect.temperature === 1 ? logits : logits.map((value) => field.div(value, field.of(dialect.temperature)));
  if (dialect.start === 'absolute') {
    const [zero, added] = [field.of(0), field.of(dialect.epsilonInStart ? dialect.epsilon : 0)];
    return scaled.map((value) => field.add(field.less(value, zero) ? field.sub(zero, value) : value, added));
  }
  const shifts = new Float64Array(2);
  shiftsOf(dialect, Float64Array.from(logits, (value) => field.toNumber(value)), 0, 2, shifts);
  const rowsFirst = firstNormalised(dialect) === 'rows';
  return scaled.map((value, i) => field.exp(field.sub(value, field.of(shifts[rowsFirst ? Math.floor(i / 2) : i % 2]!))));
}

/** The largest distance of a line sum from 1. */
function classDeviation<F>(u: Float64Array, sizes: Readonly<Record<'rows' | 'columns', readonly F[]>>, field: Field<F>): number {
  const sum = (a: number, b: number, counts: readonly F[]): number => field.toNumber(counts[0]!) * u[a]! + field.toNumber(counts[1]!) * u[b]!;
  return Math.max(...[sum(0, 1, sizes.columns), sum(2, 3, sizes.columns), sum(0, 2, sizes.rows), sum(1, 3, sizes.rows)].map((value) => Math.abs(value - 1)));
}
