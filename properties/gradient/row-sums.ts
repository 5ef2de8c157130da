/**
 * Claim: the gradient sums to zero along each line of the first-normalised side, at any T and ε (MATHS.md G1, B1); the implicit derivative's on both sides.
 *
 * Proof: the result does not change when such a line of the logits is shifted (S5), so the derivative along the shift vanishes. The implicit derivative projects out
 * both sides by definition. Where ε meets unshifted exponentials, or the held maximum's sum, the shift matters and the claim is not made. Tolerance: the
 * sum of the entries' bounds and of f64 addition. Class: exact.
 */
import { outside } from '../sinkhorn/form.ts';
import { evaluationError } from '../evaluation.ts';
import { lineSums } from '../sinkhorn/marginals.ts';
import { firstNormalised, type SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const rowSums = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/row-sums',
  operation: 'sinkhorn-vjp',
  claim: 'The gradient sums to zero along each line that is normalised first.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['transposed', 'lower-precision'],
  screenedFor: 'gradient-sums',
  notApplicable({ dialect }) {
    // with the line's maximum subtracted a sum is at least 1, which no clamp at ε ≤ 1 touches
    const clampIdle = dialect.divisor === 'clamp' && dialect.stabilisation === 'line-max';
    const cancels = dialect.epsilon === 0 || dialect.start === 'softmax' || dialect.derivative === 'implicit' || clampIdle;
    return cancels ? outside(dialect, 'absolute') : 'epsilon enters before the shift of a line cancels';
  },
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const output = (await context.run(context.inputs))['logitsGradient']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    const sides = kernel.dialect.derivative === 'implicit' ? (['rows', 'columns'] as const) : [firstNormalised(kernel.dialect)];
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      for (const side of sides) {
        const sums = lineSums(output, n, side, token * n * n);
        const sizes = lineSums(output.map(Math.abs), n, side, token * n * n);
        const errors = lineSums(bounded.errors['logitsGradient']!, n, side, token * n * n);
        sums.forEach((sum, line) => judge.atMost(token, sum, errors[line]! + evaluationError(n, sizes[line]!), 'logitsGradient', -1, () => `sum of the gradient along line ${line} of ${side}`));
      }
    }
    return judge.finish();
  },
});
