/**
 * Claims: what holds of Sinkhorn's gradient holds of the residual's bias gradient, and a gate's bias gradient has a closed form. With scales of zero the logits are the
 * biases and, for a single token, ∂b is ∂z: so the recursion of two classes and the permutation of lines are judged by the checks of gradient/*, one call a token;
 *
 *   ∂b = Σ over tokens of ∂pre·p(1 − p), multiplier·∂post·p(1 − p), p = σ(b)
 *
 * Class: exact; no reference. Sees iterations, ε and orientation of the backward, the gates' slope and multiplier.
 */
import { evaluationError } from '../evaluation.ts';
import { gradientPermutation } from '../gradient/equivariance.ts';
import { twoClassesGradient } from '../gradient/two-classes.ts';
import { operations } from '../../src/operations/index.ts';
import { sinkhornOf, type MappingsVjpDialect } from '../../src/operations/mappings/dialect.ts';
import type { Values } from '../../src/operations/operation.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty, type CheckContext, type Property } from '../../src/verify/property.ts';
import { moderate, summable } from './plans.ts';
import { biasLogits, finiteTokens, residualAlone } from './residual-alone.ts';

const sinkhornVjp = operations['sinkhorn-vjp'];

/** A claim about Sinkhorn's gradient, made about the residual's bias gradient. */
function ofResidualGradient(property: Property): Property {
  return defineProperty<MappingsVjpDialect>({
    ...property,
    screenedFor: undefined, // of matrices that are inputs
    id: property.id.replace('gradient/', 'mappings/residual-gradient-'),
    operation: 'mappings-vjp',
    claim: `Without scales, of the residual's bias gradient: ${property.claim.charAt(0).toLowerCase()}${property.claim.slice(1)}`,
    inputs: { ...moderate, tokenCounts: [1, 2, 5], parameters: ['slow', 'wide', 'usual'], cotangents: summable.cotangents! },
    check: (context) => property.check(gradientContext(context) as never),
  });
}

/** The context of a kernel for Sinkhorn's gradient. */
function gradientContext(context: CheckContext<MappingsVjpDialect>): CheckContext<SinkhornVjpDialect> {
  const { kernel, sizes } = context;
  const dialect: SinkhornVjpDialect = { ...sinkhornOf(kernel.dialect), derivative: kernel.dialect.derivative };
  const dtypes = { ...kernel.dtypes, logits: kernel.dtypes['biases']!, cotangent: kernel.dtypes['residualMappingCotangent']!, logitsGradient: kernel.dtypes['biasesGradient']! };
  const finite = finiteTokens(context);
  return {
    recipe: context.recipe,
    sizes,
    random: context.random,
    indifferent: context.indifferent,
    kernel: { ...kernel, operation: sinkhornVjp as never, dialect, dtypes },
    inputs: { logits: biasLogits(context), cotangent: context.inputs['residualMappingCotangent']! },
    run: async ({ logits, cotangent }) => ({ logitsGradient: await residualAlone(context, 'biasesGradient', { biases: logits!, residualMappingCotangent: cotangent! }) }),
    runKeeping: () => Promise.reject(new TypeError('not asked of a residual mapping')),
    round: (port, values) => context.round(port === 'logits' ? 'biases' : 'residualMappingCotangent', values),
    bounded(asked) {
      const bounded = sinkhornVjp.bounded(asked, sizes, dialect, kernel.arithmetic, dtypes);
      return { ...bounded, certified: bounded.certified.map((claimed, token) => (finite[token] === true ? claimed : 0)) };
    },
    judge: (count) => context.judge(count),
  };
}

export const residualGradientProperties: readonly Property[] = [twoClassesGradient, gradientPermutation].map(ofResidualGradient);

export const gateGradients = defineProperty<MappingsVjpDialect>({
  id: 'mappings/gate-gradients',
  operation: 'mappings-vjp',
  claim: 'Without scales the bias gradient of a gate is its slope times the sum of its cotangents.',
  class: 'exact',
  usesReference: false,
  inputs: summable,
  power: ['lower-precision'],
  async check(context) {
    const { kernel: { dialect }, sizes } = context;
    const { tokens, streams: n } = sizes;
    const inputs: Values = { ...context.inputs, scales: new Float64Array(3) };
    const output = (await context.run(inputs))['biasesGradient']!;
    const errors = context.bounded(inputs).errors['biasesGradient']!;
    const judge = context.judge();
    for (let j = 0; j < 2 * n; j++) {
      if (tokens === 0 || !(errors[j]! < Infinity)) continue;
      const cotangents = inputs[j < n ? 'preMappingCotangent' : 'postMappingCotangent']!;
      const bias = inputs['biases']![j]!;
      const slope = (j < n ? 1 : dialect.postMultiplier) / (1 + Math.exp(-bias)) / (1 + Math.exp(bias));
      let [sum, size] = [0, 0];
      for (let token = 0; token < tokens; token++) {
        const cotangent = cotangents[token * n + (j % n)]!;
        sum += cotangent;
        size += Math.abs(cotangent);
      }
      judge.atMost(0, output[j]! - slope * sum, errors[j]! + evaluationError(tokens + 12, slope * size), 'biasesGradient', j, () => 'bias gradient − slope of the gate · Σ cotangents');
    }
    return judge.finish();
  },
});
