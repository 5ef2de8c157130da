/**
 * The free side for all logits at n = 4, where a start adds a > 0 to every entry: the potential of Sinkhorn's iterations. Z_m is the matrix after half-step m (columns for odd m, say), s^(m)
 * are the sums that it divides, φ = s/(s + e) those it leaves, 0 ≤ e ≤ a; s^(2T) are the sums of the free side of the output. Z̄_m is Z_m with φ = 1, s̄ are its other sums, Σ s̄ = 4.
 *
 * Potential. P = diag·Z_0·diag is doubly stochastic, F_m = Σ P log(P/Z_m) ≥ 0 (the mass of Z_m is at most 4). A half-step leaves F_m = F_(m−1) − d_m, d_m = −Σ log(s^(m) + e). Y = e^F.
 *
 * What is left is bounded by what the sums show. With rows i in the order of falling potentials β (P = diag(e^β)Z̄ diag(1/μ), μ_j = Σ_i Z̄_ij e^β_i; F̄ = Σβ − Σ log μ) let σ_j be what the first j
 * rows lack, j − Σ_(l≤j) s̄_l. Any k of the μ_j sum to no more than Σ w_i e^β_i with w filled from the first row on, so that μ is majorised by the μ of the matrix whose columns are filled in that
 * order, and Σ log is Schur-concave. Its column j has min(1, l + 1 − σ_(j+l)) at least in the first j + l rows; l = 0, 1, 2 give, with Ω ≥ max β − min β and τ = ½Σ|s̄ − 1| ≥ σ_j,
 *
 *   F̄ ≤ −Σ_(j≤3) log(1 − σ_j⁺);   F̄ ≤ Ω − 2 log min(1, 2 − τ);   F̄ ≤ 2Ω − log min(1, 3 − τ).
 *
 * So Y ≥ y forces ∏ s̄ down. By the first: s̄ = (x_1, 1 + x_2 − x_1, 1 + x_3 − x_2, 2 − x_3) with x_j = 1 − σ_j and ∏ x_j⁺ ≤ 1/y; negative σ may be set to 0 (∏ s̄ grows along the way), and since
 * log ∏ s̄ is concave with its maximum at x = 1, the largest product has ∏ x_j = 1/y. By the others: τ is at least 2 − √(e^Ω/y) or 3 − e^2Ω/y, and k sums below 1, 4 − k above, are best equal.
 * Ω: α*_k − α*_i ≤ log max_j Z_ij/Z_kj ≤ log((1 + a)/a), and half-steps do not enlarge it (e^−β_new is an average of e^γ_old), but for e: by log(1 + e/s).
 *
 * Monotone (data processing): the step's columns map the measures 1 and s̄ to the next sums and 1, so that D(1‖s̄) ≥ D(next‖1) and D(s̄‖1) ≥ D(1‖next), D = KL. Hence d_m ≥ D(1‖r) for m of the free
 * side and ≥ D(r‖1) for the other, r = s̄^(2T), and F_K is at least their sum from K on: (2T − K)/2·Σ(r − 1)log r, at least δ·log((1 + δ)/(1 − δ/3)) when some |r_i − 1| ≥ δ (convexity).
 *
 * e > 0: for m ≥ 2 sums are at least q/(4 + e), q = 4a/(4a + e) (columns sum to 4a at least, and to 4 at most from then on), so e/s ≤ η = e(4 + e)/q. Then Y ≤ (1 + η)⁴Ȳ, ∏(s + e) ≤ (1 + η)⁴∏s̄,
 * next sums of Z̄ are those of the exact step within 1 + η, which changes D by at most 7η (half the range of log(x), x from q/4.01 to 4, times 4η(1 + η)), and |s − s̄| ≤ 4η. Half-step 1 costs
 * 1 + e/4a on three columns and 1 + e on one, whose sum is at least 1; sums of rows after it are at least 1/4, τ ≤ 9/4.
 *
 * Sources: the potential and its steps, Csiszár 1975 and Linial, Samorodnitsky and Wigderson 2000; monotone divergences, Csiszár 1967 (data processing). The rest is here.
 */
import { addDown, addUp, divDown, divUp, mulDown, mulUp, sqrtUp } from '../../numerics/directed.ts';
import { expDown } from '../../numerics/exponential.ts';
import type { KernelParameters } from './kernel-parameters.ts';
import { powerUp } from './mapping.ts';
import { largestProduct, spreadProduct } from './sum-products.ts';

/** Neighbouring values of Y. Above the last for which the largest product is searched, that one is taken: the product falls with Y. */
const ratio = 33 / 32;
const searched = 1024;

