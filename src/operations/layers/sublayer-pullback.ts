/**
 * The derivative of one sublayer, backwards through `Sublayer.run`, whose buffers it reads; g is the cotangent of x':
 *
 *   ∂E = g·xᵀ,  ∂post = g·y,  ȳ = Σ_i post_i·g_i,  ū = F's derivative of ȳ,  ∂p_i = ⟨ū, x_i⟩
 *   x̄ = Eᵀ·g + p·ūᵀ + the derivative of the coefficients
 *
 * ∂p goes to whoever gave p: this sublayer's own pre, or that of the sublayer before. The three parts of x̄ may be added in any order and each
 * stored by itself before it is added.
 */
import type { Calculus } from '../calculus/calculus.ts';
import { CoefficientsPullback } from '../mappings/pullback.ts';
import type { Sizes } from '../operation.ts';
import { oriented, transposed } from '../streams/algebra.ts';
import type { LayerVjpDialect } from './dialect.ts';
import type { LayerParameters, Sublayer } from './sublayer.ts';

export class SublayerPullback<S> {
  readonly coefficients: CoefficientsPullback<S>;
  private readonly calculus: Calculus<S>;
  private readonly forward: Sublayer<S>;
  private readonly gradients: LayerParameters<S>;
  private readonly n: number;
  private readonly channels: number;
  private readonly dialect: LayerVjpDialect;
  private readonly outputCotangent: S;
  private readonly inputCotangent: S;
  private readonly streamsGradient: S;

  constructor(calculus: Calculus<S>, forward: Sublayer<S>, parameters: LayerParameters<S>, gradients: LayerParameters<S>, sizes: Sizes, dialect: LayerVjpDialect) {
    this.calculus = calculus;
    this.forward = forward;
    this.gradients = gradients;
    this.n = sizes.streams;
    this.channels = sizes.channels;
    this.dialect = dialect;
    this.coefficients = new CoefficientsPullback(calculus, forward.coefficients, parameters, gradients, sizes, dialect);
    [this.outputCotangent, this.inputCotangent] = [calculus.zeros(sizes.channels), calculus.zeros(sizes.channels)];
    this.streamsGradient = calculus.zeros(sizes.streams * sizes.channels);
  }

  /**
   * x̄ at `outAt` of `out` from the cotangent of the next streams at `gAt`. `pre` is what was read with; `preCotangent` receives ∂p. Where that is another
   * sublayer's, this one's own must have been written to `coefficients.preCotangent` before.
   */
  run(x: S, xAt: number, pre: S, preCotangent: S, g: S, gAt: number, out: S, outAt: number): void {
    const { calculus, forward, n, channels, coefficients, dialect } = this;
    const { post } = forward.coefficients;
    for (const buffer of [coefficients.residualCotangent, coefficients.postCotangent, preCotangent, this.outputCotangent, this.inputCotangent, this.streamsGradient]) calculus.fill(buffer, 0);

    calculus.gram(oriented(coefficients.residualCotangent, 0, n, dialect.orientation), g, gAt, n, x, xAt, n, channels);
    calculus.close(coefficients.residualCotangent, 0, n * n, 1, channels);
    calculus.store(coefficients.residualCotangent, 0, n * n);
    if (dialect.inner !== 'zero') {
      calculus.gram({ data: coefficients.postCotangent, at: 0, row: 1, column: 0 }, g, gAt, n, forward.inner.output, 0, 1, channels);
      calculus.close(coefficients.postCotangent, 0, n, 1, channels);
      calculus.store(coefficients.postCotangent, 0, n);
      calculus.mix(this.outputCotangent, 0, 1, { data: post, at: 0, row: 0, column: 1 }, n, g, gAt, channels);
      calculus.close(this.outputCotangent, 0, channels, 1, n);
      calculus.store(this.outputCotangent, 0, channels);
      forward.inner.pull(forward.input, this.outputCotangent, this.gradients.innerWeight, this.inputCotangent);
      calculus.gram({ data: preCotangent, at: 0, row: 1, column: 0 }, x, xAt, n, this.inputCotangent, 0, 1, channels);
      calculus.close(preCotangent, 0, n, 1, channels);
      calculus.store(preCotangent, 0, n);
    }

    const roundings = coefficients.run(x, xAt, this.streamsGradient, 0);
    calculus.mix(this.streamsGradient, 0, n, transposed(forward.effective), n, g, gAt, channels);
    calculus.mix(this.streamsGradient, 0, n, { data: pre, at: 0, row: 1, column: 0 }, 1, this.inputCotangent, 0, channels);
    calculus.close(this.streamsGradient, 0, n * channels, roundings + n + 3, 0, 2);
    for (let part = 0; part < 3; part++) calculus.store(this.streamsGradient, 0, n * channels);
    calculus.copy(this.streamsGradient, 0, out, outAt, n * channels);
  }
}
