/**
 * The derivative of one token's coefficients, backwards through `Coefficients.run`, whose buffers it reads:
 *
 *   ∂z = ∂pre·p(1 − p), multiplier·∂post·p(1 − p), Sinkhorn's vjp of ∂residual
 *   ∂b += ∂z,  ∂α += Σ ∂z·t,  ∂t = α·∂z,  ∂m_g = r_g·∂t,  ∂r_g = Σ_j ∂t_j·m_gj,  ∂s_g = r'(s_g)·∂r_g
 *   ∂x_k += Σ_j ∂m_j·w_k·φ_jk + 2·∂s·x_k,  ∂φ_jk += ∂m_j·x_k·w_k,  ∂w_k += x_k·Σ_j ∂m_j·φ_jk
 *
 * ∂b, ∂α, ∂φ and ∂w are sums over tokens, left open until `finish`. Roundings of operands to TF32 have derivative 1.
 *
 * A kernel may sum in another order than this, over k before j (the backward of a norm that comes first: Σ_k x̂_k·Σ_j ∂t_j·φ_jk for ∂r), over tokens before j or
 * after (∂w from ∂(w·φ), or from each token's ∂x̂). Each term then meets the additions of both sums before anything cancelled. So both are counted on the terms of the
 * inner sum, where they are as large as they get: on x_k·w_k·φ_jk for ∂r, on ∂m_j·x_k summed over tokens (G below) for ∂w = Σ_j φ_jk·G_jk and ∂φ = G·w.
 */
import type { Sizes } from '../operation.ts';
import type { SinkhornVjpDialect } from '../sinkhorn/dialect.ts';
import type { Calculus } from '../calculus/calculus.ts';
import { inverseRootSlope } from '../calculus/elementary.ts';
import { coefficientBlocks, tensorFloatOf, type Coefficients, type Parameters } from './coefficients.ts';
import type { MappingsVjpDialect } from './dialect.ts';

/** Gradients of the parameters, with the offsets of a sublayer's part. */
export type ParameterGradients<S> = Parameters<S>;

export class CoefficientsPullback<S> {
  /** Cotangents of one token's mappings; written by the caller before `run`. */
  readonly preCotangent: S;
  readonly postCotangent: S;
  readonly residualCotangent: S;

  private readonly calculus: Calculus<S>;
  private readonly n: number;
  private readonly dialect: MappingsVjpDialect;
  private readonly sinkhornVjp: SinkhornVjpDialect;
  private readonly forward: Coefficients<S>;
  private readonly parameters: Parameters<S>;
  private readonly gradients: ParameterGradients<S>;
  private readonly slopes: S;
  private readonly complement: S;
  private readonly gateGradient: S;
  private readonly logits: S;
  private readonly normalised: S;
  private readonly products: S;
  private readonly roots: S;
  private readonly rootSlopes: S;
  private readonly squares: S;
  private readonly sums: S;
  private readonly operands: S;
  /** G [coefficients, width]; the gradient of the projection itself where there is no weight. */
  private readonly unweighted: S;
  private readonly unweightedAt: number;
  private readonly width: number;

  constructor(calculus: Calculus<S>, forward: Coefficients<S>, parameters: Parameters<S>, gradients: ParameterGradients<S>, { streams: n, channels }: Sizes, dialect: MappingsVjpDialect) {
    this.calculus = calculus;
    this.forward = forward;
    this.parameters = parameters;
    this.gradients = gradients;
    this.n = n;
    this.dialect = dialect;
    this.sinkhornVjp = { ...forward.sinkhorn, derivative: dialect.derivative };
    this.width = n * channels;
    const { count, groups } = forward;
    const zeros = (length: number): S => calculus.zeros(length);
    [this.preCotangent, this.postCotangent, this.residualCotangent] = [zeros(n), zeros(n), zeros(n * n)];
    [this.slopes, this.complement, this.gateGradient] = [zeros(2 * n), zeros(2 * n), zeros(2 * n)];
    [this.logits, this.normalised, this.products] = [zeros(count), zeros(count), zeros(groups * count)];
    [this.roots, this.rootSlopes, this.squares] = [zeros(groups), zeros(groups), zeros(groups)];
    [this.sums, this.operands] = [zeros(groups * count), zeros(this.width)];
    this.unweighted = dialect.normWeight ? zeros(count * this.width) : gradients.projection;
    this.unweightedAt = dialect.normWeight ? 0 : gradients.projectionAt;
  }

