/**
 * ‖A‖₂ from above, ten thousand times in the time of one eigenvalue solver. For an n×n matrix, n ≤ 16:
 *
 * Powers. Ĝ_0 = fl(S_0ᵀS_0) and Ĝ_{k+1} = fl(S_k²), where S_k is Ĝ_k (S_0: A) over a power of two, its largest entry in [1, 2). Then
 * |Ĝ − SᵀS| ≤ γ_n|S|ᵀ|S| + nη entry by entry, and ‖|S|ᵀ|S|‖₂ ≤ ‖S‖_F² ≤ n‖S‖₂², so ‖S‖₂² ≤ ρ·(‖Ĝ‖₂ + n²η) with ρ = 1/(1 − nγ_n) ≤ 1 + 2n(n+1)u;
 * ‖S‖₂ ≥ 1, so that what underflows (n²η here, nη by dividing) is far below another u. Ĝ_K is symmetric: ‖Ĝ_K‖₂ ≤ ‖Ĝ_K‖∞ ≤ √n·‖Ĝ_K‖₂,
 * and taking K + 1 roots back leaves at most n^(1/2^(K+2)): 0.07 % for n = 4 and K = 9. This one is for matrices of any sign: H − J/n.
 *
 * Collatz. For v > 0, ‖A‖₂² ≤ ‖|A|‖₂² ≤ max_i (|A|ᵀ|A|v)_i/v_i (Schur's test; equality for A ≥ 0 at the Perron vector). v = |Ĝ_K|·1 is that vector
 * up to (σ₂/σ₁)^(2^(K+1)). Nothing cancels: 2n + 1 roundings, each a factor of at most 1 + u.
 *
 * Simple. ‖A‖₂ ≤ √(‖A‖₁‖A‖∞). The smallest of the three is taken.
 */
import { magnitudeSumUp, powerBelow, rootUp, stepUp, u } from './enclosing.ts';

const squarings = 9;
/** Entries of v below this would let underflow into the quotients. */
const smallestWeight = 2 ** -900;

export class TwoNorm {
  private readonly n: number;
  private readonly scaled: Float64Array;
  private readonly gram: Float64Array;
  private readonly other: Float64Array;
  private readonly weights: Float64Array;
  private readonly image: Float64Array;
  private readonly powers = new Float64Array(squarings + 1);

  constructor(n: number) {
    this.n = n;
    this.scaled = new Float64Array(n * n);
    this.gram = new Float64Array(n * n);
    this.other = new Float64Array(n * n);
    this.weights = new Float64Array(n);
    this.image = new Float64Array(n);
  }

  /** At least ‖A‖₂ of the n×n matrix at `offset`; Infinity where that overflows. */
  upper(a: Float64Array, offset: number): number {
    const { n } = this;
    const simple = this.simple(a, offset);
    const factor = this.scale(a, offset, this.scaled);
    if (factor === 0) return 0;
    if (!(factor < Infinity)) return Infinity;
    const powers = this.byPowers();
    const tight = stepUp(Math.min(powers, this.byWeights()) + n * 2 ** -1000) * factor;
    const least = tight < simple ? tight : simple;
    return least >= 2 ** -960 ? least : stepUp(least); // a subnormal product was rounded
  }

  private simple(a: Float64Array, offset: number): number {
    const { n } = this;
    let rows = 0;
    let columns = 0;
    for (let i = 0; i < n; i++) {
      rows = Math.max(rows, magnitudeSumUp(a, offset + i * n, n, 1));
      columns = Math.max(columns, magnitudeSumUp(a, offset + i, n, n));
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
    for (let k = 0; k < n * n; k++) out[k] = a[offset + k]! / power;
    return power;
  }

  private byPowers(): number {
    const { n, scaled, gram, other, powers } = this;
    product(scaled, scaled, gram, n, true);
    for (let k = 0; k < squarings; k++) {
      powers[k] = this.scale(gram, 0, other);
      product(other, other, gram, n, false);
    }
    let norm = 0;
    for (let i = 0; i < n; i++) norm = Math.max(norm, magnitudeSumUp(gram, i * n, n, 1));
    const rho = 1 + 2 * n * (n + 2) * u;
    for (let k = squarings - 1; k >= 0; k--) norm = rootUp(stepUp(norm * rho)) * powers[k]!;
    return rootUp(stepUp(norm * rho));
  }

  private byWeights(): number {
    const { n, scaled, gram, weights, image } = this;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.abs(gram[i * n + j]!);
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

/** fl(A·B), or fl(Aᵀ·B); symmetric to the bit, where the product is. */
function product(a: Float64Array, b: Float64Array, out: Float64Array, n: number, transpose: boolean): void {
  const [row, column] = transpose ? [1, n] : [n, 1];
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * row + k * column]! * b[k * n + j]!;
      out[i * n + j] = sum;
      out[j * n + i] = sum;
    }
  }
}
