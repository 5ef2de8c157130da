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
 * c comes from `Scaling`, in as many steps as make e small beside the distance. Everything is positive, so rounding is counted: (Hc)_i has n roundings, S_j 2n + 1, x twice
 * that and one, θ three, q n + 2. That holds without underflow, which the ranges of h and c exclude.
 */
import { Scaling } from './scaling.ts';
import { deviationUp, rootUp, stepUp, u } from './enclosing.ts';

const mostRounds = 60;
/** Most mappings are near their projection, and need no more than these; then every other step is one of Newton's. */
const plainRounds = 6;
/** e below this share of the distance is not worth another round. */
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
    for (let k = 0; k < n * n; k++) {
      const x = h[offset + k]!;
      if (!(x >= entries.from && x <= entries.to)) return this.isDoublyStochastic(h, offset) ? 0 : Infinity;
    }
    const root = rootUp(this.largestCrossRatio(h, offset));
    const factor = (((root + 1) * (root + 1)) / (4 * root)) * (1 + 8 * u);
    if (!(factor * 2 * (4 * n + 4) * u < 0.5)) return Infinity; // no c is good enough
    this.scaling.c.fill(1);
    for (let round = 0; ; round++) {
      const excess = (this.scaling.apply(h, offset) - 1) * (1 + 8 * u) + 2 * (4 * n + 4) * u;
      const e = stepUp(factor * excess);
      if (round < mostRounds && e > enough * this.distance(h, offset) && excess > 4 * (4 * n + 4) * u) {
        if (round < plainRounds || round % 2 === 1) this.scaling.plainStep();
        else this.scaling.newtonStep(h, offset);
        continue;
      }
      if (!(e < 0.5) || this.scaling.c.some((c) => !(c >= scalings.from && c <= scalings.to))) return Infinity;
      return this.enclosed(h, offset, (e / (1 - e)) * (1 + 4 * u));
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
    const { rows, c } = this.scaling;
    let most = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const x = h[offset + i * n + j]!;
        const gap = Math.abs((x * c[j]!) / rows[i]! - x);
        if (gap > most) most = gap;
      }
    }
    return most;
  }

  private enclosed(h: Float64Array, offset: number, growth: number): number {
    const { n } = this;
    const { rows, c } = this.scaling;
    const rounding = 2 * (n + 3) * u;
    let most = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const x = h[offset + i * n + j]!;
        const q = (x * c[j]!) / rows[i]!;
        most = Math.max(most, (Math.abs(q - x) + q * (growth * (1 + rounding) + rounding)) * (1 + 8 * u));
      }
    }
    return most;
  }
}