  /** Adds the token's gradients; `streamsGradient` at `at` receives ∂x on top of what it holds, left open with at most `roundings` per term (returned). */
  run(x: S, xAt: number, streamsGradient: S, at: number): number {
    const { calculus, n, forward, gradients, width } = this;
    const { count, groups, perGroup } = forward;
    this.gates();
    calculus.sinkhornVjp(this.logits, 2 * n, forward.logits, 2 * n, this.residualCotangent, 0, n, this.sinkhornVjp);
    calculus.store(this.logits, 0, count);
    calculus.add(gradients.biases, gradients.biasesAt, this.logits, 0, count);
    this.scales();
    for (const buffer of [this.products, this.roots, this.squares]) calculus.fill(buffer, 0);
    calculus.copy(forward.sums, 0, this.sums, 0, groups * count);
    calculus.close(this.sums, 0, groups * count, count + 7, perGroup, 2);
    for (let g = 0; g < groups; g++) {
      calculus.scale(this.products, g * count, forward.roots, g, this.normalised, 0, count);
      calculus.gram({ data: this.roots, at: g, row: 0, column: 0 }, this.normalised, 0, 1, this.sums, g * count, 1, count);
    }
    calculus.close(this.products, 0, groups * count, 2);
    calculus.store(this.products, 0, groups * count);
    calculus.close(this.roots, 0, groups, count + 1);
    this.accumulate(x, xAt);
    for (let g = 0; g < groups; g++) {
      const row = { data: this.products, at: g * count, row: 0, column: 1 };
      const from = g * perGroup;
      for (let j = 0; j < count; j++) calculus.mix(streamsGradient, at + from, 1, { ...row, at: row.at + j }, 1, forward.folded, j * width + from, perGroup);
    }
    if (this.dialect.norm === 'none') return count + 3;
    calculus.apply(this.rootSlopes, 0, forward.squares, 0, groups, inverseRootSlope(perGroup, this.dialect.rmsEpsilon, this.dialect.rmsEpsilonPlace));
    calculus.multiply(this.squares, 0, this.rootSlopes, 0, this.roots, 0, groups);
    calculus.close(this.squares, 0, groups, 2);
    for (let g = 0; g < groups; g++) calculus.scale(streamsGradient, at + g * perGroup, this.squares, g, x, xAt + g * perGroup, perGroup);
    return count + 4;
  }

  /** ∂z of pre and post, from p(1 − p). */
  private gates(): void {
    const { calculus, n, forward, dialect } = this;
    for (const buffer of [this.slopes, this.complement, this.gateGradient, this.logits]) calculus.fill(buffer, 0);
    calculus.shift(this.complement, 0, 2 * n, 1);
    calculus.add(this.complement, 0, forward.gates, 0, 2 * n, -1);
    calculus.close(this.complement, 0, 2 * n, 1);
    calculus.multiply(this.slopes, 0, forward.gates, 0, this.complement, 0, 2 * n);
    calculus.close(this.slopes, 0, 2 * n, 1);
    calculus.add(this.gateGradient, 0, this.preCotangent, 0, n);
    calculus.add(this.gateGradient, n, this.postCotangent, 0, n, dialect.postMultiplier);
    calculus.close(this.gateGradient, 0, 2 * n, 1);
    calculus.multiply(this.logits, 0, this.gateGradient, 0, this.slopes, 0, 2 * n);
    calculus.close(this.logits, 0, 2 * n, 2);
  }

  /** ∂α += Σ ∂z·t and ∂t = α·∂z. */
  private scales(): void {
    const { calculus, n, forward, gradients, parameters } = this;
    calculus.fill(this.normalised, 0);
    coefficientBlocks(n).forEach(([from, length], k) => {
      const entry = { data: gradients.scales, at: gradients.scalesAt + k, row: 0, column: 0 };
      calculus.gram(entry, this.logits, from, 1, forward.normalised, from, 1, length);
      calculus.scale(this.normalised, from, parameters.scales, parameters.scalesAt + k, this.logits, from, length);
    });
    calculus.close(this.normalised, 0, forward.count, 1);
  }

  /** G. Tensor cores round their operands here as well. */
  private accumulate(x: S, xAt: number): void {
    const { calculus, dialect, width, operands } = this;
    const { count, groups, perGroup } = this.forward;
    calculus.copy(x, xAt, operands, 0, width);
    if (tensorFloatOf(dialect) !== undefined) {
      calculus.tensorCore(this.products, 0, groups * count, 'any');
      calculus.tensorCore(operands, 0, width, 'any');
    }
    for (let g = 0; g < groups; g++) {
      const from = g * perGroup;
      for (let j = 0; j < count; j++) calculus.scale(this.unweighted, this.unweightedAt + j * width + from, this.products, g * count + j, operands, from, perGroup);
    }
  }

  /** Closes the sums over tokens, in any order with those over coefficients that they may be one loop with. */
  finish(tokens: number): void {
    const { calculus, n, dialect, gradients, width } = this;
    const { count } = this.forward;
    calculus.close(gradients.biases, gradients.biasesAt, count, 0, tokens);
    coefficientBlocks(n).forEach(([, length], k) => calculus.close(gradients.scales, gradients.scalesAt + k, 1, 2, tokens * length));
    if (dialect.normWeight && gradients.normWeight !== undefined) this.finishWeighted(tokens, gradients.normWeight);
    else calculus.close(this.unweighted, this.unweightedAt, count * width, 3, tokens, 2);
  }

  private finishWeighted(tokens: number, normWeightGradient: S): void {
    const { calculus, dialect, gradients, parameters, width, unweighted } = this;
    const { count } = this.forward;
    const spread = calculus.zeros(width);
    const projection = calculus.zeros(width);
    for (let j = 0; j < count; j++) {
      const row = j * width;
      calculus.copy(unweighted, row, spread, 0, width);
      calculus.close(spread, 0, width, 3, tokens * count, 2);
      calculus.copy(parameters.projection, parameters.projectionAt + row, projection, 0, width);
      if (tensorFloatOf(dialect) !== undefined) calculus.tensorCore(projection, 0, width, 'any');
      calculus.multiply(normWeightGradient, gradients.normWeightAt, spread, 0, projection, 0, width);
      calculus.close(unweighted, row, width, 3, tokens, 2);
      calculus.multiply(gradients.projection, gradients.projectionAt + row, unweighted, row, parameters.normWeight!, parameters.normWeightAt, width);
    }
    calculus.close(gradients.projection, gradients.projectionAt, count * width, 1);
    calculus.close(normWeightGradient, gradients.normWeightAt, width, count + 1);
  }
}
