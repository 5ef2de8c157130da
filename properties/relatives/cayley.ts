/**
 * Claims about JPmHC's mapping as a function of its logits W.
 *   transposition  Q(Wᵀ) = Q(W)ᵀ: S changes its sign, and Q(−S) = (I+S)⁻¹(I−S) = Q(S)ᵀ; so do the steps of the fixed point
 *   symmetric      W = Wᵀ gives I: S = W − Wᵀ is 0 without any rounding, and every later number is 0 or 1
 *   two streams    S = [[0, s], [−s, 0]] gives [[c, r], [−r, c]] with c = (1 − s²)/(1 + s²), r = 2s/(1 + s²), the rotation by 2·atan s. Of the fixed point: its own
 *                  polynomial in the complex number σ = −is, y ← 1 + σ(1 + y) from 1 + 2σ, evaluated here in f64
 * Bounds: each result is within its own of the truth; the closed form adds f64's. Class: exact; symmetric: bitwise.
 */
import { evaluationError } from '../evaluation.ts';
import { eachToken, placeIn } from './matrices.ts';
import type { CayleyDialect } from '../../src/operations/relatives/cayley.ts';
import { defineProperty } from '../../src/verify/property.ts';

const shared = { operation: 'cayley', usesReference: false, inputs: {}, power: [] } as const;

export const cayleyTransposition = defineProperty<CayleyDialect>({
  ...shared,
  id: 'relatives/cayley-transposition',
  claim: 'Transposed logits give the transposed mapping.',
  class: 'exact',
  power: ['lower-precision'],
  async check(context) {
    const { streams: n } = context.sizes;
    const turn = (values: Float64Array): Float64Array => values.map((_, at) => values[at - (at % (n * n)) + (at % n) * n + Math.floor((at % (n * n)) / n)]!);
    const inputs = { logits: turn(context.inputs['logits']!) };
    const plain = turn((await context.run(context.inputs))['residualMapping']!);
    const other = (await context.run(inputs))['residualMapping']!;
    const bounds = [context.bounded(context.inputs), context.bounded(inputs)];
    const [own, turned] = [turn(bounds[0]!.errors['residualMapping']!), bounds[1]!.errors['residualMapping']!];
    const judge = context.judge();
    eachToken(context, bounds, (token) => {
      for (let at = token * n * n; at < (token + 1) * n * n; at++) judge.atMost(token, other[at]! - plain[at]!, own[at]! + turned[at]!, 'residualMapping', at, () => 'Q(Wᵀ) − Q(W)ᵀ');
    });
    return judge.finish();
  },
});

export const cayleySymmetric = defineProperty<CayleyDialect>({
  ...shared,
  id: 'relatives/cayley-symmetric',
  claim: 'Symmetric logits give the identity, bit for bit.',
  class: 'bitwise',
  async check(context) {
    const { streams: n } = context.sizes;
    const logits = context.inputs['logits']!;
    const inputs = { logits: logits.map((_, at) => logits[at - (at % (n * n)) + Math.max(...placeIn(n, at % (n * n))) * n + Math.min(...placeIn(n, at % (n * n)))]!) };
    const output = (await context.run(inputs))['residualMapping']!;
    const judge = context.judge();
    eachToken(context, [context.bounded(inputs)], (token) => {
      for (let k = 0; k < n * n; k++) {
        const [i, j] = placeIn(n, k);
        judge.atMost(token, output[token * n * n + k]! - (i === j ? 1 : 0), 0, 'residualMapping', token * n * n + k, () => 'entry − that of the identity');
      }
    });
    return judge.finish();
  },
});

export const cayleyTwoStreams = defineProperty<CayleyDialect>({
  ...shared,
  id: 'relatives/cayley-two-streams',
  claim: 'With two streams the mapping is the rotation by twice the arc tangent of the skew entry.',
  class: 'exact',
  inputs: { streamCounts: [2] },
  power: ['lower-precision'],
  async check(context) {
    const { dialect } = context.kernel;
    const logits = context.inputs['logits']!;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    eachToken(context, [bounded], (token) => {
      const s = dialect.factor * (logits[4 * token + 1]! - logits[4 * token + 2]!);
      const { c, r, magnitude } = rotation(s, dialect);
      [c, r, -r, c].forEach((expected, k) => {
        const index = 4 * token + k;
        const bound = bounded.errors['residualMapping']![index]! + evaluationError(8 + 4 * dialect.steps, magnitude);
        judge.atMost(token, output[index]! - expected, bound, 'residualMapping', index, () => `entry − that of the rotation with s = ${s}`);
      });
    });
    return judge.finish();
  },
});

/** [[c, r], [−r, c]] is c − ir as a complex number, S is −is. `magnitude` sums the terms' magnitudes. */
function rotation(s: number, { solver, steps }: CayleyDialect): { c: number; r: number; magnitude: number } {
  if (solver === 'elimination') {
    const t = Math.abs(s) > 1 ? 1 / s : s; // s/(1 + s²) and (1 − s²)/(1 + s²) without squaring a large number
    const c = ((1 - t * t) / (1 + t * t)) * (Math.abs(s) > 1 ? -1 : 1);
    return { c, r: (2 * t) / (1 + t * t), magnitude: 2 };
  }
  let [c, r, magnitude] = [1, 2 * s, 1 + 2 * Math.abs(s)];
  for (let k = 0; k < steps; k++) {
    [c, r] = [1 - s * r, s * (1 + c)];
    magnitude = 1 + Math.abs(s) * (1 + magnitude);
  }
  return { c, r, magnitude };
}
