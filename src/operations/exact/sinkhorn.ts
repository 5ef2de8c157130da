/**
 * Sinkhorn and its derivatives as the paper (Eq. 9) and the dialect's description state them, without any of the rearrangements
 * that an f64 implementation needs. The derivative of the iterations is the quotient rule, applied backwards to each division; what is
 * subtracted before the exponential counts as a constant, and so do the number of iterations and the side of a threshold that a sum is on.
 */
import type { BigNumber } from 'mathjs';

import type { SinkhornDialect, SinkhornVjpDialect } from '../sinkhorn/dialect.ts';
import { exactly, largest, map, sum, transpose, type Matrix } from './numbers.ts';

interface Division {
  readonly side: 'rows' | 'columns';
  readonly before: Matrix;
  readonly divisors: readonly BigNumber[];
  /** Whether a divisor moves with its line's sum. */
  readonly moves: readonly boolean[];
  /** What the quotients of a line are multiplied by: 0 where the line is given up. */
  readonly factors: readonly BigNumber[];
}

interface Course {
  readonly start: Matrix;
  readonly divisions: readonly Division[];
  readonly result: Matrix;
}

/** The residual mapping of one token's logits. */
export function exactSinkhorn(logits: Matrix, dialect: SinkhornDialect): Matrix {
  return course(logits, dialect).result;
}

/** The gradient of the logits, for a cotangent of the residual mapping. */
export function exactSinkhornVjp(logits: Matrix, cotangent: Matrix, dialect: SinkhornVjpDialect): Matrix {
  const { start, divisions, result } = course(logits, dialect);
  if (dialect.derivative === 'implicit') return map(implicit(result, cotangent), (value) => value.div(exactly(dialect.temperature)));
  let adjoint = cotangent;
  for (const division of divisions.toReversed()) adjoint = pullBack(division, adjoint);
  const temperature = exactly(dialect.temperature);
  return map(adjoint, (value, i, j) => value.times(startDerivative(logits[i]![j]!, start[i]![j]!, dialect)).div(temperature));
}

/** The derivative of an entry of the start with respect to L/τ. */
function startDerivative(logit: BigNumber, start: BigNumber, { start: form, slopeAtZero }: SinkhornVjpDialect): BigNumber {
  if (form !== 'absolute') return start;
  return exactly(logit.isZero() ? (slopeAtZero ?? 0) : logit.isNegative() ? -1 : 1);
}

function course(logits: Matrix, dialect: SinkhornDialect): Course {
  const last = dialect.lastNormalised;
  const first = last === 'rows' ? 'columns' : 'rows';
  const epsilon = exactly(dialect.epsilon);
  const temperature = exactly(dialect.temperature);
  const start = startOf(map(logits, (value) => value.div(temperature)), dialect, first);
  const divisions: Division[] = [];
  let current = start;
  const divide = (side: 'rows' | 'columns', rule: SinkhornDialect['divisor']): void => {
    const small = side === 'rows' ? dialect.smallRows : dialect.smallColumns;
    const sums = lines(current, side).map(sum);
    const below = sums.map((s) => (rule === 'clamp' && s.lt(epsilon)) || (rule === 'threshold' && s.lte(epsilon)));
    const divisors = sums.map((s, line) => {
      if (rule === 'add') return s.plus(epsilon);
      if (!below[line]!) return s;
      return rule === 'clamp' ? epsilon : exactly(1);
    });
    const factors = below.map((isBelow) => exactly(isBelow && rule === 'threshold' && small === 'zeroed' ? 0 : 1));
    divisions.push({ side, before: current, divisors, moves: below.map((isBelow) => !isBelow), factors });
    current = map(current, (value, i, j) => value.div(divisors[side === 'rows' ? i : j]!).times(factors[side === 'rows' ? i : j]!));
  };
  for (let t = 0; t < dialect.iterations; t++) {
    if (t === 0 && dialect.start === 'softmax') {
      divide(first, 'plain');
      if (dialect.epsilonInStart) current = map(current, (value) => value.plus(epsilon));
    } else {
      divide(first, dialect.divisor);
    }
    divide(last, dialect.divisor);
    const off = [...current, ...transpose(current)].map((line) => sum(line).minus(1).abs());
    if (largest(off).lt(exactly(dialect.stopBelow))) break;
  }
  return { start, divisions, result: current };
}

