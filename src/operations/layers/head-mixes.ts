/**
 * The weights of the final collapse and their derivative, over any calculus. They are a sublayer's pre mapping without a sublayer: n rows of φ, one scale, no norm weight
 * (MHC.md §1.4; the text of `mappings/coefficients.ts` with one block instead of three).
 *
 *   r_g = norm of Σx²,  m_gj = Σ_k x_k·φ_jk,  t_j = Σ_g r_g·m_gj,  z_j = α·t_j + b_j,  mix_j = σ(z_j) + ε
 *   ∂z = ∂mix·σ(1 − σ),  ∂b += ∂z,  ∂α += Σ ∂z·t,  ∂m_gj = r_g·α·∂z_j,  ∂s_g = r'(s_g)·Σ_j α·∂z_j·m_gj
 *   ∂x_k = Σ_j ∂m_j·φ_jk + 2·∂s·x_k,  ∂φ_jk += ∂m_j·x_k
 */
import type { Calculus } from '../calculus/calculus.ts';
import { inverseRoot, inverseRootSlope, sigmoid } from '../calculus/elementary.ts';
import type { TensorFloat } from '../calculus/tf32.ts';
import type { Sizes } from '../operation.ts';
import type { HeadDialect } from './dialect.ts';

/** φ [n, nC], α [1], b [n], or their gradients. */
export interface HeadParameters<S> {
  readonly projection: S;
  readonly scale: S;
  readonly biases: S;
}

/** Buffers of one token's mixes. */
export class HeadMixes<S> {
  /** [n]. */
  readonly mixes: S;
  /** The cotangent of `mixes`; written by the caller before `pull`. */
  readonly cotangent: S;
  private readonly calculus: Calculus<S>;
  private readonly parameters: HeadParameters<S>;
  private readonly dialect: HeadDialect;
  private readonly n: number;
  private readonly width: number;
  private readonly groups: number;
  private readonly perGroup: number;
  /** φ and x as the projection's operands. */
  private readonly rounded: S;
  private readonly operands: S;
  private readonly squares: S;
  private readonly roots: S;
  private readonly products: S;
  /** The products as a kernel may sum them over k last, see `mappings/pullback.ts`. */
  private readonly sums: S;
  private readonly normalised: S;
  private readonly logits: S;
  private readonly gates: S;
  private readonly rows: S;
  private readonly slopes: S;

  constructor(calculus: Calculus<S>, parameters: HeadParameters<S>, { streams: n, channels }: Sizes, dialect: HeadDialect) {
    this.calculus = calculus;
    this.parameters = parameters;
    this.dialect = dialect;
    this.n = n;
    this.width = n * channels;
    this.groups = dialect.norm === 'per-stream' ? n : 1;
    this.perGroup = this.width / this.groups;
    const { width, groups } = this;
    const zeros = (length: number): S => calculus.zeros(length);
    [this.mixes, this.cotangent, this.normalised, this.logits, this.gates, this.rows, this.slopes] = [zeros(n), zeros(n), zeros(n), zeros(n), zeros(n), zeros(n), zeros(n)];
    [this.squares, this.roots, this.products, this.sums] = [zeros(groups), zeros(groups), zeros(groups * n), zeros(groups * n)];
    [this.rounded, this.operands] = [zeros(n * width), zeros(width)];
    calculus.copy(parameters.projection, 0, this.rounded, 0, n * width);
    if (this.rounding !== undefined) calculus.tensorCore(this.rounded, 0, n * width, this.rounding);
  }

  /** The mixes of the streams [n·C] at `at`. */
  run(streams: S, at: number): void {
    const { calculus, n, groups, perGroup, dialect, parameters } = this;
    for (const buffer of [this.squares, this.products, this.normalised, this.logits]) calculus.fill(buffer, 0);
    calculus.copy(streams, at, this.operands, 0, this.width);
    if (this.rounding !== undefined) calculus.tensorCore(this.operands, 0, this.width, this.rounding);
    for (let g = 0; g < groups; g++) {
      const from = g * perGroup;
      for (let j = 0; j < n; j++) calculus.gram(entry(this.products, g * n + j), this.operands, from, 1, this.rounded, j * this.width + from, 1, perGroup);
      if (dialect.norm !== 'none') calculus.gram(entry(this.squares, g), streams, at + from, 1, streams, at + from, 1, perGroup);
    }
    calculus.copy(this.products, 0, this.sums, 0, groups * n);
    calculus.close(this.sums, 0, groups * n, n + 7, perGroup, 2);
    calculus.close(this.products, 0, groups * n, 3, perGroup, 2);
    calculus.store(this.products, 0, groups * n);
    if (dialect.norm === 'none') {
      calculus.fill(this.roots, 1);
    } else {
      calculus.close(this.squares, 0, groups, 1, perGroup);
      calculus.apply(this.roots, 0, this.squares, 0, groups, inverseRoot(perGroup, dialect.rmsEpsilon, dialect.rmsEpsilonPlace));
    }
    for (let g = 0; g < groups; g++) calculus.scale(this.normalised, 0, this.roots, g, this.products, g * n, n);
    calculus.close(this.normalised, 0, n, groups + 1);
    calculus.scale(this.logits, 0, parameters.scale, 0, this.normalised, 0, n);
    calculus.add(this.logits, 0, parameters.biases, 0, n);
    calculus.close(this.logits, 0, n, 3);
    calculus.store(this.logits, 0, n);
    calculus.apply(this.gates, 0, this.logits, 0, n, sigmoid);
    calculus.copy(this.gates, 0, this.mixes, 0, n);
    if (dialect.preEpsilon > 0) {
      calculus.shift(this.mixes, 0, n, dialect.preEpsilon);
      calculus.close(this.mixes, 0, n, 1);
    }
    calculus.store(this.mixes, 0, n);
  }

