/**
 * A column scaling c that makes diag(1/(Hc))·H·diag(c) doubly stochastic, nearly. Whoever uses it proves what he says for any c, so nothing is proved here.
 * Plain iterations c ← c/S need as many rounds as the mapping mixes badly; Newton's on the same equations S(log c) = 1 needs a handful: with P the scaled
 * matrix, row-stochastic, ∂S/∂log c = diag(S) − PᵀP, symmetric, singular along 1 alone; the last entry of the step is 0.
 */
export class Scaling {
  readonly c: Float64Array;
  /** (Hc)_i, and S_j = c_j·Σ_i h_ij/(Hc)_i, of the last `apply`. */
  readonly rows: Float64Array;
  readonly columns: Float64Array;
  private readonly n: number;
  private readonly system: Float64Array;
  private readonly change: Float64Array;

  constructor(n: number) {
    this.n = n;
    this.c = new Float64Array(n);
    this.rows = new Float64Array(n);
    this.columns = new Float64Array(n);
    this.system = new Float64Array(n * n);
    this.change = new Float64Array(n);
  }

  /** Fills `rows` and `columns`; returns fl(max S / min S). */
  apply(h: Float64Array, offset: number): number {
    const { n, c, rows, columns } = this;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += h[offset + i * n + j]! * c[j]!;
      rows[i] = sum;
    }
    let smallest = Infinity;
    let largest = 0;
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += h[offset + i * n + j]! / rows[i]!;
      const column = c[j]! * sum;
      columns[j] = column;
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
  newtonStep(h: Float64Array, offset: number): void {
    const { n, c, rows, columns, system, change } = this;
    const m = n - 1;
    for (let j = 0; j < m; j++) {
      change[j] = 1 - columns[j]!;
      for (let k = 0; k <= j; k++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += ((h[offset + i * n + j]! * c[j]!) / rows[i]!) * ((h[offset + i * n + k]! * c[k]!) / rows[i]!);
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
