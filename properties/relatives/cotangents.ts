/**
 * Claims: what a constraint forbids has no gradient.
 *   mixture    Σ_k ∂z_k = 0, since adding a number to all logits changes nothing; and a cotangent a⊕b (G_ij = a_i + b_j) gives 0, since marginals are constant
 *   kronecker  the same cotangent gives 0
 *   cayley     ∂W + ∂Wᵀ = 0, since symmetric parts of W change nothing
 * Proof: the derivative of a constant. With G = a⊕b the kernel's terms cancel and leave rounding, which its own bound covers, plus that of rounding a_i + b_j to the port's dtype: integers
 * −8 … 8 are used, whose sums every dtype holds. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import { eachToken } from './matrices.ts';
import { elementsPerToken, type OperationId } from '../../src/operations/operation.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';

function marginalCotangent(id: string, operation: OperationId, output: string): Property {
  return defineProperty<unknown>({
    id,
    operation,
    claim: 'A cotangent that only weighs row and column sums gives no gradient.',
    class: 'exact',
    usesReference: false,
    inputs: {},
    power: ['lower-precision'],
    async check(context) {
      const { streams: n, tokens } = context.sizes;
      const cotangent = new Float64Array(tokens * n * n);
      for (let token = 0; token < tokens; token++) {
        const random = tokenRandom(context, 'marginals', token);
        const [a, b] = [0, 1].map(() => Array.from({ length: n }, () => random.integer(-8, 8)));
        for (let k = 0; k < n * n; k++) cotangent[token * n * n + k] = a![Math.floor(k / n)]! + b![k % n]!;
      }
      const inputs = { ...context.inputs, cotangent };
      const gradient = (await context.run(inputs))[output]!;
      const bounded = context.bounded(inputs);
      const per = tokens === 0 ? 0 : gradient.length / tokens;
      const judge = context.judge();
      eachToken(context, [bounded], (token) => {
        for (let at = token * per; at < (token + 1) * per; at++) judge.atMost(token, gradient[at]!, bounded.errors[output]![at]!, output, at, () => 'gradient for a cotangent a⊕b');
      });
      return judge.finish();
    },
  });
}

export const mixtureMarginalCotangent = marginalCotangent('relatives/mixture-marginal-cotangent', 'permutation-mixture-vjp', 'weightLogitsGradient');
export const kroneckerMarginalCotangent = marginalCotangent('relatives/kronecker-marginal-cotangent', 'kronecker-vjp', 'factorLogitsGradient');

export const mixtureGradientSum = defineProperty({
  id: 'relatives/mixture-gradient-sum',
  operation: 'permutation-mixture-vjp',
  claim: 'The gradients of all weights sum to zero.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const gradient = (await context.run(context.inputs))['weightLogitsGradient']!;
    const bounded = context.bounded(context.inputs);
    const per = elementsPerToken(context.kernel.operation.outputs[0]!, context.sizes);
    const judge = context.judge();
    eachToken(context, [bounded], (token) => {
      let [sum, bound, magnitude] = [0, 0, 0];
      for (let at = token * per; at < (token + 1) * per; at++) {
        sum += gradient[at]!;
        bound += bounded.errors['weightLogitsGradient']![at]!;
        magnitude += Math.abs(gradient[at]!);
      }
      judge.atMost(token, sum, bound + evaluationError(per, magnitude), 'weightLogitsGradient', token * per, () => 'sum of the gradients');
    });
    return judge.finish();
  },
});

export const cayleySkewGradient = defineProperty({
  id: 'relatives/cayley-skew-gradient',
  operation: 'cayley-vjp',
  claim: 'The gradient of the logits is skew.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: [],
  async check(context) {
    const { streams: n } = context.sizes;
    const gradient = (await context.run(context.inputs))['logitsGradient']!;
    const bounded = context.bounded(context.inputs);
    const errors = bounded.errors['logitsGradient']!;
    const judge = context.judge();
    eachToken(context, [bounded], (token) => {
      for (let k = 0; k < n * n; k++) {
        const [at, mirrored] = [token * n * n + k, token * n * n + (k % n) * n + Math.floor(k / n)];
        judge.atMost(token, gradient[at]! + gradient[mirrored]!, errors[at]! + errors[mirrored]!, 'logitsGradient', at, () => 'entry + mirrored entry');
      }
    });
    return judge.finish();
  },
});
