/**
 * Claims: the gradient is linear in the cotangent (MATHS.md G8). Additive: the gradients of two parts add up (properties/additivity.ts). Homogeneous: 2^k·g gives
 * 2^k times the gradient, bit for bit.
 *
 * Proof of the second: the backward multiplies cotangents by entries of the iterates and adds; each operation commutes with a power of two unless a
 * result is subnormal or overflows. Entries of all iterates are at least b (marginals.ts), so products of two of them with a cotangent, and differences that
 * cancel all but the last of p bits twice, stay above b²·u²·|g|; tokens where that or the largest number is left out, and so are subnormal results.
 */
import { outside } from '../sinkhorn/form.ts';
import { tokenRandom } from '../tokens.ts';
import { additivity } from '../additivity.ts';
import { tokenMatrix } from '../sinkhorn/agreement.ts';
import { marginals } from '../sinkhorn/marginals.ts';
import { startOf } from '../sinkhorn/start.ts';
import { computeUnit } from '../../src/numerics/arithmetic.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { maxFinite, minNormal } from '../../src/tensor/dtype.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { cotangents, type VjpContext } from './claims.ts';

export const gradientAdditivity = additivity('gradient/additivity', 'sinkhorn-vjp', ['cotangent'], ['logitsGradient']);

export const homogeneity = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/homogeneity',
  operation: 'sinkhorn-vjp',
  claim: 'Multiplying the cotangent by a power of two multiplies the gradient by it, bit for bit.',
  class: 'bitwise',
  usesReference: false,
  inputs: { scales: [0, 0.1, 0.5, 1, 2, 4], cotangents },
  power: [],
  notApplicable({ dialect, deterministic }) {
    if (dialect.derivative === 'implicit') return 'a solver may stop at an absolute residual';
    return deterministic ? outside(dialect, 'absolute', 'threshold', 'temperature') : 'the kernel does not promise the same bits on every call';
  },
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const { certified } = context.bounded(context.inputs);
    const exponents = Array.from({ length: tokens }, (_, token) => (certified[token] === 1 ? exponentFor(context, token) : undefined));
    const cotangent = context.inputs['cotangent']!.map((value, k) => value * 2 ** (exponents[Math.floor(k / (n * n))] ?? 0));
    const first = (await context.run(context.inputs))['logitsGradient']!;
    const second = (await context.run({ ...context.inputs, cotangent }))['logitsGradient']!;
    const judge = context.judge();
    judge.show('logitsGradient', second, first);
    exponents.forEach((exponent, token) => {
      if (exponent === undefined) return;
      const least = 2 * minNormal[kernel.dtypes['logitsGradient']!] * Math.max(1, 2 ** exponent);
      for (let k = token * n * n; k < (token + 1) * n * n; k++) {
        const expected = first[k]! * 2 ** exponent;
        if (Math.abs(expected) < least && Math.abs(second[k]!) < least) continue;
        judge.atMost(token, second[k]! - expected, 0, 'logitsGradient', k, () => `gradient for 2^${exponent}·g − 2^${exponent}·gradient`);
      }
    });
    return judge.finish();
  },
});

/** A power that keeps everything of a token normal, or undefined. */
function exponentFor(context: VjpContext, token: number): number | undefined {
  const { dialect, arithmetic, dtypes } = context.kernel;
  const random = tokenRandom(context, 'power of two', token);
  const exponent = random.sign() * random.integer(1, 7);
  const n = context.sizes.streams;
  const sizes = Array.from(tokenMatrix(context, 'cotangent', token), Math.abs).filter((size) => size > 0);
  const [low, high] = [Math.min(...sizes) * Math.min(1, 2 ** exponent), Math.max(0, ...sizes) * Math.max(1, 2 ** exponent)];
  const start = startOf(dialect, arithmetic, tokenMatrix(context, 'logits', token), n);
  const { smallest } = marginals(start, dialect, dialect.domain === 'linear');
  const inInput = low >= minNormal[dtypes['cotangent']!] && high <= maxFinite[dtypes['cotangent']!];
  const roomBelow = (smallest * computeUnit(arithmetic)) ** 2 * low >= minNormal[arithmetic.compute];
  // |dlog X| and divisors grow a gradient by at most 1/smallest a step
  const roomAbove = (high * n * n) / smallest ** 2 <= Math.min(maxFinite[arithmetic.compute], maxFinite[dtypes['logitsGradient']!]);
  return inInput && roomBelow && roomAbove ? exponent : undefined;
}
