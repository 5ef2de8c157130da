/**
 * One token's coefficients and what their derivative needs, over any calculus (paper, Eqs. 14–19, with the division by the RMS after the product):
 *
 *   s_g = Σ x²                     over the flattened streams (one group g), or over each stream (n groups)
 *   r_g = 1/√(s_g/K + ε)           or 1/(√(s_g/K) + ε); 1 without a norm
 *   m_gj = Σ_k x_k·w_k·φ_jk        over the group's part of k; w folded into φ
 *   t_j = Σ_g r_g·m_gj,  z_j = α·t_j + b_j
 *   pre = σ(z) + ε,  post = multiplier·σ(z),  residual = Sinkhorn(z)
 *
 * Roundings of a term: a kernel may normalise and weight x first (two roundings more, each of which may be stored), or fold and scale afterwards.
 */
import type { Sizes } from '../operation.ts';
import type { SinkhornDialect } from '../sinkhorn/dialect.ts';
import type { Calculus } from '../calculus/calculus.ts';
import { inverseRoot, sigmoid } from '../calculus/elementary.ts';
import type { TensorFloat } from '../calculus/tf32.ts';
import { sinkhornOf, type MappingsDialect } from './dialect.ts';

/** Where each mapping's coefficients start and how many there are. */
export function coefficientBlocks(n: number): readonly (readonly [from: number, count: number])[] {
  return [[0, n], [n, n], [2 * n, n * n]];
}

/** The TF32 rounding that a dialect asks for. */
export function tensorFloatOf(dialect: Pick<MappingsDialect, 'projectionRounding'>): TensorFloat | undefined {
  return dialect.projectionRounding === 'exact' ? undefined : (dialect.projectionRounding.slice('tf32-'.length) as TensorFloat);
}

/** What the coefficients of a sublayer depend on besides the streams; offsets say where a sublayer's part starts. */
export interface Parameters<S> {
  readonly projection: S;
  readonly projectionAt: number;
  readonly scales: S;
  readonly scalesAt: number;
  readonly biases: S;
  readonly biasesAt: number;
  /** Absent where the dialect has no norm weight. */
  readonly normWeight: S | undefined;
  readonly normWeightAt: number;
}

/** Buffers of one sublayer's coefficients. `run` overwrites all of them with those of a token. */
export class Coefficients<S> {
  readonly groups: number;
  readonly width: number;
  readonly count: number;
  /** φ with the norm weight and the rounding of operands applied [coefficients, width]. */
  readonly folded: S;
  readonly roots: S;
  readonly squares: S;
  /** m [groups, coefficients]: the open sums, for whoever sums them on, and closed. */
  readonly sums: S;
  readonly products: S;
  /** t, z and σ(z) of pre and post. */
  readonly normalised: S;
  readonly logits: S;
  readonly gates: S;
  /** pre, post, residual. */
  readonly pre: S;
  readonly post: S;
  readonly residual: S;

  readonly sinkhorn: SinkhornDialect;
  private readonly calculus: Calculus<S>;
  private readonly n: number;
  private readonly dialect: MappingsDialect;
  private readonly parameters: Parameters<S>;
  private readonly operands: S;

  constructor(calculus: Calculus<S>, parameters: Parameters<S>, { streams: n, channels }: Sizes, dialect: MappingsDialect) {
    this.calculus = calculus;
    this.parameters = parameters;
    this.n = n;
    this.dialect = dialect;
    this.sinkhorn = sinkhornOf(dialect);
    this.groups = dialect.norm === 'per-stream' ? n : 1;
    this.width = n * channels;
    this.count = n * n + 2 * n;
    this.folded = calculus.zeros(this.count * this.width);
    this.squares = calculus.zeros(this.groups);
    this.roots = calculus.zeros(this.groups);
    this.sums = calculus.zeros(this.groups * this.count);
    this.products = calculus.zeros(this.groups * this.count);
    this.normalised = calculus.zeros(this.count);
    this.logits = calculus.zeros(this.count);
    this.gates = calculus.zeros(2 * n);
    this.pre = calculus.zeros(n);
    this.post = calculus.zeros(n);
    this.residual = calculus.zeros(n * n);
    this.operands = calculus.zeros(this.width);
    this.fold();
  }

