/**
 * Claims about a batch of one token, where ∂b is ∂z itself and the rest of the chain is linear in it:
 *
 *   ∂φ_jk = α·r·∂b_j·w_k·x_k           the gradient of the projection is an outer product
 *   Σ_k x_k·∂x_k = Σ_m λ·α_m·∂α_m      over the flattened streams, λ = ε·r² (inside the root) or ε·r (outside): x → c·x moves t by its response to ε only (B7)
 *
 * Proof: chain rule; c·d/dc of c·r(c·x) at c = 1 is r·(1 − r²·mean) = r·(ε·r²), and r·(1 − r·√mean) = r·(ε·r). Without a norm λ = 1. The second needs one norm for all columns.
 * r comes from the inputs, in f64. Where the forward rounds x to TF32 and ∂x·x does not, they differ by 2⁻¹¹ of each |α·∂b_j·r·x_k·w_k·φ_jk|. Class: exact.
 */
import { coefficientBlocks } from '../../src/operations/mappings/coefficients.ts';
import type { MappingsVjpDialect } from '../../src/operations/mappings/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { Balance } from './balance.ts';
import { factorOf } from './norm.ts';
import { summable } from './plans.ts';

const oneToken = { ...summable, tokenCounts: [1] };

export const projectionOuterProduct = defineProperty<MappingsVjpDialect>({
  id: 'mappings/projection-outer-product',
  operation: 'mappings-vjp',
  claim: 'For one token the gradient of the projection is the outer product of the bias gradient and the normalised streams.',
  class: 'exact',
  usesReference: false,
  inputs: oneToken,
  power: ['lower-precision'],
  async check(context) {
    const { kernel: { dialect }, sizes, inputs } = context;
    const { tokens, streams: n, channels } = sizes;
    const width = n * channels;
    const balance = new Balance(context, await context.run(inputs));
    if (tokens !== 1) return balance.judge.finish();
    coefficientBlocks(n).forEach(([from, count], k) => {
      for (let j = from; j < from + count; j++) {
        for (let column = 0; column < width; column++) {
          const factor = factorOf(inputs['streams']!, 0, column, sizes, dialect);
          if (!(factor < 2 ** 60)) continue;
          balance.start();
          balance.gradient('projectionGradient', j * width + column, 1);
          const weight = dialect.normWeight ? inputs['normWeight']![column]! : 1;
          balance.gradient('biasesGradient', j, -inputs['scales']![k]! * factor * weight * inputs['streams']![column]!);
          balance.finish(0, 'projectionGradient', j * width + column, () => '∂φ − α·r·w·x·∂b', width + 8);
        }
      }
    });
    return balance.judge.finish();
  },
});

export const radialGradient = defineProperty<MappingsVjpDialect>({
  id: 'mappings/radial-gradient',
  operation: 'mappings-vjp',
  claim: 'The gradient of the streams is orthogonal to the streams, up to the response to the epsilon of the norm.',
  class: 'exact',
  usesReference: false,
  inputs: oneToken,
  power: [],
  notApplicable: ({ dialect }) => (dialect.norm === 'per-stream' ? 'each stream has a norm of its own' : undefined),
  async check(context) {
    const { kernel: { dialect }, sizes, inputs } = context;
    const width = sizes.streams * sizes.channels;
    const balance = new Balance(context, await context.run(inputs));
    if (sizes.tokens !== 1) return balance.judge.finish();
    const r = factorOf(inputs['streams']!, 0, 0, sizes, dialect);
    const response = dialect.norm === 'none' ? 1 : dialect.rmsEpsilon * (dialect.rmsEpsilonPlace === 'inside' ? r * r : r);
    if (!(r < 2 ** 60)) return balance.judge.finish();
    balance.start();
    for (let column = 0; column < width; column++) balance.gradient('streamsGradient', column, inputs['streams']![column]!);
    for (let m = 0; m < 3; m++) balance.gradient('scalesGradient', m, -response * inputs['scales']![m]!);
    if (dialect.projectionRounding !== 'exact') {
      coefficientBlocks(sizes.streams).forEach(([from, count], m) => {
        for (let j = from; j < from + count; j++) {
          const size = Math.abs(inputs['scales']![m]!) * r * balance.most('biasesGradient', j) * 2 ** -10;
          for (let column = 0; column < width; column++) {
            const weight = dialect.normWeight ? inputs['normWeight']![column]! : 1;
            balance.allow(size * Math.abs(inputs['streams']![column]! * weight * inputs['projection']![j * width + column]!));
          }
        }
      });
    }
    balance.finish(0, 'streamsGradient', -1, () => 'Σ x·∂x − λ·Σ α·∂α', width + 8);
    return balance.judge.finish();
  },
});
