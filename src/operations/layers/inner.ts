/**
 * The inner function of a sublayer and its derivative, from primitives of the calculus, with σ = σ(u), r = 1/√(Σu²/C + ε), q = w∘ȳ:
 *
 *   silu       y = w∘u∘σ        ū = q∘(σ + u∘σ∘(1 − σ))
 *   rms-norm   y = w∘u·r        ū = r·q + r'·⟨q, u⟩·u,  r' the slope of the factor in Σu², times 2
 *   scale      y = w∘u          ū = q
 *   weights    w̄ += ȳ∘(y before the weight), a sum over tokens that is left open
 */
import type { Calculus } from '../calculus/calculus.ts';
import { inverseRoot, inverseRootSlope, sigmoid } from '../calculus/elementary.ts';
import type { LayerDialect } from './dialect.ts';

/** Buffers of one sublayer's inner function for one token. */
export class Inner<S> {
  /** y [C]. */
  readonly output: S;
  private readonly calculus: Calculus<S>;
  private readonly channels: number;
  private readonly dialect: LayerDialect;
  private readonly weights: S;
  private readonly weightsAt: number;
  /** y before the weight. */
  private readonly bare: S;
  private readonly gates: S;
  private readonly square: S;
  private readonly root: S;
  private readonly weighted: S;
  private readonly slopes: S;
  private readonly scratch: S;

  constructor(calculus: Calculus<S>, channels: number, weights: S, weightsAt: number, dialect: LayerDialect) {
    this.calculus = calculus;
    this.channels = channels;
    this.dialect = dialect;
    this.weights = weights;
    this.weightsAt = weightsAt;
    const zeros = (length: number): S => calculus.zeros(length);
    [this.output, this.bare, this.gates, this.weighted, this.slopes, this.scratch] = [zeros(channels), zeros(channels), zeros(channels), zeros(channels), zeros(channels), zeros(channels)];
    [this.square, this.root] = [zeros(1), zeros(1)];
  }

  /** The output for a layer input u [C]. */
  run(u: S): void {
    const { calculus, channels, dialect } = this;
    for (const buffer of [this.output, this.bare, this.square]) calculus.fill(buffer, 0);
    if (dialect.inner === 'zero') return;
    if (dialect.inner === 'silu') {
      calculus.apply(this.gates, 0, u, 0, channels, sigmoid);
      calculus.multiply(this.bare, 0, u, 0, this.gates, 0, channels);
      calculus.close(this.bare, 0, channels, 1);
    } else if (dialect.inner === 'rms-norm') {
      calculus.gram(entry(this.square), u, 0, 1, u, 0, 1, channels);
      calculus.close(this.square, 0, 1, 1, channels);
      calculus.apply(this.root, 0, this.square, 0, 1, inverseRoot(channels, dialect.innerEpsilon, 'inside'));
      calculus.scale(this.bare, 0, this.root, 0, u, 0, channels);
      calculus.close(this.bare, 0, channels, 1);
    } else {
      calculus.copy(u, 0, this.bare, 0, channels);
    }
    if (dialect.inner === 'identity') {
      calculus.copy(u, 0, this.output, 0, channels);
      return;
    }
    calculus.multiply(this.output, 0, this.weights, this.weightsAt, this.bare, 0, channels);
    calculus.close(this.output, 0, channels, 1);
    calculus.store(this.output, 0, channels);
  }

  /** ū [C] into `out` for the cotangent ȳ [C] of the last run's output; adds w̄ to `weightsGradient` at the sublayer's place. */
  pull(u: S, cotangent: S, weightsGradient: S, out: S): void {
    const { calculus, channels, dialect } = this;
    calculus.fill(out, 0);
    if (dialect.inner === 'zero') return;
    if (dialect.inner === 'identity') {
      calculus.copy(cotangent, 0, out, 0, channels);
      return;
    }
    calculus.multiply(weightsGradient, this.weightsAt, cotangent, 0, this.bare, 0, channels);
    calculus.fill(this.weighted, 0);
    calculus.multiply(this.weighted, 0, this.weights, this.weightsAt, cotangent, 0, channels);
    calculus.close(this.weighted, 0, channels, 1);
    if (dialect.inner === 'scale') calculus.copy(this.weighted, 0, out, 0, channels);
    else if (dialect.inner === 'silu') this.pullSilu(out);
    else this.pullNorm(u, out);
    calculus.store(out, 0, channels);
  }

  private pullSilu(out: S): void {
    const { calculus, channels } = this;
    for (const buffer of [this.scratch, this.slopes]) calculus.fill(buffer, 0);
    calculus.shift(this.scratch, 0, channels, 1);
    calculus.add(this.scratch, 0, this.gates, 0, channels, -1);
    calculus.close(this.scratch, 0, channels, 1);
    calculus.add(this.slopes, 0, this.gates, 0, channels);
    calculus.multiply(this.slopes, 0, this.bare, 0, this.scratch, 0, channels);
    calculus.close(this.slopes, 0, channels, 4); // the weight or the cotangent may be multiplied in before the sum
    calculus.multiply(out, 0, this.weighted, 0, this.slopes, 0, channels);
    calculus.close(out, 0, channels, 2);
  }

  private pullNorm(u: S, out: S): void {
    const { calculus, channels, dialect } = this;
    for (const buffer of [this.slopes, this.scratch]) calculus.fill(buffer, 0);
    calculus.gram(entry(this.slopes), this.weighted, 0, 1, u, 0, 1, channels);
    calculus.close(this.slopes, 0, 1, 3, channels); // u may be normalised first
    const factor = this.gates;
    calculus.apply(factor, 0, this.square, 0, 1, inverseRootSlope(channels, dialect.innerEpsilon, 'inside'));
    calculus.multiply(this.scratch, 0, factor, 0, this.slopes, 0, 1);
    calculus.close(this.scratch, 0, 1, 2);
    calculus.scale(out, 0, this.root, 0, this.weighted, 0, channels);
    calculus.scale(out, 0, this.scratch, 0, u, 0, channels);
    calculus.close(out, 0, channels, 4);
  }
}

function entry<S>(data: S): { data: S; at: number; row: number; column: number } {
  return { data, at: 0, row: 0, column: 0 };
}
