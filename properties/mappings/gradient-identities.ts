/**
 * Claims that follow from how the parameters enter z = α·r·Σ_k x_k·w_k·φ_jk + b, over any number of tokens (Euler's relation for products):
 *
 *   α_m·∂α_m = Σ_{j in m} Σ_k φ_jk·∂φ_jk        w_k·∂w_k = Σ_j φ_jk·∂φ_jk
 *   Σ along a line of the side that Sinkhorn normalises first of the residual's ∂b is 0 (MATHS.md G1)
 *
 * Proof: α·∂/∂α and φ·∂/∂φ differentiate the same product; ∂b = Σ ∂z, and each token's ∂z sums to zero along such a line (gradient/row-sums). Tolerance: the entries'
 * bounds times what they are multiplied with. Where operands are rounded to TF32 the left side has rounded x and w∘φ, two units of 2⁻¹¹ of each token's term; the
 * bound of ∂φ has four of them already, for a backward that rounds ∂m and x, so it counts twice. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { rowSums } from '../gradient/row-sums.ts';
import { lineSums } from '../sinkhorn/marginals.ts';
import { coefficientBlocks } from '../../src/operations/mappings/coefficients.ts';
import type { MappingsVjpDialect } from '../../src/operations/mappings/dialect.ts';
import { firstNormalised } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { Balance } from './balance.ts';
import { summable } from './plans.ts';

export const productRelation = defineProperty<MappingsVjpDialect>({
  id: 'mappings/product-relation',
  operation: 'mappings-vjp',
  claim: 'Scales, norm weight and projection have the gradients of factors of one product.',
  class: 'exact',
  usesReference: false,
  inputs: summable,
  power: [],
  async check(context) {
    const { kernel: { dialect }, sizes, inputs } = context;
    const { streams: n, channels } = sizes;
    const width = n * channels;
    const balance = new Balance(await context.run(inputs), context.bounded(inputs), context.judge());
    if (sizes.tokens === 0) return balance.judge.finish();
    const phi = inputs['projection']!;
    const share = dialect.projectionRounding === 'exact' ? 1 : 2;
    coefficientBlocks(n).forEach(([from, count], k) => {
      balance.start();
      balance.gradient('scalesGradient', k, inputs['scales']![k]!);
      for (let at = from * width; at < (from + count) * width; at++) balance.gradient('projectionGradient', at, -phi[at]!, share);
      balance.finish(0, 'scalesGradient', k, () => 'α·∂α − Σ φ·∂φ');
    });
    if (!dialect.normWeight) return balance.judge.finish();
    for (let column = 0; column < width; column++) {
      balance.start();
      balance.gradient('normWeightGradient', column, inputs['normWeight']![column]!);
      for (let at = column; at < phi.length; at += width) balance.gradient('projectionGradient', at, -phi[at]!, share);
      balance.finish(0, 'normWeightGradient', column, () => 'w·∂w − Σ φ·∂φ');
    }
    return balance.judge.finish();
  },
});

export const biasGradientSums = defineProperty<MappingsVjpDialect>({
  id: 'mappings/bias-gradient-sums',
  operation: 'mappings-vjp',
  claim: "The residual's bias gradient sums to zero along each line that is normalised first.",
  class: 'exact',
  usesReference: false,
  inputs: summable,
  power: ['lower-precision'],
  notApplicable: (kernel) => rowSums.notApplicable?.(kernel as never),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const output = (await context.run(context.inputs))['biasesGradient']!.slice(2 * n);
    const errors = context.bounded(context.inputs).errors['biasesGradient']!.slice(2 * n);
    const judge = context.judge();
    if (tokens === 0) return judge.finish();
    const sides = kernel.dialect.derivative === 'implicit' ? (['rows', 'columns'] as const) : [firstNormalised(kernel.dialect)];
    for (const side of sides) {
      const [sums, sizes, bounds] = [output, output.map(Math.abs), errors].map((values) => lineSums(values, n, side)) as [Float64Array, Float64Array, Float64Array];
      sums.forEach((sum, line) => {
        const bound = bounds[line]! + evaluationError(n, sizes[line]!);
        if (bound < Infinity) judge.atMost(0, sum, bound, 'biasesGradient', 2 * n + line, () => `sum of the bias gradient along line ${line} of ${side}`);
      });
    }
    return judge.finish();
  },
});
