/**
 * Claims about single tokens, each in a call of its own, where ∂b is ∂z itself and the rest of the chain is linear in it:
 *
 *   ∂φ_jk = α·r·∂b_j·w_k·x_k           the gradient of the projection is an outer product
 *   Σ_k x_k·∂x_k = Σ_m λ·α_m·∂α_m      over the flattened streams, λ = ε·r² (inside the root) or ε·r (outside): x → c·x moves t by its response to ε only (B7)
 *
 * Proof: chain rule; c·d/dc of c·r(c·x) at c = 1 is r·(1 − r²·mean) = r·(ε·r²), and r·(1 − r·√mean) = r·(ε·r). Without a norm λ = 1. The second needs one norm for all columns.
 * r comes from the inputs, in f64. Where the forward rounds x to TF32 and ∂x·x does not, they differ by 2⁻¹¹ of each |α·∂b_j·r·x_k·w_k·φ_jk|. Class: exact.
 */
import { pickTokens } from '../tokens.ts';
import { coefficientBlocks } from '../../src/operations/mappings/coefficients.ts';
import type { MappingsVjpDialect } from '../../src/operations/mappings/dialect.ts';
import type { Sizes, Values } from '../../src/operations/operation.ts';
import type { Judge, Judgement } from '../../src/verify/judge.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';
import { Balance } from './balance.ts';
import { factorOf } from './norm.ts';
import { summable } from './plans.ts';

const few = { ...summable, tokenCounts: [1, 2, 5], streams: ['normal', 'tiny', 'magnitude-ratio', 'integers', 'identical-streams'] };

/** One token of a case. */
interface Single {
  readonly token: number;
  readonly inputs: Values;
  readonly sizes: Sizes;
  readonly balance: Balance;
}

/** Calls the kernel for each token alone. */
async function eachAlone(context: CheckContext<MappingsVjpDialect>, claim: (single: Single) => void): Promise<Judgement> {
  const judge: Judge = context.judge();
  const sizes = { ...context.sizes, tokens: 1 };
  for (let token = 0; token < context.sizes.tokens; token++) {
    const inputs = pickTokens(context.kernel.operation.inputs, context.inputs, context.sizes, [token]);
    claim({ token, inputs, sizes, balance: new Balance(await context.run(inputs, sizes), context.bounded(inputs, sizes), judge) });
  }
  return judge.finish();
}

/** Larger factors of the norm (no ε, no streams) say nothing. */
const largestFactor = 2 ** 60;

export const projectionOuterProduct = defineProperty<MappingsVjpDialect>({
  id: 'mappings/projection-outer-product',
  operation: 'mappings-vjp',
  claim: 'For one token the gradient of the projection is the outer product of the bias gradient and the normalised streams.',
  class: 'exact',
  usesReference: false,
  inputs: few,
  power: ['lower-precision'],
  check: (context) =>
    eachAlone(context, ({ token, inputs, sizes, balance }) => {
      const { dialect } = context.kernel;
      const width = sizes.streams * sizes.channels;
      coefficientBlocks(sizes.streams).forEach(([from, count], k) => {
        for (let column = 0; column < width; column++) {
          const factor = factorOf(inputs['streams']!, 0, column, sizes, dialect);
          if (!(factor < largestFactor)) continue;
          const input = inputs['scales']![k]! * factor * (dialect.normWeight ? inputs['normWeight']![column]! : 1) * inputs['streams']![column]!;
          for (let j = from; j < from + count; j++) {
            balance.start();
            balance.gradient('projectionGradient', j * width + column, 1);
            balance.gradient('biasesGradient', j, -input);
            balance.finish(token, 'projectionGradient', j * width + column, () => '∂φ − α·r·w·x·∂b', width + 8);
          }
        }
      });
    }),
});

export const radialGradient = defineProperty<MappingsVjpDialect>({
  id: 'mappings/radial-gradient',
  operation: 'mappings-vjp',
  claim: 'The gradient of the streams is orthogonal to the streams, up to the response to the epsilon of the norm.',
  class: 'exact',
  usesReference: false,
  inputs: few,
  power: [],
  notApplicable: ({ dialect }) => (dialect.norm === 'per-stream' ? 'each stream has a norm of its own' : undefined),
  check: (context) =>
    eachAlone(context, ({ token, inputs, sizes, balance }) => {
      const { dialect } = context.kernel;
      const width = sizes.streams * sizes.channels;
      const r = factorOf(inputs['streams']!, 0, 0, sizes, dialect);
      if (!(r < largestFactor)) return;
      const response = dialect.norm === 'none' ? 1 : dialect.rmsEpsilon * (dialect.rmsEpsilonPlace === 'inside' ? r * r : r);
      balance.start();
      for (let column = 0; column < width; column++) balance.gradient('streamsGradient', column, inputs['streams']![column]!);
      for (let m = 0; m < 3; m++) balance.gradient('scalesGradient', m, -response * inputs['scales']![m]!);
      if (dialect.projectionRounding !== 'exact') balance.allow(operandDoubt(inputs, sizes, dialect, r, balance));
      balance.finish(token, 'streamsGradient', -1, () => 'Σ x·∂x − λ·Σ α·∂α', width + 8);
    }),
});

/** 2⁻¹⁰·Σ |α·∂b_j·r·x_k·w_k·φ_jk|. */
function operandDoubt(inputs: Values, sizes: Sizes, dialect: MappingsVjpDialect, r: number, balance: Balance): number {
  const width = sizes.streams * sizes.channels;
  let total = 0;
  coefficientBlocks(sizes.streams).forEach(([from, count], m) => {
    for (let j = from; j < from + count; j++) {
      const size = Math.abs(inputs['scales']![m]!) * r * balance.most('biasesGradient', j) * 2 ** -10;
      for (let column = 0; column < width; column++) {
        const weight = dialect.normWeight ? inputs['normWeight']![column]! : 1;
        total += size * Math.abs(inputs['streams']![column]! * weight * inputs['projection']![j * width + column]!);
      }
    }
  });
  return total;
}
