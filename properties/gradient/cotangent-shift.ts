/**
 * Claims: a cotangent that is constant along each line of the last side gives no gradient, and adding such a one changes no gradient (MATHS.md G3, B4).
 *
 * Proof: ⟨1bᵀ, X⟩ = Σ b_j·c_j, and c_j = φ(s_j) is 1 without ε: its derivative is zero at any T. With ε dc_j = c_j·lag·dlog s_j, lag = ε/(s + ε), so an entry is at
 * most Σ|b_j|·c_j·lag·|dlog s| (response.ts, `beforeLast`, `lastLag`). The implicit derivative annihilates it whatever ε. The first claim alone is a
 * necessary one only: a kernel that returns zeros satisfies it. The second uses integers, so that the sum of cotangents is exact. What cancels here to first
 * order leaves the product of two roundings, which the entries' bounds need not hold where an entry is far below them: `secondOrder`. Class: exact.
 */
import { outside } from '../sinkhorn/form.ts';
import { tokenRandom } from '../tokens.ts';
import { compareWithin, exactTokens, noSlack, type Slack } from '../sinkhorn/agreement.ts';
import { tokenResponse, weightedSize, type VjpContext } from './claims.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

/** Integers b_j per token, spread over the lines of the last side. */
function lineConstants(context: VjpContext): Float64Array {
  const { tokens, streams: n } = context.sizes;
  const out = new Float64Array(tokens * n * n);
  for (let token = 0; token < tokens; token++) {
    const random = tokenRandom(context, 'line constants', token);
    const constants = Array.from({ length: n }, () => random.integer(-8, 8));
    for (let k = 0; k < n * n; k++) out[token * n * n + k] = constants[context.kernel.dialect.lastNormalised === 'rows' ? Math.floor(k / n) : k % n]!;
  }
  return out;
}

/** What ε and second-order rounding leave of the gradient of such a cotangent. */
function leak(context: VjpContext, constant: Float64Array, token: number): Slack {
  if (context.kernel.dialect.derivative === 'implicit') return noSlack;
  const size = context.sizes.streams ** 2;
  const response = tokenResponse(context, token);
  const weight = weightedSize(context, constant.subarray(token * size, (token + 1) * size), response);
  const ofEpsilon = response.lastLag === 0 ? 0 : response.lastLag * response.beforeLast;
  return { relative: 0, absolute: weight === 0 ? 0 : weight * (ofEpsilon + response.secondOrder) };
}

export const constantCotangent = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/constant-cotangent',
  operation: 'sinkhorn-vjp',
  claim: 'A cotangent that is constant along each line normalised last gives no gradient.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: [],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const constant = lineConstants(context);
    const inputs = { ...context.inputs, cotangent: context.round('cotangent', constant) };
    const output = (await context.run(inputs))['logitsGradient']!;
    const judge = context.judge();
    const zero = new Float64Array(output.length);
    const bounded = context.bounded(inputs);
    compareWithin(judge, context.sizes.tokens, 'logitsGradient', output, zero, zero, bounded, bounded.errors['logitsGradient']!, (token) => leak(context, constant, token), 'gradient of a constant along lines');
    return judge.finish();
  },
});

export const cotangentShift = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/cotangent-shift',
  operation: 'sinkhorn-vjp',
  claim: 'A constant added to each line of the cotangent on the side normalised last changes no gradient.',
  class: 'exact',
  usesReference: false,
  inputs: { cotangents: ['integers', 'one-hot'] },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  async check(context) {
    const constant = lineConstants(context);
    const sum = context.inputs['cotangent']!.map((value, k) => value + constant[k]!);
    const shifted = { ...context.inputs, cotangent: context.round('cotangent', sum) };
    const exact = exactTokens(sum, shifted.cotangent, context.sizes.tokens);
    const first = (await context.run(context.inputs))['logitsGradient']!;
    const second = (await context.run(shifted))['logitsGradient']!;
    const [a, b] = [context.bounded(context.inputs), context.bounded(shifted)];
    const judge = context.judge();
    judge.show('logitsGradient', second, first);
    compareWithin(
      judge, context.sizes.tokens, 'logitsGradient', second, first, a.errors['logitsGradient']!, b, b.errors['logitsGradient']!,
      (token) => (a.certified[token] === 1 && exact[token] === true ? leak(context, constant, token) : undefined),
      'difference after a shift of the cotangent',
    );
    return judge.finish();
  },
});
