/**
 * The relatives of mHC and their derivatives in 100 digits, each from another statement of it than the f64 version's: permutations by their inversions'
 * factorial digits, Kronecker products factor by factor, the Cayley transform as 2(I − S)⁻¹ − I, derivatives as sums over the Jacobian.
 */
import type { BigNumber } from 'mathjs';

import type { CayleyDialect } from '../relatives/cayley.ts';
import type { HyperConnectionDialect } from '../relatives/hyper-connection.ts';
import type { KroneckerDialect } from '../relatives/kronecker.ts';
import type { PermutationMixtureDialect } from '../relatives/permutation-mixture.ts';
import { exactly, map, multiply, plus, sum, transpose, type Matrix } from './numbers.ts';

const one = exactly(1);
const two = exactly(2);

function inner(a: Matrix, b: Matrix): BigNumber {
  return sum(a.flatMap((row, i) => row.map((value, j) => value.times(b[i]![j]!))));
}

function scaled(a: Matrix, factor: BigNumber): Matrix {
  return map(a, (value) => value.times(factor));
}

function zeros(n: number): Matrix {
  return Array.from({ length: n }, () => Array.from({ length: n }, () => exactly(0)));
}

function unit(n: number): Matrix {
  return map(zeros(n), (_, i, j) => exactly(i === j ? 1 : 0));
}

/** The k-th of the permutation matrices: the digits of k in the factorial number system pick among what is left. */
function permutationMatrix(k: number, n: number, dialect: PermutationMixtureDialect): Matrix {
  const left = Array.from({ length: n }, (_, i) => i);
  const images: number[] = [];
  let rest = k;
  for (let place = n - 1; place >= 0; place--) {
    const weight = factorial(place);
    images.push(...left.splice(Math.floor(rest / weight), 1));
    rest %= weight;
  }
  const matrix = map(zeros(n), (_, i, j) => exactly(images[i] === j ? 1 : 0));
  return dialect.ones === 'rows' ? matrix : transpose(matrix);
}

function factorial(k: number): number {
  return k <= 1 ? 1 : k * factorial(k - 1);
}

function softmax(logits: readonly BigNumber[]): BigNumber[] {
  const exponentials = logits.map((x) => x.exp());
  const total = sum(exponentials);
  return exponentials.map((x) => x.div(total));
}

/** Σ_k a_k·P_k. */
export function exactPermutationMixture(logits: readonly BigNumber[], n: number, dialect: PermutationMixtureDialect): Matrix {
  return softmax(logits).reduce((total, weight, k) => plus(total, scaled(permutationMatrix(k, n, dialect), weight)), zeros(n));
}

/** ∂z_k = ⟨G, a_k·(P_k − H)⟩, since ∂H/∂z_k = a_k·(P_k − H). */
export function exactPermutationMixtureVjp(logits: readonly BigNumber[], g: Matrix, n: number, dialect: PermutationMixtureDialect): BigNumber[] {
  const mixture = exactPermutationMixture(logits, n, dialect);
  return softmax(logits).map((weight, k) => inner(g, plus(permutationMatrix(k, n, dialect), scaled(mixture, exactly(-1)))).times(weight));
}

/** [[a, b], [b, a]]. */
function pair(a: BigNumber, b: BigNumber): Matrix {
  return [[a, b], [b, a]];
}

function kroneckerOf(factors: readonly Matrix[]): Matrix {
  return factors.reduce<Matrix>((left, right) => left.flatMap((row) => right.map((other) => row.flatMap((a) => other.map((b) => a.times(b))))), [[one]]);
}

function sigma(z: BigNumber): BigNumber {
  return one.div(one.plus(z.neg().exp()));
}

/** U_1 ⊗ ··· ⊗ U_k; the dialect changes no exact value. */
export function exactKronecker(logits: readonly BigNumber[], _dialect: KroneckerDialect): Matrix {
  return kroneckerOf(logits.map((z) => pair(sigma(z), sigma(z.neg()))));
}

