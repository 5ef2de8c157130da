/** Chains over all tokens, under the names that an operation gives its parameters. */
import type { Calculus } from '../calculus/calculus.ts';
import type { Sizes } from '../operation.ts';
import { Chain, ChainPullback, type Read, type StackedParameters } from './chain.ts';
import type { LayerDialect, LayerVjpDialect } from './dialect.ts';
import { collapse } from './sublayer.ts';

/** From a chain's names to an operation's. */
export type NamedParameters = Readonly<Record<'projections' | 'scales' | 'biases' | 'normWeights' | 'innerWeights', string>>;

export const stackNames: NamedParameters = { projections: 'projections', scales: 'scales', biases: 'biases', normWeights: 'normWeights', innerWeights: 'innerWeights' };

type Inputs<S> = Readonly<Record<string, S>>;

/** The final streams and, for a chain that reads with the previous pre, their collapse. */
export function evaluateChain<S>(
  calculus: Calculus<S>,
  inputs: Inputs<S>,
  names: NamedParameters,
  sizes: Sizes,
  dialect: LayerDialect,
  read: Read,
): { finalStreams: S; collapsed: S } {
  const { tokens, streams: n, channels, depth } = sizes;
  const perToken = n * channels;
  const chain = new Chain(calculus, named(inputs, names), sizes, dialect, read);
  const finalStreams = calculus.zeros(tokens * perToken);
  const collapsed = calculus.zeros(read === 'previous' ? tokens * channels : 0);
  for (let t = 0; t < tokens; t++) {
    chain.run(inputs['streams']!, t * perToken);
    chain.final(finalStreams, t * perToken);
    if (read === 'previous') collapse(calculus, collapsed, t * channels, chain.preOf(depth), chain.states, depth * perToken, n, channels);
  }
  return { finalStreams, collapsed };
}

/** Gradients under the operation's names; `cotangents` names the inputs that hold those of the outputs. */
export function evaluateChainVjp<S>(
  calculus: Calculus<S>,
  inputs: Inputs<S>,
  names: NamedParameters,
  cotangents: { readonly final: string; readonly collapsed: string | undefined },
  sizes: Sizes,
  dialect: LayerVjpDialect,
  read: Read,
): Record<string, S> {
  const { tokens, streams: n, channels, depth } = sizes;
  const perToken = n * channels;
  const parameters = named(inputs, names);
  const chain = new Chain(calculus, parameters, sizes, dialect, read);
  const pullback = new ChainPullback(calculus, chain, parameters, sizes, dialect);
  const streamsGradient = calculus.zeros(tokens * perToken);
  for (let t = 0; t < tokens; t++) {
    chain.run(inputs['streams']!, t * perToken);
    calculus.copy(inputs[cotangents.final]!, t * perToken, pullback.cotangent, 0, perToken);
    if (cotangents.collapsed !== undefined) {
      const g = inputs[cotangents.collapsed]!;
      const pre = { data: pullback.preCotangentOf(depth), at: 0, row: 1, column: 0 };
      calculus.fill(pre.data, 0);
      calculus.gram(pre, chain.states, depth * perToken, n, g, t * channels, 1, channels);
      calculus.close(pre.data, 0, n, 1, channels);
      calculus.store(pre.data, 0, n);
      calculus.mix(pullback.cotangent, 0, n, { data: chain.preOf(depth), at: 0, row: 1, column: 0 }, 1, g, t * channels, channels);
      calculus.close(pullback.cotangent, 0, perToken, 2, 0, 1);
      calculus.store(pullback.cotangent, 0, perToken);
    }
    pullback.run();
    calculus.copy(pullback.cotangent, 0, streamsGradient, t * perToken, perToken);
  }
  pullback.close();
  const gradients = Object.entries(names).map(([own, name]) => [`${name}Gradient`, pullback.gradients[own]!] as const);
  return { streamsGradient, ...Object.fromEntries(gradients) };
}

function named<S>(inputs: Inputs<S>, names: NamedParameters): StackedParameters<S> {
  return Object.fromEntries(Object.entries(names).map(([own, name]) => [own, inputs[name]!]));
}
