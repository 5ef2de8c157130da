/**
 * Claim: ‖VJP(g)‖_F ≤ ½·β·‖g‖_F, β → 1 with convergence (MATHS.md G6, B2). A theorem at every T, for the unrolled derivative:
 *
 * In the norm ‖W‖_X² = Σ X·W², step k maps dlog X by I − φΠ, Π the orthogonal projector onto means over lines: no expansion. Changing the weights from X to X/D costs
 * at most (1/min D)^½. The first step takes a direction V from the plain norm to that of x: ‖D_x^½(I − Π)‖² = ‖D_x − xxᵀ/s‖ ≤ ½ (softmax), and the last, X∘dlog X, back: ≤ ½ again; with a
 * lag e of the divisor ½ + e²; and never above the largest entry. Adding ε at the start shrinks. Hence ‖J_T‖ ≤ ½·Π_{k≥2}(1/min D_k)^½. Implicit: ‖J‖ ≤ ½·max line sum.
 * min D comes from the f64 half-steps. The check applies the kernel twice, so that the second cotangent points where J is large. Class: exact.
 */
import { outside } from '../sinkhorn/form.ts';
import { evaluationError } from '../evaluation.ts';
import { tokenMatrix } from '../sinkhorn/agreement.ts';
import { divisorOf } from '../../src/operations/sinkhorn/steps.ts';
import { divideLines, lineSums } from '../sinkhorn/marginals.ts';
import { startOf } from '../sinkhorn/start.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import type { Values } from '../../src/operations/operation.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { cotangents, type VjpContext } from './claims.ts';
import { lagOf } from './response.ts';

/** Bound of the Jacobian's Frobenius-to-Frobenius norm for one token. */
function jacobianNorm(context: VjpContext, token: number): number {
  const { dialect, arithmetic } = context.kernel;
  const n = context.sizes.streams;
  const start = startOf(dialect, arithmetic, tokenMatrix(context, 'logits', token), n);
  const x = start.matrix.slice();
  const end = (lag: number): number => Math.min(0.5 + lag * lag, Math.max(...x) * (lag === 0 ? 1 : 2));
  // a softmax is the first step; its row sums are 1 before ε
  let first = dialect.start === 'softmax' ? Math.min(0.5, Math.max(...x)) : undefined;
  let [last, growth, lag] = [0.5, 1, 0];
  for (const step of start.steps) {
    const sums = lineSums(x, n, step.side);
    const low = Math.min(...sums);
    lag = lagOf({ step, sums: { low, high: Math.max(...sums), oscillation: 0 } });
    divideLines(x, n, step);
    if (first === undefined) first = end(lag);
    else growth *= Math.max(...sums.map((sum) => 1 / divisorOf(step, sum)));
    last = end(lag);
  }
  if (dialect.derivative === 'implicit') return Math.min(0.5 * Math.max(...lineSums(x, n, dialect.lastNormalised)), Math.max(...x));
  return Math.sqrt(first! * last * growth) * (1 + (start.steps.length * (n + 4) + 8) * 2 ** -53);
}

export const halfContraction = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/half-contraction',
  operation: 'sinkhorn-vjp',
  claim: 'The gradient is at most about half as long as the cotangent, in the Frobenius norm.',
  class: 'exact',
  usesReference: false,
  inputs: { scales: [0, 0.1, 0.5, 1, 2], cotangents },
  power: [],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const size = n * n;
    const judge = context.judge();
    const norms = Float64Array.from({ length: tokens }, (_, token) => jacobianNorm(context, token));
    let inputs: Values = context.inputs;
    for (const pass of ['g', 'the gradient of g']) {
      const output = (await context.run(inputs))['logitsGradient']!;
      const bounded = context.bounded(inputs);
      for (let token = 0; token < tokens; token++) {
        if (bounded.certified[token] === 0 || !(norms[token]! < Infinity)) continue;
        const part = (values: Float64Array): number => Math.hypot(...values.subarray(token * size, (token + 1) * size));
        const length = part(inputs['cotangent']!);
        const bound = norms[token]! * length + part(bounded.errors['logitsGradient']!);
        judge.atMost(token, part(output), bound + evaluationError(size, bound), 'logitsGradient', -1, () => `norm of the gradient for ${pass}, cotangent ${length}`);
      }
      inputs = { ...inputs, cotangent: context.round('cotangent', output.map((value) => (Number.isFinite(value) ? value : 0))) };
    }
    return judge.finish();
  },
});
