/**
 * What is known of H from its line sums and cross ratios, for every input (n streams, H ≥ 0):
 *   ‖H‖₁, ‖H‖∞ are the largest sums, and ‖H‖₂ ≤ √(‖H‖₁·‖H‖∞);
 *   σ₂(H) ≤ κ·√(r_max·c_max), with R, C the diagonal matrices of the row and column sums: H = R^½ Q C^½, and Q Qᵀ is similar to the stochastic matrix (R⁻¹H)(C⁻¹Hᵀ), which contracts
 *   oscillations by Dobrushin's coefficient ≤ κ² (Birkhoff), so its second eigenvalue σ₂(Q)² is at most κ²; and σ₂(ABC) ≤ ‖A‖σ₂(B)‖C‖;
 *   a product of D matrices whose columns (rows) sum to at most g has columns (rows) of at most g^D, no entry above that, and hence rows (columns) of at most n·g^D, at any depth.
 */
import { addDown, addUp, mulDown, mulUp, sqrtUp } from '../../numerics/directed.ts';
import type { Sums, WalkEnd } from './walk.ts';

export interface MappingBounds {
  readonly rows: Sums;
  readonly columns: Sums;
  readonly twoNorm: number;
  readonly secondSingularValue: number;
  readonly kappa: number;
}

/** `lastNormalised` says whose sums are exact. `stored` is what storing an entry may change. */
export function mappingBounds({ last, free, kappa }: WalkEnd, lastNormalised: 'rows' | 'columns', n: number, stored: { relative: number; absolute: number }): MappingBounds {
  const [exact, other] = [last, free].map((sums) => widened(sums, n, stored)) as [Sums, Sums];
  const [rows, columns] = lastNormalised === 'rows' ? [exact, other] : [other, exact];
  const twoNorm = sqrtUp(mulUp(rows.high, columns.high));
  // storing perturbs H by at most `relative` of each entry and n·absolute: Weyl
  const moved = mulUp(twoNorm, stored.relative) + n * stored.absolute;
  return { rows, columns, twoNorm, secondSingularValue: Math.min(twoNorm, addUp(mulUp(kappa, twoNorm), moved)), kappa };
}

function widened({ low, high }: Sums, n: number, { relative, absolute }: { relative: number; absolute: number }): Sums {
  const lost = mulUp(n, absolute);
  return { low: Math.max(0, addDown(mulDown(low, addDown(1, -relative)), -lost)), high: addUp(mulUp(high, addUp(1, relative)), lost) };
}

/** Largest distance of a sum from 1. */
export function deviation({ low, high }: Sums): number {
  return Math.max(addUp(1, -low), addUp(high, -1), 0);
}

/** g^D for a g ≥ 0, rounded up. */
export function powerUp(base: number, depth: number): number {
  let [result, square] = [1, base];
  for (let left = depth; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = mulUp(result, square);
    square = mulUp(square, square);
  }
  return result;
}
