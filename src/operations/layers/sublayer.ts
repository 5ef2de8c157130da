/**
 * One sublayer of one token over any calculus (paper, Eqs. 3 and 7–9), the inner function given:
 *
 *   pre, post, H from x,   u = Σ_i p_i·x_i,   y = F(u),   x' = E·x + post·y,   E = H or Hᵀ
 *
 * p is the sublayer's own pre, or another one's (`read`). What one kernel may hand to the next (coefficients, u, y, x') may be rounded to the arithmetic's storage.
 */
import type { Calculus } from '../calculus/calculus.ts';
import { Coefficients, type Parameters } from '../mappings/coefficients.ts';
import type { Sizes } from '../operation.ts';
import { oriented, type Strided } from '../streams/algebra.ts';
import type { LayerDialect } from './dialect.ts';
import { Inner } from './inner.ts';

/** All parameters of sublayers, and where each sublayer's part starts. */
export interface LayerParameters<S> extends Parameters<S> {
  readonly innerWeight: S;
  readonly innerWeightAt: number;
}

/** The parameters of sublayer l from tensors whose leading dimension is the sublayer. */
export function parametersOf<S>(all: Readonly<Record<string, S>>, sublayer: number, { streams: n, channels }: Sizes): LayerParameters<S> {
  const count = n * n + 2 * n;
  return {
    projection: all['projections']!,
    projectionAt: sublayer * count * n * channels,
    scales: all['scales']!,
    scalesAt: sublayer * 3,
    biases: all['biases']!,
    biasesAt: sublayer * count,
    normWeight: all['normWeights']!,
    normWeightAt: sublayer * n * channels,
    innerWeight: all['innerWeights']!,
    innerWeightAt: sublayer * channels,
  };
}

/** A sublayer's buffers; `run` overwrites them with those of a token. */
export class Sublayer<S> {
  readonly coefficients: Coefficients<S>;
  readonly inner: Inner<S>;
  /** u [C]. */
  readonly input: S;
  private readonly next: S;
  private readonly calculus: Calculus<S>;
  private readonly n: number;
  private readonly channels: number;
  private readonly dialect: LayerDialect;

  constructor(calculus: Calculus<S>, parameters: LayerParameters<S>, sizes: Sizes, dialect: LayerDialect) {
    this.calculus = calculus;
    this.n = sizes.streams;
    this.channels = sizes.channels;
    this.dialect = dialect;
    this.coefficients = new Coefficients(calculus, parameters, sizes, dialect);
    this.inner = new Inner(calculus, sizes.channels, parameters.innerWeight, parameters.innerWeightAt, dialect);
    this.input = calculus.zeros(sizes.channels);
    this.next = calculus.zeros(sizes.streams * sizes.channels);
  }

  /** E of the last run. */
  get effective(): Strided<S> {
    return oriented(this.coefficients.residual, 0, this.n, this.dialect.orientation);
  }

  /** From the streams [n·C] at `xAt` to the next ones at `nextAt`, reading with the n numbers of `pre`. */
  run(x: S, xAt: number, pre: S, next: S, nextAt: number): void {
    const { calculus, coefficients, n, channels } = this;
    coefficients.run(x, xAt);
    calculus.store(coefficients.pre, 0, n);
    calculus.store(coefficients.post, 0, n);
    calculus.store(coefficients.residual, 0, n * n);
    calculus.fill(this.input, 0);
    collapse(calculus, this.input, 0, pre, x, xAt, n, channels);
    this.inner.run(this.input);
    calculus.fill(this.next, 0);
    calculus.mix(this.next, 0, n, this.effective, n, x, xAt, channels);
    if (this.dialect.inner !== 'zero') calculus.mix(this.next, 0, n, { data: coefficients.post, at: 0, row: 1, column: 0 }, 1, this.inner.output, 0, channels);
    calculus.close(this.next, 0, n * channels, 1, n + 1, 1);
    calculus.store(this.next, 0, n * channels);
    calculus.copy(this.next, 0, next, nextAt, n * channels);
  }
}

/** out += Σ_i p_i·x_i, closed. */
export function collapse<S>(calculus: Calculus<S>, out: S, outAt: number, pre: S, x: S, xAt: number, n: number, channels: number): void {
  calculus.mix(out, outAt, 1, { data: pre, at: 0, row: 0, column: 1 }, n, x, xAt, channels);
  calculus.close(out, outAt, channels, 1, n);
  calculus.store(out, outAt, channels);
}