  /** The columns of each group of the norm. */
  get perGroup(): number {
    return this.width / this.groups;
  }

  /** Elementary functions of a group's sum of squares. */
  get root(): ReturnType<typeof inverseRoot> {
    return inverseRoot(this.perGroup, this.dialect.rmsEpsilon, this.dialect.rmsEpsilonPlace);
  }

  /** The coefficients of the streams [n·C] at `at`. */
  run(streams: S, at: number): void {
    const { calculus, n, count, dialect, perGroup } = this;
    for (const buffer of [this.squares, this.sums, this.normalised, this.logits, this.post]) calculus.fill(buffer, 0);
    calculus.copy(streams, at, this.operands, 0, this.width);
    const rounding = tensorFloatOf(dialect);
    if (rounding !== undefined) calculus.tensorCore(this.operands, 0, this.width, rounding);
    for (let g = 0; g < this.groups; g++) {
      const from = g * perGroup;
      for (let j = 0; j < count; j++) {
        const entry = { data: this.sums, at: g * count + j, row: 0, column: 0 };
        calculus.gram(entry, this.operands, from, 1, this.folded, j * this.width + from, 1, perGroup);
      }
      if (dialect.norm === 'none') continue;
      calculus.gram({ data: this.squares, at: g, row: 0, column: 0 }, streams, at + from, 1, streams, at + from, 1, perGroup);
    }
    calculus.copy(this.sums, 0, this.products, 0, this.groups * count);
    calculus.close(this.products, 0, this.groups * count, 3, perGroup, 2);
    calculus.store(this.products, 0, this.groups * count);
    if (dialect.norm === 'none') {
      calculus.fill(this.roots, 1);
    } else {
      calculus.close(this.squares, 0, this.groups, 1, perGroup);
      calculus.apply(this.roots, 0, this.squares, 0, this.groups, this.root);
    }
    for (let g = 0; g < this.groups; g++) calculus.scale(this.normalised, 0, this.roots, g, this.products, g * count, count);
    calculus.close(this.normalised, 0, count, this.groups + 1);
    const { scales, scalesAt, biases, biasesAt } = this.parameters;
    coefficientBlocks(n).forEach(([from, length], k) => calculus.scale(this.logits, from, scales, scalesAt + k, this.normalised, from, length));
    calculus.add(this.logits, 0, biases, biasesAt, count);
    calculus.close(this.logits, 0, count, 3);
    calculus.store(this.logits, 0, count);
    this.squash();
  }

  private squash(): void {
    const { calculus, n, dialect } = this;
    calculus.apply(this.gates, 0, this.logits, 0, 2 * n, sigmoid);
    calculus.copy(this.gates, 0, this.pre, 0, n);
    if (dialect.preEpsilon > 0) {
      calculus.shift(this.pre, 0, n, dialect.preEpsilon);
      calculus.close(this.pre, 0, n, 1);
    }
    calculus.add(this.post, 0, this.gates, n, n, dialect.postMultiplier);
    calculus.close(this.post, 0, n, 1);
    calculus.sinkhorn(this.residual, 0, this.logits, 2 * n, n, this.sinkhorn);
  }

  private fold(): void {
    const { calculus, count, width, folded, dialect } = this;
    const { projection, projectionAt, normWeight, normWeightAt } = this.parameters;
    if (dialect.normWeight && normWeight !== undefined) {
      for (let j = 0; j < count; j++) calculus.multiply(folded, j * width, projection, projectionAt + j * width, normWeight, normWeightAt, width);
      calculus.close(folded, 0, count * width, 1);
    } else {
      calculus.copy(projection, projectionAt, folded, 0, count * width);
    }
    const rounding = tensorFloatOf(dialect);
    if (rounding !== undefined) calculus.tensorCore(folded, 0, count * width, rounding);
  }
}
