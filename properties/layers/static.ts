/**
 * Sublayers whose coefficients do not depend on the streams: all scales 0, so that every logit is its bias, and biases of ±1000 where a gate shall be open or shut.
 * e^1000 overflows and e^−1000 underflows in every dtype, so that such a gate is 0 or 1 exactly, however σ is computed from an exponential.
 */
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import type { Sizes, Values } from '../../src/operations/operation.ts';
import type { ResolvedKernel } from '../../src/verify/property.ts';

/** The logit of a gate that is shut; open with the other sign. bf16 and f16 hold it. */
export const shut = -1000;

/** Why a gate cannot be shut exactly. */
export function gatesNeverClose({ arithmetic }: ResolvedKernel<LayerDialect>): string | undefined {
  return arithmetic.sigmoid !== undefined && arithmetic.sigmoid.absolute > 0 ? 'the declared sigmoid has an absolute error: a gate need not close' : undefined;
}

/** Inputs with scales of 0 and the biases that `bias` gives coefficient j of sublayer l; undefined leaves one as it is. */
export function withStatic(inputs: Values, { streams: n }: Sizes, bias: (sublayer: number, j: number) => number | undefined): Values {
  const count = n * n + 2 * n;
  const biases = inputs['biases']!.map((value, at) => bias(Math.floor(at / count), at % count) ?? value);
  return { ...inputs, scales: new Float64Array(inputs['scales']!.length), biases };
}

/** Inputs with the post gates of all sublayers shut: nothing of the inner function remains. The scales of post are 0, the others as they are. */
export function withoutPost(inputs: Values, { streams: n }: Sizes): Values {
  const count = n * n + 2 * n;
  return {
    ...inputs,
    scales: inputs['scales']!.map((value, at) => (at % 3 === 1 ? 0 : value)),
    biases: inputs['biases']!.map((value, at) => (at % count >= n && at % count < 2 * n ? shut : value)),
  };
}

/** The residual mapping whose logits are 0 on the diagonal and shut off it: d on the diagonal, o off it, by the dialect's own steps, all of whose sums are alike. */
export function nearIdentity(dialect: LayerDialect, n: number): { diagonal: number; off: number } {
  let [diagonal, off] = [1, 0]; // the exponential, and the softmax as well
  if (dialect.epsilonInStart) [diagonal, off] = [1 + dialect.epsilon, dialect.epsilon];
  for (let step = dialect.start === 'softmax' ? 1 : 0; step < 2 * dialect.iterations; step++) {
    const sum = diagonal + (n - 1) * off;
    const divisor = dialect.divisor === 'add' ? sum + dialect.epsilon : dialect.divisor === 'clamp' ? Math.max(sum, dialect.epsilon) : sum;
    [diagonal, off] = [diagonal / divisor, off / divisor];
  }
  return { diagonal, off };
}

/** y of the inner function for one token's input, in f64. */
export function innerOf(u: Float64Array, w: Float64Array, { inner, innerEpsilon }: LayerDialect): Float64Array {
  const norm = Math.sqrt(u.reduce((sum, value) => sum + value * value, 0) / u.length + innerEpsilon);
  return u.map((value, c) => {
    if (inner === 'zero') return 0;
    if (inner === 'identity') return value;
    if (inner === 'scale') return w[c]! * value;
    return inner === 'silu' ? (w[c]! * value) / (1 + Math.exp(-value)) : (w[c]! * value) / norm;
  });
}
