/**
 * Claims: the Jacobian of the projection is symmetric and positive semi-definite (MATHS.md G5, B3): ⟨h, VJP(g)⟩ = ⟨g, VJP(h)⟩ and ⟨g, VJP(g)⟩ ≥ 0.
 *
 * Proof: J = D^½(I − Π)D^½ with D = diag(vec P), Π the orthogonal projector onto row and column scalings. The implicit derivative is this at X, whatever X is: exact.
 * The unrolled one is within response.ts of it, entry by entry: |⟨h, (J_T − J)g⟩| ≤ max|h|·R·Σ|g|·X. h is g with its entries permuted. Class: limit.
 */
import { outside } from '../sinkhorn/form.ts';
import { tokenRandom } from '../tokens.ts';
import { evaluationError } from '../evaluation.ts';
import { gather, tokenMatrix } from '../sinkhorn/agreement.ts';
import { convergingScales, cotangents, inner, innerSize, limitSlack, tokenResponse, type VjpContext } from './claims.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

/** |⟨h, (J_T − J)g⟩| for one token. */
function departure(context: VjpContext, token: number, g: Float64Array, h: Float64Array): number {
  if (context.kernel.dialect.derivative === 'implicit') return 0;
  return limitSlack(context, g, tokenResponse(context, token)) * h.reduce((sum, value) => sum + Math.abs(value), 0);
}

export const semidefinite = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/semidefinite',
  operation: 'sinkhorn-vjp',
  claim: 'Following the gradient of ⟨g, X⟩ raises it: ⟨g, VJP(g)⟩ ≥ 0 as the iterations converge.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: convergingScales, cotangents },
  power: [],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const n = context.sizes.streams;
    const output = (await context.run(context.inputs))['logitsGradient']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    for (let token = 0; token < context.sizes.tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      const [from, to] = [token * n * n, (token + 1) * n * n];
      const g = tokenMatrix(context, 'cotangent', token);
      const gradient = output.subarray(from, to);
      const errors = innerSize(g, bounded.errors['logitsGradient']!.subarray(from, to));
      const bound = departure(context, token, g, g) + errors + evaluationError(n * n, innerSize(g, gradient));
      const along = inner(g, gradient);
      if (bound !== Infinity) judge.atMost(token, Number.isNaN(along) ? NaN : Math.min(along, 0), bound, 'logitsGradient', -1, () => '⟨g, VJP(g)⟩, if negative');
    }
    return judge.finish();
  },
});

export const symmetry = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/symmetry',
  operation: 'sinkhorn-vjp',
  claim: 'The Jacobian is symmetric as the iterations converge: ⟨h, VJP(g)⟩ = ⟨g, VJP(h)⟩.',
  class: 'limit',
  usesReference: false,
  inputs: { scales: convergingScales, cotangents },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const source = new Int32Array(tokens * n * n);
    for (let token = 0; token < tokens; token++) {
      tokenRandom(context, 'second cotangent', token).permutation(n * n).forEach((from, k) => (source[token * n * n + k] = token * n * n + from));
    }
    const other = { ...context.inputs, cotangent: gather(context.inputs['cotangent']!, source) };
    const first = (await context.run(context.inputs))['logitsGradient']!;
    const second = (await context.run(other))['logitsGradient']!;
    const [a, b] = [context.bounded(context.inputs), context.bounded(other)];
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (a.certified[token] === 0 || b.certified[token] === 0) continue;
      const part = (values: Float64Array): Float64Array => values.subarray(token * n * n, (token + 1) * n * n);
      const [g, h] = [tokenMatrix(context, 'cotangent', token), part(other.cotangent)];
      const errors = innerSize(h, part(a.errors['logitsGradient']!)) + innerSize(g, part(b.errors['logitsGradient']!));
      const own = evaluationError(n * n, innerSize(h, part(first)) + innerSize(g, part(second)));
      const bound = departure(context, token, g, h) + departure(context, token, h, g) + errors + own;
      if (bound !== Infinity) judge.atMost(token, inner(h, part(first)) - inner(g, part(second)), bound, 'logitsGradient', -1, () => '⟨h, VJP(g)⟩ − ⟨g, VJP(h)⟩');
    }
    return judge.finish();
  },
});