  /**
   * Backwards through the last run on the streams at `at`: adds to the gradients of the parameters, which stay open, and to `streamsGradient` at
   * `gradientAt`, of which it returns how many roundings a term passes at most.
   */
  pull(streams: S, at: number, gradients: HeadParameters<S>, streamsGradient: S, gradientAt: number): number {
    const { calculus, n, groups, perGroup, dialect, parameters } = this;
    this.pullGates();
    calculus.add(gradients.biases, 0, this.logits, 0, n);
    calculus.gram(entry(gradients.scale, 0), this.logits, 0, 1, this.normalised, 0, 1, n);
    calculus.fill(this.rows, 0);
    calculus.scale(this.rows, 0, parameters.scale, 0, this.logits, 0, n);
    calculus.close(this.rows, 0, n, 1);
    const [perRow, dots] = [this.gates, this.mixes]; // of no use any more
    calculus.copy(streams, at, this.operands, 0, this.width);
    if (this.rounding !== undefined) calculus.tensorCore(this.operands, 0, this.width, 'any');
    for (let g = 0; g < groups; g++) {
      const from = g * perGroup;
      calculus.fill(perRow, 0);
      calculus.scale(perRow, 0, this.roots, g, this.rows, 0, n);
      calculus.close(perRow, 0, n, 2);
      calculus.store(perRow, 0, n);
      if (dialect.norm !== 'none') {
        calculus.fill(dots, 0);
        calculus.gram(entry(dots, 0), this.rows, 0, 1, this.sums, g * n, 1, n);
        calculus.close(dots, 0, 1, n + 1);
        calculus.fill(this.slopes, 0);
        calculus.apply(this.cotangent, 0, this.squares, g, 1, inverseRootSlope(perGroup, dialect.rmsEpsilon, dialect.rmsEpsilonPlace));
        calculus.multiply(this.slopes, 0, this.cotangent, 0, dots, 0, 1);
        calculus.close(this.slopes, 0, 1, 2);
        calculus.scale(streamsGradient, gradientAt + from, this.slopes, 0, streams, at + from, perGroup);
      }
      // tensor cores round their operands here as well
      if (this.rounding !== undefined) calculus.tensorCore(perRow, 0, n, 'any');
      for (let j = 0; j < n; j++) {
        calculus.scale(streamsGradient, gradientAt + from, perRow, j, this.rounded, j * this.width + from, perGroup);
        calculus.scale(gradients.projection, j * this.width + from, perRow, j, this.operands, from, perGroup);
      }
    }
    return n + 4;
  }

  private get rounding(): TensorFloat | undefined {
    const { projectionRounding } = this.dialect;
    return projectionRounding === 'exact' ? undefined : (projectionRounding.slice('tf32-'.length) as TensorFloat);
  }

  /** ∂z into `logits`. */
  private pullGates(): void {
    const { calculus, n } = this;
    for (const buffer of [this.rows, this.slopes, this.logits]) calculus.fill(buffer, 0);
    calculus.shift(this.rows, 0, n, 1);
    calculus.add(this.rows, 0, this.gates, 0, n, -1);
    calculus.close(this.rows, 0, n, 1);
    calculus.multiply(this.slopes, 0, this.gates, 0, this.rows, 0, n);
    calculus.close(this.slopes, 0, n, 1);
    calculus.multiply(this.logits, 0, this.cotangent, 0, this.slopes, 0, n);
    calculus.close(this.logits, 0, n, 2);
    calculus.store(this.logits, 0, n);
  }
}

/** Closes the sums over tokens. */
export function closeHead<S>(calculus: Calculus<S>, gradients: HeadParameters<S>, tokens: number, n: number, width: number): void {
  calculus.close(gradients.projection, 0, n * width, 3, tokens, 2);
  calculus.close(gradients.biases, 0, n, 0, tokens);
  calculus.close(gradients.scale, 0, 1, 2, tokens * n);
}

function entry<S>(data: S, at: number): { data: S; at: number; row: number; column: number } {
  return { data, at, row: 0, column: 0 };
}
