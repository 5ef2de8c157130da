/** The inner function of a sublayer and its derivative, for all tokens of a call. */
import type { LayerDialect } from '../../operations/layers/dialect.ts';
import type { Round } from './kernel.ts';
import { sigmoid } from './mappings.ts';

/** y [B,C] for layer inputs u [B,C] and the weight w [C]. */
export function innerFunction(u: Float64Array, w: Float64Array, dialect: LayerDialect, round: Round): Float64Array {
  const bare = beforeWeight(u, w.length, dialect, round);
  return dialect.inner === 'identity' || dialect.inner === 'zero' ? bare : bare.map((value, at) => round(w[at % w.length]! * value));
}

/** ū [B,C] and w̄ [C], the latter summed over the tokens, for cotangents g [B,C]. */
export function innerGradient(u: Float64Array, w: Float64Array, g: Float64Array, dialect: LayerDialect, round: Round): { input: Float64Array; weight: Float64Array } {
  const channels = w.length;
  const weight = new Float64Array(channels);
  if (dialect.inner === 'zero') return { input: new Float64Array(u.length), weight };
  if (dialect.inner === 'identity') return { input: g.slice(), weight };
  const bare = beforeWeight(u, channels, dialect, round);
  g.forEach((value, at) => (weight[at % channels] = round(weight[at % channels]! + round(value * bare[at]!))));
  const q = g.map((value, at) => round(w[at % channels]! * value));
  if (dialect.inner === 'scale') return { input: q, weight };
  if (dialect.inner === 'silu') return { input: q.map((value, at) => round(value * siluSlope(u[at]!, round))), weight };
  const input = new Float64Array(u.length);
  for (let from = 0; from < u.length; from += channels) {
    const root = inverseNorm(u, from, channels, dialect, round);
    let dot = 0;
    for (let c = from; c < from + channels; c++) dot = round(dot + round(q[c]! * u[c]!));
    const radial = round(-round(round(root * root) * root) / channels);
    for (let c = from; c < from + channels; c++) input[c] = round(round(root * q[c]!) + round(round(radial * dot) * u[c]!));
  }
  return { input, weight };
}

function beforeWeight(u: Float64Array, channels: number, dialect: LayerDialect, round: Round): Float64Array {
  if (dialect.inner === 'zero') return new Float64Array(u.length);
  if (dialect.inner === 'silu') return u.map((value) => round(value * sigmoid(value, round)));
  if (dialect.inner !== 'rms-norm') return u.slice();
  const result = new Float64Array(u.length);
  for (let from = 0; from < u.length; from += channels) {
    const root = inverseNorm(u, from, channels, dialect, round);
    for (let c = from; c < from + channels; c++) result[c] = round(root * u[c]!);
  }
  return result;
}

function inverseNorm(u: Float64Array, from: number, channels: number, { innerEpsilon }: LayerDialect, round: Round): number {
  let squares = 0;
  for (let c = from; c < from + channels; c++) squares = round(squares + round(u[c]! * u[c]!));
  return round(1 / round(Math.sqrt(round(round(squares / channels) + innerEpsilon))));
}

/** σ + u·σ·(1 − σ). */
function siluSlope(u: number, round: Round): number {
  const gate = sigmoid(u, round);
  return round(gate + round(round(u * gate) * round(1 - gate)));
}
