/**
 * Claim: the gradients are the adjoint of the forward derivative: ⟨∂x, v⟩ = ⟨g, J·v⟩ for each token and a direction of random signs for its streams, and for the batch
 * and directions of what all tokens share (MATHS.md G4, §6.9, B6).
 *
 * J·v is evaluated forwards in f64 (tangent.ts, then p(1 − p) and dual numbers through Sinkhorn). Own rounding: with δ that of a logit, a gate's slope is off by δ
 * relatively; Sinkhorn's iterates by (4T + 2)·δ in every entry's logarithm and its 2T + 1 linear maps by twice that, on tangents of at most `beforeLast` times the largest ż.
 * Tolerance besides: the entries' bounds. A wrong entry is seen with probability at least ½ by each draw. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { responseOf } from '../gradient/response.ts';
import { startOf } from '../sinkhorn/start.ts';
import { tokenRandom } from '../tokens.ts';
import { sinkhornOf, type MappingsVjpDialect } from '../../src/operations/mappings/dialect.ts';
import { elementsOf, isShared, type Values } from '../../src/operations/operation.ts';
import { sinkhornJvp } from '../../src/operations/sinkhorn/sinkhorn-vjp.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';
import { Balance } from './balance.ts';
import { summable } from './plans.ts';
import { tangentOf } from './tangent.ts';

export const mappingsAdjoint = defineProperty<MappingsVjpDialect>({
  id: 'mappings/adjoint',
  operation: 'mappings-vjp',
  claim: 'The gradients are the adjoint of the forward derivative, in random directions.',
  class: 'exact',
  usesReference: true,
  inputs: { ...summable, maxElements: 4096 },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => (dialect.derivative === 'implicit' ? 'dual numbers differentiate the iterations, not the projection' : undefined),
  async check(context) {
    const { kernel: { operation, dialect }, sizes, inputs } = context;
    const width = sizes.streams * sizes.channels;
    const shared = operation.inputs.filter((port) => isShared(port) && (port.name !== 'normWeight' || dialect.normWeight));
    const sign = context.random;
    const along = Object.fromEntries(shared.map((port) => [port.name, Float64Array.from({ length: elementsOf(port, sizes) }, () => sign.sign())]));
    const balance = new Balance(await context.run(inputs), context.bounded(inputs), context.judge());
    const streams = new Float64Array(inputs['streams']!.length);
    let [product, error] = [0, 0];
    for (let token = 0; token < sizes.tokens; token++) {
      const random = tokenRandom(context, 'direction', token);
      for (let k = token * width; k < (token + 1) * width; k++) streams[k] = random.sign();
      const own = forwards(context, { streams }, token);
      balance.start();
      for (let k = token * width; k < (token + 1) * width; k++) balance.gradient('streamsGradient', k, streams[k]!);
      balance.term(-own.product);
      balance.allow(own.error);
      balance.finish(token, 'streamsGradient', token * width, () => '⟨∂x, v⟩ − ⟨g, J·v⟩');
      const whole = forwards(context, along, token);
      product += whole.product;
      error += whole.error;
    }
    if (sizes.tokens === 0) return balance.judge.finish();
    balance.start();
    for (const port of shared) along[port.name]!.forEach((value, index) => balance.gradient(`${port.name}Gradient`, index, value));
    balance.term(-product);
    balance.allow(error);
    balance.finish(0, 'projectionGradient', -1, () => '⟨∂φ, ∂α, ∂b, ∂w; v⟩ − ⟨g, J·v⟩', sizes.tokens);
    return balance.judge.finish();
  },
});

/** ⟨g, J·v⟩ of a token, and what f64 may have done to it. */
function forwards(context: CheckContext<MappingsVjpDialect>, along: Values, token: number): { product: number; error: number } {
  const { kernel: { dialect, arithmetic }, sizes, inputs } = context;
  const { streams: n, channels } = sizes;
  const { logits, direction, logitSizes, directionSizes } = tangentOf(inputs, along, token, sizes, dialect);
  const roundings = n * channels + 16;
  let [product, error] = [0, 0];
  for (let j = 0; j < 2 * n; j++) {
    const cotangent = j < n ? inputs['preMappingCotangent']![token * n + j]! : dialect.postMultiplier * inputs['postMappingCotangent']![token * n + j - n]!;
    const p = 1 / (1 + Math.exp(-logits[j]!));
    const slope = p / (1 + Math.exp(logits[j]!));
    product += cotangent * slope * direction[j]!;
    error += Math.abs(cotangent) * slope * directionSizes[j]! * (evaluationError(roundings, 1) + Math.expm1(evaluationError(roundings, logitSizes[j]!)));
  }
  const sinkhorn = sinkhornOf(dialect);
  const [residual, step] = [logits.slice(2 * n), direction.slice(2 * n)];
  const largest = Math.max(...directionSizes.subarray(2 * n));
  const cotangents = inputs['residualMappingCotangent']!.subarray(token * n * n, (token + 1) * n * n);
  const tangent = sinkhornJvp(residual, step, n, sinkhorn);
  tangent.forEach((value, k) => (product += value * cotangents[k]!));
  const { beforeLast } = responseOf(startOf(sinkhorn, arithmetic, residual, n), sinkhorn, residual);
  const steps = 2 * sinkhorn.iterations + 1;
  const doubt = 2 * steps * (2 * steps) * evaluationError(roundings, Math.max(...logitSizes.subarray(2 * n)) + 1) + evaluationError(steps * (n + 4) * steps, 1);
  // |Ẋ| ≤ X·|dlog X|, the last half-step at most doubles it
  if (largest > 0) error += cotangents.reduce((sum, value) => sum + Math.abs(value), 0) * 2 * largest * beforeLast * (doubt + evaluationError(roundings, 1));
  return { product, error: error + evaluationError(2 * n + n * n, Math.abs(product)) };
}
