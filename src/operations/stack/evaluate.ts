/** The formulas of a stack and of its vjp, over any algebra, token by token with buffers that are allocated once. */
import type { Sizes } from '../operation.ts';
import { oriented, transposed, type Algebra } from '../streams/algebra.ts';
import type { MixingDialect } from '../streams/dialect.ts';

/** composite = E_{D−1}···E_0 and finalStreams = E_{D−1}(…(E_0·x)), sublayer by sublayer. */
export function evaluateStack<S>(algebra: Algebra<S>, inputs: Readonly<Record<string, S>>, sizes: Sizes, dialect: MixingDialect): Record<string, S> {
  const { tokens, streams: n, channels, depth } = sizes;
  const mappings = inputs['residualMappings']!;
  const composite = algebra.zeros(tokens * n * n);
  const finalStreams = algebra.zeros(tokens * n * channels);
  const identity = algebra.zeros(n * n);
  const ones = algebra.zeros(n);
  algebra.fill(ones, 1);
  for (let i = 0; i < n; i++) algebra.copy(ones, i, identity, i * n + i, 1);
  const chain = (x: S, xAt: number, width: number, out: S, token: number, buffers: readonly [S, S]): void => {
    let [from, to] = buffers;
    algebra.copy(x, xAt, from, 0, n * width);
    for (let l = 0; l < depth; l++) {
      algebra.fill(to, 0);
      algebra.mix(to, 0, n, oriented(mappings, (token * depth + l) * n * n, n, dialect.orientation), n, from, 0, width);
      [from, to] = [to, from];
    }
    algebra.copy(from, 0, out, token * n * width, n * width);
  };
  const mappingBuffers = [algebra.zeros(n * n), algebra.zeros(n * n)] as const;
  const streamBuffers = [algebra.zeros(n * channels), algebra.zeros(n * channels)] as const;
  for (let t = 0; t < tokens; t++) {
    chain(identity, 0, n, composite, t, mappingBuffers);
    chain(inputs['streams']!, t * n * channels, channels, finalStreams, t, streamBuffers);
  }
  return { composite, finalStreams };
}

/** x_{l+1} = E_l·x_l upwards, g_l = E_lᵀ·g_{l+1} downwards, ∂E_l = g_{l+1}·x_lᵀ. */
export function evaluateStackVjp<S>(algebra: Algebra<S>, inputs: Readonly<Record<string, S>>, sizes: Sizes, dialect: MixingDialect): Record<string, S> {
  const { tokens, streams: n, channels, depth } = sizes;
  const mappings = inputs['residualMappings']!;
  const residualMappingsGradient = algebra.zeros(tokens * depth * n * n);
  const streamsGradient = algebra.zeros(tokens * n * channels);
  const perToken = n * channels;
  const states = algebra.zeros((depth + 1) * perToken);
  let upper = algebra.zeros(perToken);
  let lower = algebra.zeros(perToken);
  for (let t = 0; t < tokens; t++) {
    algebra.fill(states, 0);
    algebra.copy(inputs['streams']!, t * perToken, states, 0, perToken);
    for (let l = 0; l + 1 < depth; l++) {
      const effective = oriented(mappings, (t * depth + l) * n * n, n, dialect.orientation);
      algebra.mix(states, (l + 1) * perToken, n, effective, n, states, l * perToken, channels);
    }
    algebra.copy(inputs['cotangent']!, t * perToken, upper, 0, perToken);
    for (let l = depth - 1; l >= 0; l--) {
      const at = (t * depth + l) * n * n;
      algebra.gram(oriented(residualMappingsGradient, at, n, dialect.orientation), upper, 0, n, states, l * perToken, n, channels);
      algebra.fill(lower, 0);
      algebra.mix(lower, 0, n, transposed(oriented(mappings, at, n, dialect.orientation)), n, upper, 0, channels);
      [upper, lower] = [lower, upper];
    }
    algebra.copy(upper, 0, streamsGradient, t * perToken, perToken);
  }
  return { residualMappingsGradient, streamsGradient };
}
