/**
 * How far an elimination may be from Q = M⁻¹(I + S), M = I − S, S skew. The symmetric part of M is I, so ‖M⁻¹‖₂ ≤ 1, ‖Q‖₂ = 1, and no pivot is below 1.
 *
 * Forward. Each computed column solves (M + ΔM)q̂ = b + Δb with |ΔM| ≤ γ_{3n}|L̂||Û| (Higham, Accuracy and Stability, theorem 9.4, sums in any order) and
 * ‖|L||U|‖_F ≤ n·‖A_H + A_KᵀA_H⁻¹A_K‖₂ for a matrix with positive definite symmetric part A_H and skew part A_K (Mathias 1992; Higham §10.4). The computed factors are
 * those of a matrix within E of M; while ‖E‖ ≤ 1/4, A_H ≥ 3/4 and the norm is at most g = n·(5/4 + 4/3·(κ + 1/4)²), κ = ‖S‖₂. Rounding S moves M and b by
 * u‖S‖_F each. With η = γ_{3n}·g + 2u‖S‖_F + underflow < 1/4: ‖q̂ − q‖₂ ≤ η‖q̂‖ ≤ η/(1 − η) =: ε, an error of every entry of the column.
 *
 * Backward. R = G(I + Q)ᵀ is off by ρ‖G‖_F, ρ = √n·ε + 2√n·(γ_n + u), as ‖I + Q‖₂ ≤ 2 and ‖|I + Q|‖_F ≤ 2√n. The product ½(I + Q)ᵀR is off by ½(2ρ + ρ(2 + ρ))‖G‖_F, and
 * a solve with Mᵀ by (ρ + 2η)/(1 − η)·‖G‖_F: τ is the larger. Subtracting the transpose doubles it and rounds a number of at most 4‖G‖_F.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { compound } from '../../numerics/compound.ts';
import { maxFinite } from '../../tensor/dtype.ts';
import type { Sizes } from '../operation.ts';
import { float64Calculus } from './calculus.ts';
import type { CayleyDialect } from './cayley.ts';
import type { Fields } from './relative-operation.ts';
import { skew } from './small-matrix.ts';
import { unitsOf } from './tracked.ts';

interface Elimination {
  readonly backward: number;
  readonly forward: number;
  readonly unit: number;
  readonly underflow: number;
}

/** The error of every entry of Q. */
export function solveError(arithmetic: Arithmetic, inputs: Fields<number>, sizes: Sizes, dialect: CayleyDialect): number {
  return eliminationError(arithmetic, inputs, sizes, dialect).forward;
}

/** The error of every entry of ∂W. */
export function solveGradientError(arithmetic: Arithmetic, inputs: Fields<number>, sizes: Sizes, dialect: CayleyDialect): number {
  const n = sizes.streams;
  const { backward: eta, forward, unit, underflow } = eliminationError(arithmetic, inputs, sizes, dialect);
  const norm = frobeniusUpper(inputs['cotangent']!);
  const rho = Math.sqrt(n) * forward + 2 * Math.sqrt(n) * compound([n + 1, unit]);
  const tau = Math.max(2 * rho + rho ** 2 / 2, (rho + 2 * eta) / (1 - eta));
  // underflow: two matrix products of numbers of at most 2, or one and a solve
  const lost = 16 * n * n * underflow * (1 + 2 * n);
  const fits = 16 * n * norm * (1 + tau) < maxFinite[arithmetic.compute];
  return fits ? Math.abs(dialect.factor) * ((2 * tau + 4 * unit * (1 + tau)) * norm + lost) + underflow : Infinity;
}

/** η and ε; infinite where the arithmetic cannot carry the elimination. */
function eliminationError(arithmetic: Arithmetic, inputs: Fields<number>, { streams: n }: Sizes, dialect: CayleyDialect): Elimination {
  const { unit, division, underflow } = unitsOf(arithmetic);
  const s = skew(float64Calculus, inputs['logits']!, n, dialect.factor);
  const frobenius = frobeniusUpper(s.flat());
  const one = Math.max(...s.map((row) => row.reduce((sum, x) => sum + Math.abs(x), 0))) * (1 + 2 ** -40);
  const kappa = Math.min(frobenius, one); // ‖S‖₂ ≤ √(‖S‖₁‖S‖∞), which are equal
  const growth = n * (5 / 4 + (4 / 3) * (kappa + 1 / 4) ** 2);
  const largest = Math.max(...inputs['logits']!.map(Math.abs));
  const flushed = arithmetic.flushToZero ? 2 * n * n * underflow : 0; // subnormal logits that are read as zero
  const backward = compound([3 * n, Math.max(unit, division)]) * growth + 2 * unit * frobenius + 8 * n * n * underflow * growth + flushed;
  const carried = backward < 1 / 4 && 4 * largest < maxFinite[arithmetic.compute];
  return { backward: carried ? backward : Infinity, forward: carried ? backward / (1 - backward) : Infinity, unit, underflow };
}

/** √Σx², not below it: at most 2⁹ roundings, scaled so that no square is lost. */
function frobeniusUpper(numbers: readonly number[]): number {
  const largest = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (!(largest > 0)) return largest;
  return largest * Math.sqrt(numbers.reduce((sum, x) => sum + (x / largest) ** 2, 0)) * (1 + 2 ** -40);
}
