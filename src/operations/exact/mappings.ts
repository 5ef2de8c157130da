/**
 * The coefficients of a sublayer as the paper states them (Eqs. 7 and 8): normalise, weight, project, scale, shift, squash. Eqs. 14–19 move the division
 * behind the product; here it stays where it was. The derivative is the chain rule, the norm's by the rule for quotients. For one token: gradients of what
 * all tokens share are its part of the sum.
 *
 * Where a dialect rounds the operands of the projection they are rounded first and normalised then, since only that is a function of the inputs; a rounding has
 * derivative 1, and a gradient is made of unrounded factors except for the rounded matrix that the streams really met.
 */
import type { BigNumber } from 'mathjs';

import type { MappingsDialect, MappingsVjpDialect } from '../mappings/dialect.ts';
import { exactly, sum, zero, type Matrix } from './numbers.ts';
import { exactSinkhorn, exactSinkhornVjp } from './sinkhorn.ts';
import { exactTf32 } from './tf32.ts';

type Row = readonly BigNumber[];

/** One token: streams and norm weight [nC], projection [n² + 2n, nC], scales [3], biases [n² + 2n]. */
export interface CoefficientInputs {
  readonly n: number;
  readonly streams: Row;
  readonly projection: Matrix;
  readonly scales: Row;
  readonly biases: Row;
  readonly normWeight: Row;
}

/** Pre and post 1×n, residual n×n: mappings, or their cotangents. */
export interface Mappings {
  readonly pre: Row;
  readonly post: Row;
  readonly residual: Matrix;
}

export interface CoefficientGradients {
  readonly streams: Row;
  readonly projection: Matrix;
  readonly scales: Row;
  readonly biases: Row;
  readonly normWeight: Row;
}

interface Course {
  /** What each stream number is divided by, and how fast that grows with the number. */
  readonly divisors: Row;
  readonly divisorSlopes: Row;
  /** The projection's operands, weighted and rounded. */
  readonly operands: Row;
  readonly matrix: Matrix;
  /** x'φ of Eq. 7, and H̃. */
  readonly predicted: Row;
  readonly logits: Row;
}

const one = exactly(1);

export function exactMappings(inputs: CoefficientInputs, dialect: MappingsDialect): Mappings {
  const { n } = inputs;
  const { logits } = course(inputs, dialect);
  const multiplier = exactly(dialect.postMultiplier);
  return {
    pre: logits.slice(0, n).map((z) => sigmoid(z).plus(exactly(dialect.preEpsilon))),
    post: logits.slice(n, 2 * n).map((z) => multiplier.times(sigmoid(z))),
    residual: exactSinkhorn(square(logits.slice(2 * n), n), dialect),
  };
}

export function exactMappingsVjp(inputs: CoefficientInputs, cotangents: Mappings, dialect: MappingsVjpDialect): CoefficientGradients {
  const { n, streams: x, projection, scales, normWeight } = inputs;
  const { divisors, divisorSlopes, operands, matrix, predicted, logits } = course(inputs, dialect);
  const multiplier = exactly(dialect.postMultiplier);
  const biases = [
    ...cotangents.pre.map((g, i) => g.times(sigmoidSlope(logits[i]!))),
    ...cotangents.post.map((g, i) => g.times(multiplier).times(sigmoidSlope(logits[n + i]!))),
    ...exactSinkhornVjp(square(logits.slice(2 * n), n), cotangents.residual, dialect).flat(),
  ];
  const scaled = biases.map((g, j) => g.times(scales[blockOf(j, n)]!));
  const weightOf = (k: number): BigNumber => (dialect.normWeight ? normWeight[k]! : one);
  // x'_k = operand_k/d_k
  const toNormalised = x.map((_, k) => sum(scaled.map((g, j) => g.times(matrix[j]![k]!))));
  const toDivisors = toNormalised.map((g, k) => g.times(operands[k]!).div(divisors[k]!.times(divisors[k]!)).neg());
  const perStream = x.length / (dialect.norm === 'per-stream' ? n : 1);
  const shared = (k: number): BigNumber => sum(toDivisors.filter((_, other) => Math.floor(other / perStream) === Math.floor(k / perStream)));
  return {
    streams: toNormalised.map((g, k) => g.div(divisors[k]!).plus(divisorSlopes[k]!.isZero() ? zero : shared(k).times(divisorSlopes[k]!))),
    projection: scaled.map((g) => x.map((value, k) => g.times(value).times(weightOf(k)).div(divisors[k]!))),
    scales: [0, 1, 2].map((block) => sum(biases.map((g, j) => (blockOf(j, n) === block ? g.times(predicted[j]!) : zero)))),
    biases,
    normWeight: x.map((value, k) => (dialect.normWeight ? sum(scaled.map((g, j) => g.times(projection[j]![k]!))).times(value).div(divisors[k]!) : zero)),
  };
}

function course({ n, streams: x, projection, scales, biases, normWeight }: CoefficientInputs, dialect: MappingsDialect): Course {
  const [divisors, divisorSlopes] = norm(x, n, dialect);
  const round = roundingOf(dialect);
  const operands = x.map(round);
  const matrix = projection.map((row) => row.map((value, k) => round(dialect.normWeight ? value.times(normWeight[k]!) : value)));
  const normalised = operands.map((value, k) => value.div(divisors[k]!));
  const predicted = matrix.map((row) => sum(row.map((value, k) => value.times(normalised[k]!))));
  const logits = predicted.map((value, j) => scales[blockOf(j, n)]!.times(value).plus(biases[j]!));
  return { divisors, divisorSlopes, operands, matrix, predicted, logits };
}

/** For each stream number, the root mean square of its group with ε, and its derivative with respect to that number; the latter is 0 where it is not defined. */
function norm(x: Row, n: number, dialect: MappingsDialect): [divisors: BigNumber[], slopes: BigNumber[]] {
  if (dialect.norm === 'none') return [x.map(() => one), x.map(() => zero)];
  const size = x.length / (dialect.norm === 'per-stream' ? n : 1);
  const epsilon = exactly(dialect.rmsEpsilon);
  const roots = x.map((_, k) => {
    const from = Math.floor(k / size) * size;
    const mean = sum(x.slice(from, from + size).map((value) => value.times(value))).div(size);
    return (dialect.rmsEpsilonPlace === 'inside' ? mean.plus(epsilon) : mean).sqrt();
  });
  const divisors = dialect.rmsEpsilonPlace === 'inside' ? roots : roots.map((root) => root.plus(epsilon));
  return [divisors, x.map((value, k) => (value.isZero() ? zero : value.div(roots[k]!.times(size))))];
}

function roundingOf(dialect: MappingsDialect): (value: BigNumber) => BigNumber {
  if (dialect.projectionRounding === 'tf32-half-up') return (value) => exactTf32(value, 'away');
  if (dialect.projectionRounding === 'tf32-nearest-even') return (value) => exactTf32(value, 'even');
  return (value) => value;
}

function sigmoid(z: BigNumber): BigNumber {
  return one.div(one.plus(z.neg().exp()));
}

function sigmoidSlope(z: BigNumber): BigNumber {
  const exponential = z.neg().exp();
  return exponential.div(one.plus(exponential).pow(2));
}

/** 0, 1, 2 for a coefficient of pre, post, residual. */
function blockOf(j: number, n: number): number {
  return j < n ? 0 : j < 2 * n ? 1 : 2;
}

function square(row: Row, n: number): Matrix {
  return Array.from({ length: n }, (_, i) => row.slice(i * n, (i + 1) * n));
}
