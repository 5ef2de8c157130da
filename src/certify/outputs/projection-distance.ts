/**
 * How far an output is from the exact Sinkhorn projection P of itself, P = diag(r)·H·diag(c) doubly stochastic, a posteriori. With
 * T c = 1/(Hᵀ(1/(Hc))), which Birkhoff's theorem contracts in the Hilbert metric by κ² (inverting entries is an isometry, κ(Hᵀ) = κ(H)), ANY c > 0 gives
 *
 *   d(c, c*) ≤ d(c, Tc)/(1 − κ²) = p·log x,   x = max_j S_j / min_j S_j,  S = c ∘ Hᵀ(1/(Hc)),  p = 1/(1 − κ²),
 *   P_ij = h_ij·c*_j/(Hc*)_i ∈ q_ij·[e^−d, e^d],   q_ij = h_ij·c_j/(Hc)_i.
 *
 * κ = (s − 1)/(s + 1) for s = √θ, θ the largest cross ratio, so p = (s + 1)²/4s, without cancellation; it grows with s ≥ 1, so s from above is safe. Exponentials are not needed:
 * e^d = x^p ≤ e^(p(x−1)) ≤ 1/(1 − e) and e^−d ≥ 1 − e with e = p(x − 1) < 1. Hence |P_ij − h_ij| ≤ |q_ij − h_ij| + q_ij·e/(1 − e).
 *
 * c comes from `Scaling`, in as many steps as make e small beside the distance. Everything is positive, so rounding is counted: (Hc)_i has n roundings, q_ij n + 3, S_j 2n + 2, x twice
 * that and one, γ_(4n+5) ≤ (4n + 6)u of x, and θ three. That holds without underflow, which the ranges of h and c exclude.
 */
import { Scaling } from './scaling.ts';
import { deviationUp, rootUp, stepUp, u } from './enclosing.ts';

const mostRounds = 60;
/** Plain steps that leave more than this of the excess are too slow: Newton's follow, down to the rounding, but for a plain one where they lead away. */
const slow = 1 / 8;
/** e below this share of the distance is not worth another plain round. */
const enough = 2 ** -10;
const entries = { from: 2 ** -250, to: 2 ** 250 };
const scalings = { from: 2 ** -100, to: 2 ** 100 };

export class ProjectionDistance {
  private readonly n: number;
  private readonly scaling: Scaling;

  constructor(n: number) {
    this.n = n;
    this.scaling = new Scaling(n);
  }

  /** At least max |h_ij − P_ij| of the matrix at `offset`; Infinity where nothing is proved: an entry that is not positive, κ too near 1. */
  upper(h: Float64Array, offset: number): number {
    const { n } = this;
    let farthest = 1; // no q_ij is above 1, and no distance above this: only where we stop depends on it
    for (let k = 0; k < n * n; k++) {
      const x = h[offset + k]!;
      if (x > farthest) farthest = x;
      if (!(x >= entries.from && x <= entries.to)) return this.isDoublyStochastic(h, offset) ? 0 : Infinity;
    }
    const root = rootUp(this.largestCrossRatio(h, offset));
    const factor = (((root + 1) * (root + 1)) / (4 * root)) * (1 + 8 * u);
    const rounding = (4 * n + 6) * u;
    if (!(factor * rounding < 0.5)) return Infinity; // no c is good enough
    this.scaling.start();
    for (let round = 0, before = Infinity, newton = false; ; round++) {
      const ratio = this.scaling.apply(h, offset);
      const excess = (ratio - 1 + ratio * rounding) * (1 + 8 * u);
      const e = stepUp(factor * excess);
      const near = newton
        ? excess <= 2 * rounding || (excess >= before && excess <= 8 * rounding)
        : e <= enough * farthest && e <= enough * this.distance(h, offset);
      if (near || round === mostRounds) return e < 0.5 && this.scaling.within(scalings.from, scalings.to) ? this.enclosed(h, offset, (e / (1 - e)) * (1 + 4 * u)) : Infinity;
      if (excess > slow * before) newton = !newton || excess <= before;
      if (newton) this.scaling.newtonStep();
      else this.scaling.plainStep();
      before = excess;
    }
  }

  /** Its own projection, exactly: the case of permutations, which have no κ below 1. */
  private isDoublyStochastic(h: Float64Array, offset: number): boolean {
    const { n } = this;
    for (let k = 0; k < n * n; k++) if (!(h[offset + k]! >= 0)) return false;
    for (let i = 0; i < n; i++) if (deviationUp(h, offset + i * n, n, 1) !== 0 || deviationUp(h, offset + i, n, n) !== 0) return false;
    return true;
  }

  private largestCrossRatio(h: Float64Array, offset: number): number {
    const { n } = this;
    let theta = 1;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        let smallest = Infinity;
        let largest = 0;
        for (let k = 0; k < n; k++) {
          const ratio = h[offset + i * n + k]! / h[offset + j * n + k]!;
          if (ratio < smallest) smallest = ratio;
          if (ratio > largest) largest = ratio;
        }
        theta = Math.max(theta, largest / smallest);
      }
    }
    return theta * (1 + 8 * u);
  }

  /** fl(max |q − h|). */
  private distance(h: Float64Array, offset: number): number {
    const { n } = this;
    const { scaled } = this.scaling;
    let most = 0;
    for (let k = 0; k < n * n; k++) {
      const gap = Math.abs(scaled[k]! - h[offset + k]!);
      if (gap > most) most = gap;
    }
    return most;
  }

  private enclosed(h: Float64Array, offset: number, growth: number): number {
    const { n } = this;
    const { scaled } = this.scaling;
    const rounding = 2 * (n + 3) * u;
    let most = 0;
    for (let k = 0; k < n * n; k++) {
      const q = scaled[k]!;
      most = Math.max(most, (Math.abs(q - h[offset + k]!) + q * (growth * (1 + rounding) + rounding)) * (1 + 8 * u));
    }
    return most;
  }
}