/** Why nothing is proved of a kernel's free side for all logits; undefined when it is. */
export function withoutPotential({ n, start, added, divisor, epsilon, iterations, rounding, stored }: KernelParameters): string | undefined {
  if (n !== 4) return 'the proof is for 4 streams';
  if (start !== 'softmax' || !(added >= 2 ** -64 && added <= 2 ** -10)) return 'its start does not add an ε from 2⁻⁶⁴ to 2⁻¹⁰ to a softmax';
  if (divisor === 'clamp' || epsilon > added) return 'its divisor is not the sum and at most the same ε';
  if (iterations < 2) return 'it has one iteration';
  if ([...Object.values(rounding), ...Object.values(stored)].some((error) => error !== 0)) return 'the proof is about the mathematical function';
  return undefined;
}

/** At least max |sum of the free side − 1| for all finite logits. Ask `withoutPotential` first. */
export function freeSideEverywhere({ added, epsilon, iterations }: KernelParameters): number {
  const opening = addUp(1, divUp(epsilon, 4 * added));
  const eta = mulUp(mulUp(epsilon, addUp(4, epsilon)), opening);
  const left = leftAfter(2 * iterations, added, epsilon, opening, eta);
  let [low, high] = [0, 3];
  for (;;) {
    const middle = (low + high) / 2;
    if (!(middle > low && middle < high)) return addUp(high, mulUp(4, eta));
    if (excluded(middle, left, eta)) high = middle;
    else low = middle;
  }
}

/** At least Y_m for m from 2 to `halves` − 1; the two before are not used. */
function leftAfter(halves: number, added: number, epsilon: number, opening: number, eta: number): number[] {
  const first = divUp(addUp(1, added), added);
  const reach = mulUp(mulUp(first, opening), powerUp(addUp(1, eta), halves));
  const begin = divUp(mulUp(first, first), 0.75);
  const steps = levels(reach, begin);
  const next = (most: number, loss: number): number => {
    let worst = 0;
    for (const { from, product } of steps) if (from <= most) worst = Math.max(worst, mulUp(mulUp(Math.min(from * ratio, most), product), loss));
    return worst;
  };
  const left = [Infinity, Infinity, next(begin, mulUp(mulUp(powerUp(opening, 3), addUp(1, epsilon)), powerUp(addUp(1, mulUp(4, epsilon)), 4)))];
  const loss = powerUp(addUp(1, eta), 8);
  while (left.length < halves) left.push(next(left.at(-1)!, loss));
  return left;
}

/** What a half-step leaves. */
export interface Level {
  /** Of Ȳ: e to the power of the potential. */
  readonly from: number;
  /** At least ∏ s̄ while Ȳ ≥ `from`. */
  readonly product: number;
}

/** The largest products, level by level; they depend on nothing else. */
const products: number[] = [];

/** For Ȳ from 1 to `most`, in steps; `reach` ≥ e^Ω. */
export function levels(reach: number, most: number): Level[] {
  const found: Level[] = [];
  for (let from = 1; from <= most; from *= ratio) {
    if (from <= searched) products[found.length] ??= Math.min(1, largestProduct(divUp(1, from)));
    let product = products[Math.min(found.length, products.length - 1)]!;
    if (from > reach) product = Math.min(product, spreadProduct(Math.max(0, addDown(2, -sqrtUp(divUp(reach, from))))));
    const twice = mulUp(reach, reach);
    if (from > twice) product = Math.min(product, spreadProduct(addDown(3, -divUp(twice, from))));
    found.push({ from, product });
  }
  return found;
}

/** Whether a deviation of `delta` needs more than is left at some half-step. */
function excluded(delta: number, left: readonly number[], eta: number): boolean {
  const divergence = jeffreysDown(delta);
  for (let half = 2; half < left.length; half += 2) {
    const rest = left.length - half;
    const lost = mulUp(eta, mulUp(rest, addUp(4, mulUp(3.5, rest)))); // 4η a half-step, and 7η for each link of the chain
    if (expDown(addDown(mulDown(rest / 2, divergence), -lost)) > left[half]!) return true;
  }
  return false;
}

/** At most δ·log((1 + δ)/(1 − δ/3)) = 2δ(y + y³/3 + y⁵/5 + …), y = 2δ/(3 + δ), 0 < δ < 3. */
function jeffreysDown(delta: number): number {
  const y = divDown(mulDown(2, delta), addUp(3, delta));
  const square = mulDown(y, y);
  let sum = 0;
  for (let k = 59; k >= 1; k -= 2) sum = addDown(divDown(1, k), mulDown(square, sum));
  return mulDown(mulDown(2, delta), mulDown(y, sum));
}