function startOf(logits: Matrix, dialect: SinkhornDialect, first: 'rows' | 'columns'): Matrix {
  if (dialect.start === 'absolute') return map(logits, (value) => value.abs().plus(exactly(dialect.epsilonInStart ? dialect.epsilon : 0)));
  if (dialect.stabilisation === 'none') return map(logits, (value) => value.exp());
  const all = largest(logits.flat());
  const maxima = lines(logits, first).map(largest);
  return map(logits, (value, i, j) => value.minus(dialect.stabilisation === 'matrix-max' ? all : maxima[first === 'rows' ? i : j]!).exp());
}

/** x' = f·x/d with d = Σx + constant: ∂x = f·(∂x'/d − Σ(∂x'·x)/d²). */
function pullBack({ side, before, divisors, moves, factors }: Division, adjoint: Matrix): Matrix {
  const products = lines(map(adjoint, (value, i, j) => value.times(before[i]![j]!)), side).map(sum);
  return map(adjoint, (value, i, j) => {
    const line = side === 'rows' ? i : j;
    const divisor = divisors[line]!;
    const direct = value.div(divisor);
    return (moves[line]! ? direct.minus(products[line]!.div(divisor.times(divisor))) : direct).times(factors[line]!);
  });
}

/** X∘(g − a1ᵀ − 1bᵀ) with a and b such that all row and column sums vanish; b_n = 0 fixes the constant that a and b share. */
function implicit(x: Matrix, cotangent: Matrix): Matrix {
  const n = x.length;
  const weighted = map(x, (value, i, j) => value.times(cotangent[i]![j]!));
  const unknowns = 2 * n - 1;
  const equation = (own: number, ownSum: BigNumber, others: readonly BigNumber[], othersFrom: number, right: BigNumber): BigNumber[] => {
    const row = Array.from({ length: unknowns + 1 }, () => exactly(0));
    row[own] = ownSum;
    others.forEach((value, k) => {
      if (othersFrom + k < unknowns) row[othersFrom + k] = value;
    });
    row[unknowns] = right;
    return row;
  };
  const system = [
    ...x.map((line, i) => equation(i, sum(line), line, n, sum(weighted[i]!))),
    ...transpose(x).slice(0, n - 1).map((line, j) => equation(n + j, sum(line), line, 0, sum(transpose(weighted)[j]!))),
  ];
  const solution = [...solve(system), exactly(0)];
  return map(x, (value, i, j) => value.times(cotangent[i]![j]!.minus(solution[i]!).minus(solution[n + j]!)));
}

/** Gaussian elimination of [A | b] with partial pivoting. */
function solve(system: BigNumber[][]): BigNumber[] {
  const size = system.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) if (system[row]![column]!.abs().gt(system[pivot]![column]!.abs())) pivot = row;
    [system[column], system[pivot]] = [system[pivot]!, system[column]!];
    for (let row = column + 1; row < size; row++) {
      const factor = system[row]![column]!.div(system[column]![column]!);
      for (let k = column; k <= size; k++) system[row]![k] = system[row]![k]!.minus(factor.times(system[column]![k]!));
    }
  }
  const solution: BigNumber[] = [];
  for (let row = size - 1; row >= 0; row--) {
    let rest = system[row]![size]!;
    for (let k = row + 1; k < size; k++) rest = rest.minus(system[row]![k]!.times(solution[k]!));
    solution[row] = rest.div(system[row]![row]!);
  }
  return solution;
}

function lines(matrix: Matrix, side: 'rows' | 'columns'): Matrix {
  return side === 'rows' ? matrix : transpose(matrix);
}
