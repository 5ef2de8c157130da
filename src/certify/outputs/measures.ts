/** What is measured of one n×n matrix and of one product over depth, each rounded outwards. `worst` says which way is worse. */
import { deviationUp, magnitudeSumUp, stepUp, u } from './enclosing.ts';
import { sumError } from '../../numerics/double-double.ts';
import { ProjectionDistance } from './projection-distance.ts';
import { TwoNorm } from './two-norm.ts';

export const matrixMeasures = ['entry-range', 'row-sum-deviation', 'column-sum-deviation', 'one-norm', 'infinity-norm', 'two-norm', 'mean-free-norm', 'projection-distance'] as const;
export type MatrixMeasure = (typeof matrixMeasures)[number];

/** Measures matrices one after the other, without allocating. */
export class MatrixMeasures {
  /** Of the last matrix, in the order of `matrixMeasures`. */
  readonly values = new Float64Array(matrixMeasures.length);
  private readonly n: number;
  private readonly centred: Float64Array;
  private readonly twoNorm: TwoNorm;
  private readonly projection: ProjectionDistance;

  constructor(n: number) {
    this.n = n;
    this.centred = new Float64Array(n * n);
    this.twoNorm = new TwoNorm(n);
    this.projection = new ProjectionDistance(n);
  }

  measure(h: Float64Array, offset: number): void {
    const { n, values } = this;
    let [least, rows, columns, one, infinity] = [Infinity, 0, 0, 0, 0];
    for (let k = 0; k < n * n; k++) least = Math.min(least, h[offset + k]!);
    for (let i = 0; i < n; i++) {
      rows = deviationUp(h, offset + i * n, n, 1, rows);
      columns = deviationUp(h, offset + i, n, n, columns);
      infinity = magnitudeSumUp(h, offset + i * n, n, 1, infinity);
      one = magnitudeSumUp(h, offset + i, n, n, one);
    }
    values[0] = least;
    values[1] = rows;
    values[2] = columns;
    values[3] = one;
    values[4] = infinity;
    values[5] = this.twoNorm.upper(h, offset);
    values[6] = this.meanFree(h, offset);
    values[7] = this.projection.upper(h, offset);
  }

  /** At least ‖A‖₂. */
  norm(a: Float64Array, offset: number): number {
    return this.twoNorm.upper(a, offset);
  }

  /** At least ‖A − J/n‖₂: that of the rounded difference, and ‖Δ‖₂ ≤ n·max |Δ_ij| for what rounding and 1/n lost. */
  meanFree(a: Float64Array, offset: number): number {
    const { n, centred } = this;
    const mean = 1 / n;
    let lost = 0;
    for (let k = 0; k < n * n; k++) {
      const x = a[offset + k]!;
      const difference = x - mean;
      centred[k] = difference;
      lost = Math.max(lost, Math.abs(sumError(x, -mean, difference)));
    }
    if ((n & (n - 1)) !== 0) lost = stepUp(lost + u * mean); // 1/n was rounded too
    const norm = this.twoNorm.upper(centred, 0);
    return lost === 0 ? norm : stepUp(norm + stepUp(n * lost));
  }
}

export const compositeMeasures = ['composite-infinity-norm', 'composite-one-norm', 'composite-two-norm', 'composite-mean-free-norm'] as const;
export type CompositeMeasure = (typeof compositeMeasures)[number];

/**
 * The product of a token's matrices over depth, then its norms. With P̂ the rounded product of D matrices and Q̂ that of their magnitudes,
 * |P̂ − P| ≤ γ_{n(D−1)}·Q ≤ c·Q̂ entry by entry, c = 2n(D−1)u while c ≤ ½ (Higham, Accuracy and Stability, §3.5), plus what underflow adds:
 * `floor`, at most n²η a product, enlarged by the norms of the factors after it. Norms per layer would multiply to far more than that of the product.
 */
export class CompositeMeasures {
  /** Of the last token, in the order of `compositeMeasures`; Infinity where something overflowed. */
  readonly values = new Float64Array(compositeMeasures.length);
  private readonly n: number;
  private readonly single: MatrixMeasures;
  private product: Float64Array;
  private magnitudes: Float64Array;
  private next: Float64Array;

  constructor(n: number) {
    this.n = n;
    this.single = new MatrixMeasures(n);
    this.product = new Float64Array(n * n);
    this.magnitudes = new Float64Array(n * n);
    this.next = new Float64Array(n * n);
  }

  /** Layer l's matrix lies at offset + l·stride; it is applied as it is, or transposed. */
  measure(h: Float64Array, offset: number, layers: number, stride: number, transposed: boolean): void {
    const { n, single, values } = this;
    this.product.fill(0);
    for (let i = 0; i < n; i++) this.product[i * n + i] = 1;
    this.magnitudes.set(this.product);
    let floor = 0;
    for (let layer = 0; layer < layers; layer++) {
      const at = offset + layer * stride;
      this.multiply(h, at, transposed, false);
      this.multiply(h, at, transposed, true);
      floor = (floor * (1 + 2 * n * u) * this.lineSum(h, at, transposed) + n * n * 2 ** -1074) * (1 + 8 * u);
    }
    const error = 2 * n * layers * u;
    const more = (norm: number): number => (error < 0.5 ? stepUp(norm * error + n * floor) : Infinity);
    let [infinity, one, infinityMore, oneMore] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      infinity = Math.max(infinity, magnitudeSumUp(this.product, i * n, n, 1));
      one = Math.max(one, magnitudeSumUp(this.product, i, n, n));
      infinityMore = Math.max(infinityMore, magnitudeSumUp(this.magnitudes, i * n, n, 1));
      oneMore = Math.max(oneMore, magnitudeSumUp(this.magnitudes, i, n, n));
    }
    const both = Math.max(infinityMore, oneMore); // ‖Q‖₂ ≤ √(‖Q‖₁‖Q‖∞)
    values[0] = stepUp(infinity + more(infinityMore));
    values[1] = stepUp(one + more(oneMore));
    values[2] = stepUp(single.norm(this.product, 0) + more(both));
    values[3] = stepUp(single.meanFree(this.product, 0) + more(both));
    for (let k = 0; k < values.length; k++) if (Number.isNaN(values[k])) values[k] = Infinity; // an overflow met another
  }

  private multiply(h: Float64Array, at: number, transposed: boolean, magnitudes: boolean): void {
    const { n, next } = this;
    const from = magnitudes ? this.magnitudes : this.product;
    const [row, column] = transposed ? [1, n] : [n, 1];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) {
          const x = h[at + i * row + k * column]!;
          sum += (magnitudes ? Math.abs(x) : x) * from[k * n + j]!;
        }
        next[i * n + j] = sum;
      }
    }
    this.next = from;
    if (magnitudes) this.magnitudes = next;
    else this.product = next;
  }

  /** ‖M‖∞ of the matrix as it is applied. */
  private lineSum(h: Float64Array, at: number, transposed: boolean): number {
    const { n } = this;
    let norm = 0;
    for (let i = 0; i < n; i++) norm = Math.max(norm, transposed ? magnitudeSumUp(h, at + i, n, n) : magnitudeSumUp(h, at + i * n, n, 1));
    return norm;
  }
}
