/**
 * Claim: ⟨VJP(g), v⟩ = ⟨g, J·v⟩ for a direction v of random signs, J·v by dual numbers (MATHS.md G4, §6.9, B6).
 *
 * The right side runs the forward iteration on dual numbers: no step size, and nothing of the backward recursion that the reference gradient shares with kernels.
 * A wrong entry of the gradient is seen with probability at least ½ by each draw. Tolerance: the sum of the entries' bounds; f64 rounding of the
 * tangent is that of 2T half-steps on |dlog X| (response.ts). Class: exact. Uses the f64 forward iteration as its oracle.
 */
import { outside } from '../sinkhorn/form.ts';
import { tokenRandom } from '../tokens.ts';
import { evaluationError } from '../evaluation.ts';
import { tokenMatrix } from '../sinkhorn/agreement.ts';
import { inner, innerSize, tokenResponse, weightedSize } from './claims.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { sinkhornJvp } from '../../src/operations/sinkhorn/sinkhorn-vjp.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const adjoint = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/adjoint',
  operation: 'sinkhorn-vjp',
  claim: 'The gradient is the adjoint of the forward derivative: ⟨VJP(g), v⟩ = ⟨g, J·v⟩.',
  class: 'exact',
  usesReference: true,
  inputs: { maxElements: 2048 },
  power: ['transposed', 'lower-precision'],
  notApplicable: ({ dialect }) => (dialect.derivative === 'implicit' ? 'dual numbers differentiate the iterations, not the projection' : outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature')),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const { derivative: _derivative, ...forward } = kernel.dialect;
    const output = (await context.run(context.inputs))['logitsGradient']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const [from, to] = [token * n * n, (token + 1) * n * n];
      const random = tokenRandom(context, 'direction', token);
      const direction = Float64Array.from({ length: n * n }, () => random.sign());
      const cotangent = tokenMatrix(context, 'cotangent', token);
      const gradient = output.subarray(from, to);
      const tangent = sinkhornJvp(tokenMatrix(context, 'logits', token), direction, n, forward);
      const response = tokenResponse(context, token);
      const steps = 2 * forward.iterations;
      const rounding = evaluationError(steps * (n + 4) * steps, weightedSize(context, cotangent, response) * response.beforeLast);
      const own = rounding + evaluationError(n * n, innerSize(gradient, direction) + innerSize(cotangent, tangent));
      const errors = innerSize(bounded.errors['logitsGradient']!.subarray(from, to), direction);
      if (own === Infinity) continue;
      judge.atMost(token, inner(gradient, direction) - inner(cotangent, tangent), errors + own, 'logitsGradient', -1, () => '⟨VJP(g), v⟩ − ⟨g, J·v⟩');
    }
    return judge.finish();
  },
});
