/** How one hidden state becomes n streams, and what the streams' gradients become: their sum. */
import { calculusOperation } from '../calculus/operation.ts';
import type { Operation } from '../operation.ts';
import { cotangentOf, gradientOf, streams } from '../streams/ports.ts';
import { expandDialectSchema, expandPresets, type ExpandDialect } from './dialect.ts';
import { hidden } from './ports.ts';

const declared = { dims: ['tokens', 'streams', 'channels'], dialectSchema: expandDialectSchema, presets: expandPresets, defaultPreset: 'paper' } as const;

export const expand: Operation<ExpandDialect> = calculusOperation({
  ...declared,
  id: 'expand',
  summary: 'The first streams: copies of the hidden state.',
  inputs: [hidden],
  outputs: [streams],
  formula: '|x̂_i − h| = 0, and u_out·|h| where the output is coarser than what is computed in',

  evaluate(calculus, inputs, { tokens, streams: n, channels }, { copies }) {
    const out = calculus.zeros(tokens * n * channels);
    for (let t = 0; t < tokens; t++) {
      for (let i = 0; i < (copies === 'all' ? n : 1); i++) calculus.copy(inputs['hidden']!, t * channels, out, (t * n + i) * channels, channels);
    }
    return { streams: out };
  },
});

export const expandVjp: Operation<ExpandDialect> = calculusOperation({
  ...declared,
  id: 'expand-vjp',
  summary: 'The gradient of the hidden state: the sum of the gradients of its copies.',
  inputs: [cotangentOf(streams)],
  outputs: [gradientOf(hidden)],
  formula: '|ĝ − g| ≤ γ_{n−1}·Σ_i|g_i| + u_out·|ĝ| + underflow; 0 for one copy',

  evaluate(calculus, inputs, { tokens, streams: n, channels }, { copies }) {
    const out = calculus.zeros(tokens * channels);
    const used = copies === 'all' ? n : 1;
    for (let t = 0; t < tokens; t++) {
      for (let i = 0; i < used; i++) calculus.add(out, t * channels, inputs['cotangent']!, (t * n + i) * channels, channels);
    }
    calculus.close(out, 0, tokens * channels, 0, used - 1);
    return { hiddenGradient: out };
  },
});
