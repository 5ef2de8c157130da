/**
 * A column scaling c that makes diag(1/(Hc))·H·diag(c) doubly stochastic, nearly. Whoever uses it proves what he says for any c, so nothing is proved here.
 * Plain iterations c ← c/S need as many rounds as the mapping mixes badly; Newton's on the same equations S(log c) = 1 needs a handful: with P the scaled
 * matrix, row-stochastic, ∂S/∂log c = diag(S) − PᵀP, symmetric, singular along 1 alone; the last entry of the step is 0.
 */
export class Scaling {
  readonly c: Float64Array;
  /** q_ij = h_ij·c_j/(Hc)_i, row-stochastic, and its column sums S_j, of the last `apply`. */
  readonly scaled: Float64Array;
  readonly columns: Float64Array;
  private readonly n: number;
  private readonly system: Float64Array;
  private readonly change: Float64Array;

  constructor(n: number) {
    this.n = n;
    this.c = new Float64Array(n);
    this.scaled = new Float64Array(n * n);
    this.columns = new Float64Array(n);
    this.system = new Float64Array(n * n);
    this.change = new Float64Array(n);
  }

  /** c = 1. */
  start(): void {
    for (let j = 0; j < this.n; j++) this.c[j] = 1;
  }

  within(from: number, to: number): boolean {
    for (let j = 0; j < this.n; j++) if (!(this.c[j]! >= from && this.c[j]! <= to)) return false;
    return true;
  }

  /** Fills `scaled` (n + 3 roundings an entry) and `columns` (n − 1 more); returns fl(max S / min S). */
  apply(h: Float64Array, offset: number): number {
    const { n, c, scaled, columns } = this;
    for (let j = 0; j < n; j++) columns[j] = 0;
    for (let i = 0; i < n; i++) {
      const row = i * n;
      let sum = 0;
      for (let j = 0; j < n; j++) sum += scaled[row + j] = h[offset + row + j]! * c[j]!;
      const share = 1 / sum;
      for (let j = 0; j < n; j++) columns[j]! += scaled[row + j]! *= share;
    }
    let smallest = Infinity;
    let largest = 0;
    for (let j = 0; j < n; j++) {
      const column = columns[j]!;
      if (column < smallest) smallest = column;
      if (column > largest) largest = column;
    }
    return largest / smallest;
  }

  /** c ← c/S. */
  plainStep(): void {
    for (let j = 0; j < this.n; j++) this.c[j]! /= this.columns[j]!;
  }

  /** c ← c·e^y for Newton's y, with 1 + y or 1/(1 − y) for e^y. A plain step where the system is singular in f64. */
  newtonStep(): void {
    const { n, c, scaled, columns, system, change } = this;
    const m = n - 1;
    for (let j = 0; j < m; j++) {
      change[j] = 1 - columns[j]!;
      for (let k = 0; k <= j; k++) {
        let sum = 0;
        for (let i = 0; i < n * n; i += n) sum += scaled[i + j]! * scaled[i + k]!;
        system[j * n + k] = (j === k ? columns[j]! : 0) - sum;
      }
    }
    for (let k = 0; k < m; k++) { // LDLᵀ in the lower triangle
      const pivot = system[k * n + k]!;
      if (!(pivot > 0)) return this.plainStep();
      for (let j = k + 1; j < m; j++) {
        const factor = system[j * n + k]! / pivot;
        for (let i = j; i < m; i++) system[i * n + j]! -= factor * system[i * n + k]!;
        change[j]! -= factor * change[k]!;
      }
    }
    for (let k = m - 1; k >= 0; k--) {
      let sum = change[k]!;
      for (let j = k + 1; j < m; j++) sum -= system[j * n + k]! * change[j]!;
      change[k] = sum / system[k * n + k]!;
    }
    for (let j = 0; j < m; j++) {
      const y = Math.max(-2, Math.min(2, change[j]!));
      c[j]! *= y >= 0 ? 1 + y : 1 / (1 - y);
    }
  }
}
