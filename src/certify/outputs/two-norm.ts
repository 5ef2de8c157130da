/**
 * ‖A‖₂ from above, ten thousand times in the time of one eigenvalue solver. For an n×n matrix, n ≤ 16:
 *
 * Powers. Ĝ_0 = fl(S_0ᵀS_0) and Ĝ_{k+1} = fl(S_k²), where S_k is Ĝ_k (S_0: A) over a power of two, its largest entry in [1, 2). Then
 * |Ĝ − SᵀS| ≤ γ_n|S|ᵀ|S| + nη entry by entry, and ‖|S|ᵀ|S|‖₂ ≤ ‖S‖_F² ≤ n‖S‖₂², so ‖S‖₂² ≤ ρ·(‖Ĝ‖₂ + n²η) with ρ = 1/(1 − nγ_n) ≤ 1 + 2n(n+1)u;
 * ‖S‖₂ ≥ 1, so that what underflows (n²η here, nη by dividing) is far below another u. Ĝ_K is symmetric: ‖Ĝ_K‖₂ ≤ ‖Ĝ_K‖∞ ≤ √n·‖Ĝ_K‖₂,
 * and taking K + 1 roots back leaves at most n^(1/2^(K+2)): 0.07 % for n = 4 and K = 9. ‖Ĝ_K‖_F is another bound, and exact where Ĝ_K has rank 1: from then on nothing can be gained,
 * and K is chosen there. Any K is sound. This one is for matrices of any sign: H − J/n.
 *
 * Collatz. For v > 0, ‖A‖₂² ≤ ‖|A|‖₂² ≤ max_i (|A|ᵀ|A|v)_i/v_i (Schur's test; equality for A ≥ 0 at the Perron vector). v = |Ĝ_K|·1 is that vector
 * up to (σ₂/σ₁)^(2^(K+1)). Nothing cancels: 2n + 1 roundings, each a factor of at most 1 + u.
 *
 * Simple. ‖A‖₂ ≤ √(‖A‖₁‖A‖∞). The smallest of the three is taken.
 */
import { magnitudeSumUp, powerBelow, rootUp, stepUp, u } from './enclosing.ts';
import { gram, square } from './gram.ts';

const mostSquarings = 9;
/** λ₂/λ₁ of S below this is below a rounding in S², which the last squaring makes of it. */
const rankOne = 2 ** -27;
/** Entries of v below this would let underflow into the quotients. */
const smallestWeight = 2 ** -900;

export class TwoNorm {
  private readonly n: number;
  private readonly scaled: Float64Array;
  private readonly power: Float64Array;
  private readonly other: Float64Array;
  private readonly weights: Float64Array;
  private readonly image: Float64Array;
  private readonly powers = new Float64Array(mostSquarings);

  constructor(n: number) {
    this.n = n;
    this.scaled = new Float64Array(n * n);
    this.power = new Float64Array(n * n);
    this.other = new Float64Array(n * n);
    this.weights = new Float64Array(n);
    this.image = new Float64Array(n);
  }

  /** At least ‖A‖₂ of the n×n matrix at `offset`; Infinity where that overflows. */
  upper(a: Float64Array, offset: number): number {
    const { n } = this;
    const factor = this.scale(a, offset, this.scaled);
    if (factor === 0) return 0;
    if (!(factor < Infinity)) return Infinity;
    const powers = this.byPowers();
    const tight = stepUp(Math.min(powers, this.byWeights()) + n * 2 ** -1000) * factor;
    const simple = this.simple(a, offset, tight);
    const least = tight < simple ? tight : simple;
    return least >= 2 ** -960 ? least : stepUp(least); // a subnormal product was rounded
  }

  /** Infinity where it is above `tight` already before its rounding is counted; rounding loses less than a thousandth of the 2⁻³⁰. */
  private simple(a: Float64Array, offset: number, tight: number): number {
    const { n } = this;
    let rows = 0;
    let columns = 0;
    for (let i = 0; i < n; i++) {
      let [row, column] = [0, 0];
      for (let k = 0; k < n; k++) {
        row += Math.abs(a[offset + i * n + k]!);
        column += Math.abs(a[offset + k * n + i]!);
      }
      if (row > rows) rows = row;
      if (column > columns) columns = column;
    }
    if (rows * columns > tight * tight * (1 + 2 ** -30)) return Infinity;
    rows = columns = 0;
    for (let i = 0; i < n; i++) {
      rows = magnitudeSumUp(a, offset + i * n, n, 1, rows);
      columns = magnitudeSumUp(a, offset + i, n, n, columns);
    }
    return rows === columns ? rows : rootUp(stepUp(rows * columns));
  }

  /** Into `out` the matrix over a power of two, which is returned; 0 for the zero matrix. */
  private scale(a: Float64Array, offset: number, out: Float64Array): number {
    const { n } = this;
    let largest = 0;
    for (let k = 0; k < n * n; k++) largest = Math.max(largest, Math.abs(a[offset + k]!));
    if (!(largest > 0 && largest < Infinity)) return largest;
    const power = powerBelow(largest);
    const inverse = 1 / power; // exact, so that x/power and x·inverse round alike
    for (let k = 0; k < n * n; k++) out[k] = a[offset + k]! * inverse;
    return power;
  }

  private byPowers(): number {
    const { n, scaled, power, other, powers } = this;
    gram(scaled, power, n);
    let squarings = 0;
    for (let last = false; !last && squarings < mostSquarings; squarings++) {
      powers[squarings] = this.scale(power, 0, other);
      square(other, power, n);
      let [trace, next] = [0, 0];
      for (let k = 0; k < n * n; k += n + 1) {
        trace += other[k]!;
        next += power[k]!;
      }
      last = trace * trace <= next * (1 + 2 * rankOne); // (Σλ)²/Σλ² = 1 + 2λ₂/λ₁ + …
    }
    let [norm, squares] = [0, 0];
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let k = i * n; k < i * n + n; k++) {
        sum += Math.abs(power[k]!);
        squares += power[k]! * power[k]!;
      }
      if (!(sum <= norm)) norm = sum; // NaN stays
    }
    const counted = 1 + 2 * (n * n + 1) * u;
    norm = Math.min(norm * counted, rootUp(stepUp(squares * counted)));
    const rho = 1 + 2 * n * (n + 2) * u;
    for (let k = squarings - 1; k >= 0; k--) norm = rootUp(stepUp(norm * rho)) * powers[k]!;
    return rootUp(stepUp(norm * rho));
  }

  private byWeights(): number {
    const { n, scaled, power, weights, image } = this;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.abs(power[i * n + j]!);
      if (!(sum >= smallestWeight && sum < 2 ** 900)) return Infinity;
      weights[i] = sum;
    }
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.abs(scaled[i * n + j]!) * weights[j]!;
      image[i] = sum;
    }
    let largest = 0;
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += Math.abs(scaled[i * n + j]!) * image[i]!;
      largest = Math.max(largest, sum / weights[j]!);
    }
    return rootUp(stepUp(largest * (1 + 2 * (2 * n + 2) * u)));
  }
}
