/**
 * Sublayers one after another for one token, and the derivative from the last to the first. `read` says whose pre collapses a sublayer's input: its own (paper, Eq. 3), or
 * the previous sublayer's, the first one reading stream 0 alone (single-pass mHC).
 */
import type { Calculus } from '../calculus/calculus.ts';
import type { Sizes } from '../operation.ts';
import type { LayerDialect, LayerVjpDialect } from './dialect.ts';
import { parametersOf, Sublayer } from './sublayer.ts';
import { SublayerPullback } from './sublayer-pullback.ts';

export type Read = 'own' | 'previous';

/** Parameters of all sublayers by port name: projections, scales, biases, normWeights, innerWeights. */
export type StackedParameters<S> = Readonly<Record<string, S>>;

export class Chain<S> {
  readonly sublayers: readonly Sublayer<S>[];
  /** x_0 … x_D [(D + 1)·n·C] of the last run. */
  readonly states: S;
  readonly read: Read;
  private readonly calculus: Calculus<S>;
  private readonly perToken: number;
  private readonly streamZero: S;

  constructor(calculus: Calculus<S>, parameters: StackedParameters<S>, sizes: Sizes, dialect: LayerDialect, read: Read) {
    this.calculus = calculus;
    this.read = read;
    this.perToken = sizes.streams * sizes.channels;
    this.sublayers = Array.from({ length: sizes.depth }, (_, l) => new Sublayer(calculus, parametersOf(parameters, l, sizes), sizes, dialect));
    this.states = calculus.zeros((sizes.depth + 1) * this.perToken);
    const one = calculus.zeros(1);
    calculus.fill(one, 1);
    this.streamZero = calculus.zeros(sizes.streams);
    calculus.copy(one, 0, this.streamZero, 0, 1);
  }

  /** What sublayer l reads with; for l = D, what a final collapse does in single-pass chains. */
  preOf(sublayer: number): S {
    if (this.read === 'own') return this.sublayers[sublayer]!.coefficients.pre;
    return sublayer === 0 ? this.streamZero : this.sublayers[sublayer - 1]!.coefficients.pre;
  }

  /** The streams [n·C] at `at` through all sublayers. */
  run(streams: S, at: number): void {
    const { perToken } = this;
    this.calculus.copy(streams, at, this.states, 0, perToken);
    this.sublayers.forEach((sublayer, l) => sublayer.run(this.states, l * perToken, this.preOf(l), this.states, (l + 1) * perToken));
  }

  /** Copies x_D. */
  final(out: S, at: number): void {
    this.calculus.copy(this.states, this.sublayers.length * this.perToken, out, at, this.perToken);
  }
}

export class ChainPullback<S> {
  /** The cotangent of x_D [n·C], written by the caller before `run`; x̄ of the first streams after it. */
  readonly cotangent: S;
  /** Sums over tokens, by port name. */
  readonly gradients: StackedParameters<S>;
  private readonly calculus: Calculus<S>;
  private readonly chain: Chain<S>;
  private readonly sizes: Sizes;
  private readonly sublayers: readonly SublayerPullback<S>[];
  private readonly nobody: S;

  constructor(calculus: Calculus<S>, chain: Chain<S>, parameters: StackedParameters<S>, sizes: Sizes, dialect: LayerVjpDialect) {
    const { streams: n, channels, depth } = sizes;
    const count = n * n + 2 * n;
    this.calculus = calculus;
    this.chain = chain;
    this.sizes = sizes;
    this.cotangent = calculus.zeros(n * channels);
    this.nobody = calculus.zeros(n);
    this.gradients = {
      projections: calculus.zeros(depth * count * n * channels),
      scales: calculus.zeros(depth * 3),
      biases: calculus.zeros(depth * count),
      normWeights: calculus.zeros(depth * n * channels),
      innerWeights: calculus.zeros(depth * channels),
    };
    this.sublayers = chain.sublayers.map((forward, l) => new SublayerPullback(calculus, forward, parametersOf(parameters, l, sizes), parametersOf(this.gradients, l, sizes), sizes, dialect));
  }

  /** Where the cotangent of what sublayer l read with goes. */
  preCotangentOf(sublayer: number): S {
    if (this.chain.read === 'own') return this.sublayers[sublayer]!.coefficients.preCotangent;
    return sublayer === 0 ? this.nobody : this.sublayers[sublayer - 1]!.coefficients.preCotangent;
  }

  /** Backwards through the chain's last run. */
  run(): void {
    const { chain, cotangent, sublayers } = this;
    const perToken = this.sizes.streams * this.sizes.channels;
    for (let l = sublayers.length - 1; l >= 0; l--) {
      sublayers[l]!.run(chain.states, l * perToken, chain.preOf(l), this.preCotangentOf(l), cotangent, 0, cotangent, 0);
    }
  }

  /** Ends the sums over tokens. */
  close(): void {
    const { tokens, channels, depth } = this.sizes;
    for (const sublayer of this.sublayers) sublayer.coefficients.finish(tokens);
    this.calculus.close(this.gradients['innerWeights']!, 0, depth * channels, 3, tokens, 2);
  }
}