/** ∂z_f = ⟨G, U_1 ⊗ ··· ⊗ U_f' ⊗ ··· ⊗ U_k⟩, U_f' = σ(z)σ(−z)·[[1, −1], [−1, 1]]. */
export function exactKroneckerVjp(logits: readonly BigNumber[], g: Matrix): BigNumber[] {
  const factors = logits.map((z) => pair(sigma(z), sigma(z.neg())));
  return logits.map((z, f) => {
    const slope = sigma(z).times(sigma(z.neg()));
    return inner(g, kroneckerOf(factors.with(f, pair(slope, slope.neg()))));
  });
}

function tanh(x: BigNumber): BigNumber {
  const [up, down] = [x.exp(), x.neg().exp()];
  return up.minus(down).div(up.plus(down));
}

/** b + α·tanh(z), or b + α·z. */
export function exactHyperConnection(logits: Matrix, statics: Matrix, gate: BigNumber, dialect: HyperConnectionDialect): Matrix {
  return map(logits, (x, i, j) => statics[i]![j]!.plus(gate.times(dialect.activation === 'tanh' ? tanh(x) : x)));
}

/** tanh' = 4/(e^x + e^−x)². */
export function exactHyperConnectionVjp(logits: Matrix, gate: BigNumber, g: Matrix, dialect: HyperConnectionDialect): { logits: Matrix; gate: BigNumber } {
  const slope = (x: BigNumber): BigNumber => {
    if (dialect.activation === 'identity') return one;
    const cosh = x.exp().plus(x.neg().exp());
    return exactly(4).div(cosh.times(cosh));
  };
  return {
    logits: map(g, (value, i, j) => value.times(gate).times(slope(logits[i]![j]!))),
    gate: inner(g, map(logits, (x) => (dialect.activation === 'tanh' ? tanh(x) : x))),
  };
}

/** 2(I − S)⁻¹ − I, or the steps Y ← I + S(I + Y). */
export function exactCayley(logits: Matrix, dialect: CayleyDialect): Matrix {
  const s = skew(logits, dialect);
  const identity = unit(logits.length);
  if (dialect.solver === 'elimination') return plus(scaled(inverse(plus(identity, scaled(s, exactly(-1)))), two), scaled(identity, exactly(-1)));
  let y = plus(identity, scaled(s, two));
  for (let step = 0; step < dialect.steps; step++) y = plus(identity, multiply(s, plus(identity, y)));
  return y;
}

/** ∂W_kl = ⟨G, dQ⟩ with W moved at (k, l): dQ = 2M⁻¹·dS·M⁻¹, or the steps carried along. */
export function exactCayleyVjp(logits: Matrix, g: Matrix, dialect: CayleyDialect): Matrix {
  const n = logits.length;
  const s = skew(logits, dialect);
  const identity = unit(n);
  const resolvent = inverse(plus(identity, scaled(s, exactly(-1))));
  return map(zeros(n), (_, k, l) => {
    const ds = skew(map(zeros(n), (__, i, j) => exactly(i === k && j === l ? 1 : 0)), dialect);
    if (dialect.solver === 'elimination') return inner(g, scaled(multiply(multiply(resolvent, ds), resolvent), two));
    let [y, dy] = [plus(identity, scaled(s, two)), scaled(ds, two)];
    for (let step = 0; step < dialect.steps; step++) {
      dy = plus(multiply(ds, plus(identity, y)), multiply(s, dy));
      y = plus(identity, multiply(s, plus(identity, y)));
    }
    return inner(g, dy);
  });
}

function skew(w: Matrix, dialect: CayleyDialect): Matrix {
  return map(w, (value, i, j) => value.minus(w[j]![i]!).times(exactly(dialect.factor)));
}

/** Gauss–Jordan with the largest pivot. */
function inverse(m: Matrix): Matrix {
  const n = m.length;
  const rows = m.map((row, i) => [...row, ...unit(n)[i]!]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) if (rows[i]![column]!.abs().gt(rows[pivot]![column]!.abs())) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const lead = rows[column]![column]!;
    rows[column] = rows[column]!.map((value) => value.div(lead));
    for (let i = 0; i < n; i++) {
      if (i === column) continue;
      const factor = rows[i]![column]!;
      rows[i] = rows[i]!.map((value, k) => value.minus(factor.times(rows[column]![k]!)));
    }
  }
  return rows.map((row) => row.slice(n));
}
